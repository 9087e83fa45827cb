"""Lists of thousands of images: what is shown is right, and nothing waits for all of them."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import APPROVED, ImageFacts, probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.dialogs.new_project import NewProjectDialog
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.image_model import RECORD

COUNT = 3000
SHOWN_FIRST = 1500


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A project of 3,000 images, two of which have files; the one in the middle was open last."""
    project = Project.create(tmp_path / "project", ("background", "cell"))
    facts = []
    for number in range(1, COUNT + 1):
        path = tmp_path / "images" / f"scan {number}.png"
        facts.append(ImageFacts(path, f"{number:064x}", 20, 30))
    facts[0].path.parent.mkdir()
    for number in (SHOWN_FIRST, SHOWN_FIRST + 1):
        save(facts[number - 1].path, number % 200)
        facts[number - 1] = probe(facts[number - 1].path)
    project.add_images(facts)
    project.set_setting("last_image", str(SHOWN_FIRST))
    project.close()
    return tmp_path / "project"


@pytest.fixture
def open_many(window: MainWindow, many: Path, qtbot: QtBot) -> MainWindow:
    window.workspace.open_project(many)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    qtbot.waitUntil(lambda: window.images_panel.count_text.startswith("3000 images"))
    return window


def save(path: Path, grey: int) -> None:
    Image.fromarray(np.full((20, 30, 3), grey, np.uint8)).save(path)


def names(window: MainWindow) -> list[str]:
    model = window.images_panel.list.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def chosen(window: MainWindow) -> str:
    return str(window.images_panel.list.currentIndex().data())


# ---------------------------------------------------------------------- an existing project


def test_all_are_listed_in_order_and_the_one_last_open_is_chosen(open_many: MainWindow) -> None:
    assert names(open_many) == [f"scan {number}.png" for number in range(1, COUNT + 1)]
    assert chosen(open_many) == f"scan {SHOWN_FIRST}.png"
    panel = open_many.images_panel.list
    place = panel.visualRect(panel.currentIndex())
    assert panel.viewport().rect().contains(place)


def test_the_first_rows_are_there_at_once(window: MainWindow, many: Path) -> None:
    window.workspace.open_project(many)
    assert window.images_panel.list.model().rowCount() > 100


def test_only_rows_that_are_shown_are_looked_up(
    window: MainWindow, many: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[int] = set()
    image = Project.image

    def asking(project: Project, image_id: int) -> object:
        asked.add(image_id)
        return image(project, image_id)

    monkeypatch.setattr(Project, "image", asking)
    window.workspace.open_project(many)
    qtbot.waitUntil(lambda: window.images_panel.count_text.startswith("3000 images"))
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    qtbot.wait(50)
    assert SHOWN_FIRST in asked
    assert len(asked) < 60


def test_opening_painting_stepping_and_approving_never_read_every_image(
    window: MainWindow, many: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Project) -> list[object]:
        raise AssertionError("all images were read")

    monkeypatch.setattr(Project, "images", refuse)
    workspace = window.workspace
    workspace.open_project(many)
    qtbot.waitUntil(lambda: workspace.document is not None)
    at = window.canvas.widget_position(ImagePoint(10, 10)).toPoint()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=at)
    qtbot.wait(250)  # what there is to learn from is counted a little later
    assert window.fine_tuning.training_set().images == 1
    workspace.approve()
    qtbot.waitUntil(lambda: chosen(window) == f"scan {SHOWN_FIRST + 1}.png")
    workspace.step(-1)
    qtbot.waitUntil(lambda: chosen(window) == f"scan {SHOWN_FIRST}.png")
    project = workspace.project
    assert project is not None
    assert project.image(SHOWN_FIRST).status == APPROVED
    workspace.close_project()
    assert (many / "masks" / f"scan {SHOWN_FIRST}.png").is_file()


def test_steps_stop_at_the_ends_of_the_list(many: Path) -> None:
    listing = Project.open(many).listing
    assert listing.beside(7, 1) == 8
    assert listing.beside(7, -1) == 6
    assert listing.beside(7, -100) == 1
    assert listing.beside(COUNT - 1, 5) == COUNT
    assert listing.beside(1, -1) is None
    assert listing.beside(COUNT, 1) is None


def test_searching_shows_all_that_match_in_order_and_esc_comes_back(
    open_many: MainWindow, qtbot: QtBot
) -> None:
    panel = open_many.images_panel
    open_many.workspace.add_tag(2977, "Odd one")
    panel.search.setText("77")
    expected = [f"scan {n}.png" for n in range(1, COUNT + 1) if "77" in str(n)]
    qtbot.waitUntil(lambda: names(open_many) == expected)
    assert panel.count_text.startswith(f"{len(expected)} of 3000 images")
    panel.search.setText("odd tag:one")
    qtbot.waitUntil(lambda: names(open_many) == ["scan 2977.png"])
    panel.search.setFocus()
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(names(open_many)) == COUNT)
    assert chosen(open_many) == f"scan {SHOWN_FIRST}.png"


def test_an_image_appears_in_its_place_when_it_comes_to_match(
    open_many: MainWindow, qtbot: QtBot
) -> None:
    panel, project = open_many.images_panel, open_many.workspace.project
    assert project is not None
    panel.status.setCurrentIndex(panel.status.findData(APPROVED))
    qtbot.waitUntil(lambda: panel.complete)
    assert panel.count_text.startswith("0 of 3000 images")
    for number in (2500, 3, 1700):
        project.set_status(number, APPROVED)
        open_many.workspace.image_changed.emit(number)
    assert names(open_many) == ["scan 3.png", "scan 1700.png", "scan 2500.png"]
    assert panel.count_text.endswith("3 approved")
    project.set_status(1700, "new")
    open_many.workspace.image_changed.emit(1700)
    assert names(open_many) == ["scan 3.png", "scan 2500.png"]


def test_the_list_is_walked_by_keys_and_chosen_from_by_mouse(
    open_many: MainWindow, qtbot: QtBot
) -> None:
    panel = open_many.images_panel.list
    panel.setFocus()
    qtbot.keyClick(panel, Qt.Key.Key_Home)
    assert chosen(open_many) == "scan 1.png"
    assert panel.verticalScrollBar().value() == 0
    qtbot.keyClick(panel, Qt.Key.Key_End)
    assert chosen(open_many) == f"scan {COUNT}.png"
    qtbot.keyClick(panel, Qt.Key.Key_PageUp)
    page = COUNT - panel.currentIndex().row() - 1
    assert page == panel.viewport().height() // panel.visualRect(panel.currentIndex()).height()
    below = panel.model().index(SHOWN_FIRST, 0)
    panel.scrollTo(below)
    place = panel.visualRect(below).center()
    assert panel.indexAt(place) == below
    qtbot.mouseClick(panel.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(
        lambda: (
            open_many.workspace.document is not None
            and open_many.workspace.document.record.id == SHOWN_FIRST + 1
        )
    )


def test_below_the_last_row_there_is_nothing(open_sample: MainWindow) -> None:
    panel = open_sample.images_panel.list
    panel.window().resize(1200, 4000)
    assert not panel.indexAt(QPoint(10, panel.viewport().height() - 1)).isValid()


# ---------------------------------------------------------------------- a new folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """250 images, of which the 101st is broken."""
    made = tmp_path / "scans"
    made.mkdir()
    for number in range(1, 251):
        save(made / f"s{number}.png", number)
    (made / "s101.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return made


def ended(window: MainWindow) -> bool:
    return not window.workspace.adding.running


def test_names_come_first_and_every_readable_file_becomes_an_image_in_order(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, folder: Path
) -> None:
    window.workspace.create_project(tmp_path / "project", ("background", "cell"))
    window.workspace.add_images([folder])
    model = window.images_panel.list.model()
    qtbot.waitUntil(lambda: model.rowCount() > 0)
    expected = [f"s{number}.png" for number in range(1, 251)]
    assert names(window) == expected
    last = model.index(249, 0)
    assert last.data(RECORD) is None
    assert not last.flags() & Qt.ItemFlag.ItemIsEnabled
    assert window.images_panel.adding.isVisible()
    assert "250 images" in window.images_panel.adding.said.text()
    qtbot.waitUntil(lambda: ended(window), timeout=20_000)
    expected.remove("s101.png")
    assert names(window) == expected
    assert [record.name for record in window.workspace.images()] == expected
    assert model.index(248, 0).data(RECORD).name == "s250.png"
    assert "s101.png" in " ".join(window.banner.messages)
    assert not window.images_panel.adding.isVisible()
    assert window.images_panel.count_text.startswith("249 images")
    document = window.workspace.document
    assert document is not None
    assert document.record.name == "s1.png"


def test_a_new_project_can_be_named_while_its_images_are_counted(
    window: MainWindow, qtbot: QtBot, folder: Path
) -> None:
    window.opening.open_paths([folder])
    dialog = window.findChild(NewProjectDialog)
    assert dialog is not None
    assert dialog.create_button.isEnabled()
    qtbot.waitUntil(lambda: dialog.intro.text().startswith("250 images found"))
    dialog.reject()


def test_cancel_keeps_what_is_added_and_adds_no_more(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, folder: Path
) -> None:
    window.workspace.create_project(tmp_path / "project", ("background", "cell"))
    window.workspace.add_images([folder])
    qtbot.waitUntil(lambda: bool(window.workspace.images()))
    qtbot.mouseClick(window.images_panel.adding.cancel, Qt.MouseButton.LeftButton)
    assert ended(window)
    kept = [record.name for record in window.workspace.images()]
    assert 0 < len(kept) < 249
    qtbot.wait(300)
    assert [record.name for record in window.workspace.images()] == kept
    assert names(window) == kept
    window.workspace.add_images([folder])  # the rest can be added later
    qtbot.waitUntil(lambda: ended(window), timeout=20_000)
    assert len(window.workspace.images()) == 249
    assert names(window)[: len(kept)] == kept


def test_a_folder_that_was_added_already_adds_nothing(
    open_many: MainWindow, qtbot: QtBot, many: Path
) -> None:
    open_many.workspace.add_images([many.parent / "images"])
    qtbot.waitUntil(lambda: ended(open_many))
    assert len(names(open_many)) == COUNT
    assert not open_many.banner.messages


def test_files_that_cannot_be_read_are_counted_where_there_are_many(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for number in range(30):
        (broken / f"{number}.png").write_bytes(b"no image")
    window.workspace.create_project(tmp_path / "project", ("background", "cell"))
    window.workspace.add_images([broken])
    qtbot.waitUntil(lambda: ended(window), timeout=20_000)
    assert len(window.banner.messages) == 21
    assert "10 more files could not be read" in window.banner.messages[-1]
    assert names(window) == []


def test_the_window_closes_at_once_while_images_are_added(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, folder: Path
) -> None:
    window.workspace.create_project(tmp_path / "project", ("background", "cell"))
    window.workspace.add_images([folder])
    qtbot.waitUntil(lambda: bool(window.workspace.images()))
    began = time.monotonic()
    window.close()
    assert time.monotonic() - began < 1
    project = Project.open(tmp_path / "project")
    assert [image.name for image in project.images()][:2] == ["s1.png", "s2.png"]
    project.close()
