"""A mask stays with its content: names in any script, files that were changed or replaced."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from moving import Make, nearby, paint, painted_pixels, projects, save
from PIL import Image

from cnnseg_gui.core.attached import ChangedImage, MissingImage, read_attached
from cnnseg_gui.core.contradictions import Dismissed
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_doubts import ImageDoubt
from cnnseg_gui.core.image_table import APPROVED, FORMER, IN_WORK, probe
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.relink import Relinked, relink

WHEN = datetime(2026, 11, 23, 14, 5, 12)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with projects(tmp_path) as build:
        yield build


NAMES = [
    "صورة ١.png",
    "細胞.png",
    "🧫🔬.png",
    "ö.png",
    unicodedata.normalize("NFD", "Größe é.png"),
    "cells.png ",
    "cells. .png",
    "-rf.png",
    "a'b\"c%_?*.png",
    "cell" * 50 + ".png",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_script_are_kept_found_and_set_aside(
    make: Make, tmp_path: Path, name: str
) -> None:
    if sys.platform == "win32" and (name[-1] in " ." or set(name) & set('"?*')):
        pytest.skip("Windows has no such names")
    project = make(f"scans/{name}")
    assert project.image(1).path == tmp_path / "scans" / name
    (tmp_path / "scans" / name).rename(tmp_path / "other.png")
    assert nearby(project, 1) == {1: tmp_path / "other.png"}
    (tmp_path / "other.png").rename(tmp_path / "scans" / name)
    number = project.files.replace(1, probe(save(tmp_path / "scans" / name, 50)), when=WHEN)
    assert project.image(number).path == tmp_path / "scans" / name
    assert "(former 2026-11-23 14.05.12)" in project.image(1).name
    assert len(project.image(1).name.encode()) < 200


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_name_that_is_no_text_is_refused_by_name_and_the_others_come(
    make: Make, tmp_path: Path
) -> None:
    project = make("scans/a.png")
    odd = tmp_path / "scans" / os.fsdecode(b"caf\xe9.png")
    save(tmp_path / "scans/b.png", 3).rename(odd)
    with pytest.raises(UserError, match="not valid text") as caught:
        probe(odd)
    str(caught.value).encode()  # can be shown
    (tmp_path / "scans/a.png").replace(odd)
    assert nearby(project, 1) == {}


# ---------------------------------------------------------------------- changed


def test_the_same_picture_saved_again_keeps_its_mask(make: Make, tmp_path: Path) -> None:
    project = make("a.png")
    project.set_status(1, APPROVED)
    path = tmp_path / "a.png"
    with Image.open(path) as image:
        again = image.copy()
    again.save(path, compress_level=0)
    with pytest.raises(ChangedImage):
        read_attached(path, project.image(1).sha256)
    project.files.adopt(1, probe(path))
    record = project.image(1)
    read_attached(path, record.sha256)
    assert (record.status, painted_pixels(project, 1)) == (APPROVED, 30)
    assert project.undo_name(1) == "Stroke"


def test_a_picture_of_another_size_never_gets_the_mask(make: Make, tmp_path: Path) -> None:
    project = make("a.png")
    save(tmp_path / "a.png", 0, (31, 40))
    with pytest.raises(UserError, match="measures 40 × 31 pixels and the mask 40 × 30"):
        project.files.adopt(1, probe(tmp_path / "a.png"))
    assert project.image(1).height == 30


def test_what_is_set_aside_keeps_mask_history_and_tags_and_is_no_longer_listed(
    make: Make, tmp_path: Path
) -> None:
    project = make("a.png", "b.png")
    project.tags.add(1, "good")
    facts = probe(save(tmp_path / "a.png", 9, (50, 60)))
    number = project.files.replace(1, facts, when=WHEN)
    assert [record.id for record in project.images()] == [2, number]
    new = project.image(number)
    assert (new.path, new.height, new.width) == (tmp_path / "a.png", 50, 60)
    assert (painted_pixels(project, number), new.tags, new.status) == (0, (), "new")
    former = project.image(1)
    assert former.status == FORMER
    assert former.name == "a (former 2026-11-23 14.05.12).png"
    assert (painted_pixels(project, 1), former.tags) == (30, ("good",))
    mask = project.load_mask(1)
    assert project.undo(mask) is not None
    assert (mask.to_array() == UNLABELLED).all()
    assert [record.id for record in project.neighbours(2)] == [number]


def test_a_picture_that_comes_back_gets_its_own_mask_again(make: Make, tmp_path: Path) -> None:
    project = make("a.png")
    path = tmp_path / "a.png"
    first = path.read_bytes()
    second = project.files.replace(1, probe(save(path, 9)), when=WHEN)
    paint(project, second, 0)
    path.write_bytes(first)
    assert project.files.replace(second, probe(path), when=WHEN) == 1
    assert project.image(1).path == path
    assert [record.id for record in project.images()] == [1]
    assert project.image(second).name == "a (former 2026-11-23 14.05.12 2).png"
    assert (project.load_mask(1).to_array()[3, 4], painted_pixels(project, second)) == (1, 30)


def test_a_former_image_is_found_again_in_a_folder_and_listed_again(
    make: Make, tmp_path: Path
) -> None:
    project = make("a.png")
    shutil.copy(tmp_path / "a.png", tmp_path / "backup.png")
    number = project.files.replace(1, probe(save(tmp_path / "a.png", 9)), when=WHEN)
    assert relink(project, [tmp_path]) == Relinked({1: tmp_path / "backup.png"}, ())
    assert [record.id for record in project.images()] == [1, number]
    assert project.image(1).status == IN_WORK


def test_two_images_of_one_stem_are_set_aside_beside_each_other(make: Make, tmp_path: Path) -> None:
    project = make("x/a.png", "x/a.tif", "y/a.png")
    for number in (1, 2, 3):
        path = project.image(number).path
        project.files.replace(number, probe(save(path, 40 + number)), when=WHEN)
    names = [project.files.get(number).path for number in (1, 2, 3)]
    assert len(set(names)) == 3
    assert all(painted_pixels(project, number) == 30 for number in (1, 2, 3))


def test_an_image_without_work_makes_room_with_all_that_is_kept_of_it(
    make: Make, tmp_path: Path
) -> None:
    project = make("old/a.png")
    (tmp_path / "new").mkdir()
    moved = (tmp_path / "old/a.png").rename(tmp_path / "new/a.png")
    (second,) = project.add_images([probe(moved)])  # the same picture, not yet known as such
    project.doubts.note([ImageDoubt(second, "a revision", 0.1, None, 1.0)])
    project.doubts.dismiss(second, Dismissed(Rect(0, 0, 5, 5), 0, 1))
    project.files.move({1: moved})
    assert project.image(1).path == moved
    assert [record.id for record in project.images()] == [1]
    assert painted_pixels(project, 1) == 30
    assert project.doubts.dismissed(second) == []
    assert project.doubts.out_of_date("another revision", most=9) == [1]


def test_a_missing_image_says_which_and_what_to_do(make: Make, tmp_path: Path) -> None:
    project = make("a.png")
    (tmp_path / "a.png").unlink()
    with pytest.raises(MissingImage, match="not there any more") as caught:
        read_attached(project.image(1).path, project.image(1).sha256)
    assert caught.value.path == str(tmp_path / "a.png")
