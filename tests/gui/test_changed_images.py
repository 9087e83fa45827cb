"""Image files that were replaced or edited: asked about, never mixed up with what was painted."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.dialogs.changed_image import ChangedImageDialog
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.thumbnails import Thumbnails

from .scans import asked, choose, go, image, listed, open_scans, paint, save, shown
from .test_painting import LEFT, drag, mask_of


@pytest.fixture
def scans(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """See `open_scans`."""
    return open_scans(window, qtbot, tmp_path)


def test_a_file_of_another_size_begins_empty_and_the_mask_is_set_aside(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    go(scans, qtbot, 2)
    before = mask_of(scans)
    go(scans, qtbot, 1)
    save(tmp_path / "scans/b.png", 50, (70, 50))
    scans.workspace.open_image(2)
    question = asked(scans, qtbot)
    assert shown(scans) == 1
    assert not question.same.isVisible()
    assert not question.former.isVisible()
    assert not question.go_on.isEnabled()
    choose(qtbot, question.other)
    qtbot.mouseClick(question.go_on, LEFT)
    qtbot.waitUntil(lambda: shown(scans) == 5)
    assert mask_of(scans).shape == (50, 70)
    assert (mask_of(scans) == UNLABELLED).all()
    assert listed(scans) == ["a.png", "c.png", "d.png", "b.png"]
    masks = tmp_path / "work/project/masks"
    pattern = re.compile(r"b \(former \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\)\.png")
    qtbot.waitUntil(lambda: any(pattern.fullmatch(path.name) for path in masks.iterdir()))
    (aside,) = [path for path in masks.iterdir() if pattern.fullmatch(path.name)]
    qtbot.waitUntil(lambda: np.array_equal(read_mask(aside), before))
    assert not (masks / "b.png").exists()
    project = scans.workspace.project
    assert project is not None
    assert np.array_equal(project.load_mask(2).to_array(), before)
    assert project.undo_name(2) is not None
    assert project.undo_name(5) is None


def test_a_picture_saved_again_keeps_its_mask_once_the_person_says_so(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "scans/b.png"
    with Image.open(path) as picture:
        again = picture.copy()
    again.save(path, compress_level=0)
    scans.workspace.open_image(2)
    question = asked(scans, qtbot)
    choose(qtbot, question.same)
    qtbot.mouseClick(question.go_on, LEFT)
    qtbot.waitUntil(lambda: shown(scans) == 2)
    assert (mask_of(scans) == 1).any()
    assert image(scans, 2).sha256 == probe(path).sha256
    assert listed(scans) == ["a.png", "b.png", "c.png", "d.png"]


def test_left_for_now_nothing_changes_and_it_is_asked_again(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    before = image(scans, 2)
    save(tmp_path / "scans/b.png", 50)
    for _ in range(2):
        scans.workspace.open_image(2)
        question = asked(scans, qtbot)
        qtbot.mouseClick(question.later, LEFT)
        qtbot.waitUntil(lambda: not scans.findChildren(ChangedImageDialog))
    assert image(scans, 2) == before
    assert shown(scans) == 1


def test_the_former_picture_found_under_another_name_is_offered_first(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "scans/b.png").rename(tmp_path / "scans/b original.png")
    save(tmp_path / "scans/b.png", 50)
    scans.workspace.open_image(2)
    question = asked(scans, qtbot)
    assert question.former.isVisible()
    assert question.former.isChecked()
    qtbot.mouseClick(question.go_on, LEFT)
    qtbot.waitUntil(lambda: shown(scans) == 2)
    assert image(scans, 2).name == "b original.png"
    assert (mask_of(scans) == 1).any()


def test_two_images_that_exchanged_their_names_get_their_own_masks(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    masks = {}
    for number in (2, 3):
        go(scans, qtbot, number)
        drag(qtbot, scans, ImagePoint(5 * number, 5), ImagePoint(5 * number, 70))
        masks[number] = mask_of(scans)
    go(scans, qtbot, 1)
    b, c, aside = (tmp_path / "scans" / f"{name}.png" for name in ("b", "c", "x"))
    b.rename(aside), c.rename(b), aside.rename(c)
    scans.workspace.open_image(2)
    question = asked(scans, qtbot)
    qtbot.mouseClick(question.go_on, LEFT)
    qtbot.waitUntil(lambda: shown(scans) == 2)
    assert image(scans, 2).path == c
    assert image(scans, 3).path == b
    assert np.array_equal(mask_of(scans), masks[2])
    go(scans, qtbot, 3)
    assert np.array_equal(mask_of(scans), masks[3])


def test_a_changed_image_that_nobody_painted_on_is_taken_as_it_is(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    save(tmp_path / "scans/d.png", 50, (33, 44))
    scans.workspace.open_image(4)
    qtbot.waitUntil(lambda: shown(scans) == 4)
    assert mask_of(scans).shape == (44, 33)
    assert "Nothing was painted on it" in scans.banner.text


def test_a_file_that_changes_while_it_is_shown_is_asked_about_when_one_comes_back(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    go(scans, qtbot, 2)
    painted = mask_of(scans)
    path = tmp_path / "scans/b.png"
    before = path.stat()
    with Image.open(path) as picture:
        mirrored = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    mirrored.save(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    paint(scans, qtbot)  # on what is shown, which is the former one
    go(scans, qtbot, 1)
    scans.workspace.open_image(2)
    question = asked(scans, qtbot)
    assert shown(scans) == 1
    choose(qtbot, question.other)
    qtbot.mouseClick(question.go_on, LEFT)
    qtbot.waitUntil(lambda: shown(scans) == 5)
    assert (mask_of(scans) == UNLABELLED).all()
    project = scans.workspace.project
    assert project is not None
    kept = project.load_mask(2).to_array()
    assert (kept[painted != UNLABELLED] == 1).all()


def test_a_file_that_is_cut_short_is_one_line_and_nothing_is_asked(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "scans/b.png"
    path.write_bytes(path.read_bytes()[:500])
    scans.workspace.open_image(2)
    qtbot.waitUntil(lambda: "b.png" in scans.banner.text)
    assert not scans.findChildren(ChangedImageDialog)
    assert scans.banner.offer.isVisible()
    assert (image(scans, 2).decided.get(1, 0)) > 0


def test_the_list_never_shows_another_picture_in_an_images_place(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "scans/b.png"
    former = path.read_bytes()
    save(path, 50)
    pictures = Thumbnails(scans)
    qtbot.waitUntil(lambda: pictures.of(image(scans, 2)) is not None)
    picture = pictures.of(image(scans, 2))
    assert picture is not None
    assert picture.isNull()
    path.write_bytes(former)
    pictures.try_again()
    qtbot.waitUntil(lambda: pictures.of(image(scans, 2)) is not None)
    picture = pictures.of(image(scans, 2))
    assert picture is not None
    assert not picture.isNull()
    pictures.rest()


def test_a_project_whose_last_image_was_replaced_opens_with_the_question(
    scans: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    go(scans, qtbot, 3)
    scans.workspace.close_project()
    save(tmp_path / "scans/c.png", 50)
    scans.workspace.open_project(tmp_path / "work/project")
    question = asked(scans, qtbot)
    assert shown(scans) is None
    choose(qtbot, question.other)
    qtbot.mouseClick(question.go_on, LEFT)
    qtbot.waitUntil(lambda: shown(scans) == 5)
    assert (mask_of(scans) == UNLABELLED).all()
