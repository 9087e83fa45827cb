"""Importing labels in the window: seen at once, taken back, never over what a person decided."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.dialogs.import_labels import ImportDialog
from cnnseg_gui.ui.dialogs.new_project import NewProjectDialog
from cnnseg_gui.ui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
SIZE = 40, 60
CELL = np.s_[5:25, 10:30]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Four pictures of noise."""
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(4):
        values = random.integers(0, 255, (*SIZE, 3), dtype=np.uint8)
        Image.fromarray(values).save(folder / f"{number}.png")
    return folder


def label(folder: Path, *names: str, classes: tuple[str, ...] = ("cell",)) -> None:
    """Writes COCO's list into a folder: in every image a rectangle of the last class."""
    left, top, right, bottom = 10, 5, 30, 25
    outline = [[left, top, right, top, right, bottom, left, bottom]]
    content = {
        "images": [
            {"id": number, "file_name": name, "height": SIZE[0], "width": SIZE[1]}
            for number, name in enumerate(names)
        ],
        "annotations": [
            {
                "id": number + 1,
                "image_id": number,
                "category_id": len(classes),
                "segmentation": outline,
                "bbox": [left, top, right - left, bottom - top],
                "area": (right - left) * (bottom - top),
                "iscrowd": 0,
            }
            for number in range(len(names))
        ],
        "categories": [{"id": 1 + place, "name": name} for place, name in enumerate(classes)],
    }
    (folder / "annotations.json").write_text(json.dumps(content))


@pytest.fixture
def opened(window: MainWindow, qtbot: QtBot, images: Path, tmp_path: Path) -> MainWindow:
    """A project of the first three pictures, the first one shown."""
    project = Project.create(tmp_path / "project", ("background", "cell"))
    project.add_images(probe(images / f"{number}.png") for number in range(3))
    project.close()
    window.workspace.open_project(tmp_path / "project")
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    return window


def dialog_of(window: MainWindow, qtbot: QtBot, path: Path | None = None) -> ImportDialog:
    """Opened with its key; the path typed."""
    QTest.keyClick(window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(ImportDialog)
    assert dialog is not None
    if path is not None:
        dialog.source.setFocus()
        dialog.source.selectAll()
        QTest.keyClicks(dialog.source, str(path))
        QTest.keyClick(dialog.source, Qt.Key.Key_Return)
        looked(dialog, qtbot)
    return dialog


def looked(dialog: ImportDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog.looking.busy, timeout=10_000)


def pick(box: QComboBox, value: str) -> None:
    """With the keyboard, as a person would."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.count()):
        if box.currentData() == value:
            return
        QTest.keyClick(box, Qt.Key.Key_Down)
    raise AssertionError(value)


def run_import(dialog: ImportDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.importing.finished, timeout=10_000):
        qtbot.mouseClick(dialog.start_button, LEFT)


def shown(window: MainWindow) -> Pixels:
    assert window.workspace.document is not None
    return window.workspace.document.mask.to_array()


def stored(window: MainWindow, number: int) -> Pixels:
    assert window.workspace.project is not None
    return window.workspace.project.load_mask(number).to_array()


def paint(window: MainWindow, qtbot: QtBot) -> None:
    """A stroke of class 1 with the mouse, through the middle of the shown image."""
    canvas = window.canvas
    start, end = (canvas.widget_position(ImagePoint(30, x)).toPoint() for x in (20, 50))
    window.set_diameter(6)
    qtbot.mousePress(canvas, LEFT, pos=start)
    qtbot.mouseMove(canvas, end)
    qtbot.mouseRelease(canvas, LEFT, pos=end)


def test_it_says_what_it_would_do_and_does_that_and_undo_takes_it_back(
    opened: MainWindow, qtbot: QtBot, images: Path
) -> None:
    label(images, "0.png", "1.png", "3.png")
    dialog = dialog_of(opened, qtbot, images)
    assert dialog.form.format.currentData() == "coco"
    assert dialog.form.description.text().startswith("Recognised by its files")
    assert "2 of 3 images are in the project, 1 would be added" in dialog.counts.text()
    assert f"{3 * SIZE[0] * SIZE[1]:,} pixels would be set in 3 images" in dialog.counts.text()
    names = [name.text() for name in dialog.preview.names]
    assert names == ["0.png", "1.png", "3.png · new", ""]
    assert not dialog.preview.pictures[0].pixmap().isNull()
    assert (stored(opened, 1) == UNLABELLED).all()
    run_import(dialog, qtbot)
    assert dialog.said.startswith("Imported: 3 images, 1 of them new")
    assert (shown(opened)[CELL] == 1).all()
    assert (stored(opened, 2)[CELL] == 1).all()
    assert [record.name for record in opened.workspace.images()][-1] == "3.png"
    assert opened.actions_by_name["undo"].text() == "Undo Import from COCO"
    document = opened.workspace.document
    assert document is not None
    assert [entry.name for entry in document.history()] == ["Import from COCO"]
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    opened.activateWindow()
    qtbot.waitUntil(opened.isActiveWindow)
    QTest.keyClick(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (shown(opened) == UNLABELLED).all()
    assert (stored(opened, 2)[CELL] == 1).all()


@pytest.mark.parametrize("existing", ["fill", "keep", "replace"])
def test_work_that_is_there_changes_only_when_this_is_chosen(
    opened: MainWindow, qtbot: QtBot, images: Path, existing: str
) -> None:
    paint(opened, qtbot)
    mine = shown(opened)
    label(images, "0.png", "1.png")
    dialog = dialog_of(opened, qtbot, images)
    pick(dialog.form.existing, existing)
    differs = int(np.count_nonzero((mine != UNLABELLED) & (mine != wanted())))
    assert differs
    assert f"{differs:,} pixels" in dialog.warnings.text()
    assert ("replaced" in dialog.warnings.text()) == (existing == "replace")
    assert dialog.start_button.text() == (
        "Import and Replace" if existing == "replace" else "Import"
    )
    run_import(dialog, qtbot)
    if existing == "keep":
        assert np.array_equal(shown(opened), mine)
    elif existing == "fill":
        assert np.array_equal(shown(opened), np.where(mine != UNLABELLED, mine, wanted()))
    else:
        assert np.array_equal(shown(opened), wanted())
    assert np.array_equal(stored(opened, 2), wanted())


def wanted() -> Pixels:
    mask = np.zeros(SIZE, np.uint8)
    mask[CELL] = 1
    return mask


def test_a_class_can_be_new_another_one_or_left_undecided(
    opened: MainWindow, qtbot: QtBot, images: Path
) -> None:
    label(images, "0.png", classes=("Cell", "fibre"))
    dialog = dialog_of(opened, qtbot, images)
    matching = dialog.form.classes
    assert matching.choice("Cell").currentText() == "cell"
    assert matching.choice("fibre").currentText() == "fibre (new)"
    assert "New classes: fibre" in dialog.counts.text()
    pick(matching.choice("background"), "")
    assert "background" not in dialog.counts.text()
    pick(matching.choice("fibre"), "cell")
    assert "New classes" not in dialog.counts.text()
    run_import(dialog, qtbot)
    assert (shown(opened)[CELL] == 1).all()
    assert np.count_nonzero(shown(opened) != UNLABELLED) == 400
    assert [cls.name for cls in opened.workspace.project.classes] == ["background", "cell"]  # type: ignore[union-attr]


def test_a_new_class_is_in_the_list_at_once(opened: MainWindow, qtbot: QtBot, images: Path) -> None:
    label(images, "0.png", classes=("fibre",))
    dialog = dialog_of(opened, qtbot, images)
    run_import(dialog, qtbot)
    project = opened.workspace.project
    assert project is not None
    assert [cls.name for cls in project.classes] == ["background", "cell", "fibre"]
    assert (shown(opened)[CELL] == 2).all()
    assert dialog.form.classes.choice("fibre").currentText() in ("fibre", "fibre (new)")


def test_what_is_refused_is_listed_by_its_name_before_and_after(
    opened: MainWindow, qtbot: QtBot, images: Path
) -> None:
    label(images, "0.png", "../secret.png", "gone.png")
    dialog = dialog_of(opened, qtbot, images)
    for _ in range(2):
        assert "“../secret.png” leads out of the data set" in dialog.warnings.text()
        assert "no image “gone.png”" in dialog.warnings.text()
        if dialog.start_button.isEnabled():
            assert "2 left out" in dialog.counts.text()
            run_import(dialog, qtbot)
    assert "1 image; 2 left out" in dialog.said
    assert (shown(opened)[CELL] == 1).all()


def test_what_looks_like_nothing_can_be_said(
    opened: MainWindow, qtbot: QtBot, images: Path, tmp_path: Path
) -> None:
    label(images, "0.png")
    (images / "annotations.json").rename(tmp_path / "photos" / "mine.json")
    dialog = dialog_of(opened, qtbot, images / "mine.json")
    assert "looks like no data set that is known" in dialog.warnings.text()
    assert not dialog.start_button.isEnabled()
    dialog.form.format.setFocus()
    dialog.form.format.setCurrentIndex(dialog.form.format.findData("coco"))
    dialog.form.format.activated.emit(dialog.form.format.currentIndex())
    looked(dialog, qtbot)
    assert dialog.form.description.text().startswith("As you say")
    run_import(dialog, qtbot)
    assert (shown(opened)[CELL] == 1).all()


def test_an_open_gesture_is_not_disturbed_and_its_pixels_stay(
    opened: MainWindow, qtbot: QtBot, images: Path
) -> None:
    label(images, "0.png")
    dialog = dialog_of(opened, qtbot, images)
    canvas = opened.canvas
    opened.set_diameter(6)
    place = canvas.widget_position(ImagePoint(35, 45)).toPoint()
    qtbot.mousePress(canvas, LEFT, pos=place)
    dialog.start()
    qtbot.wait(250)
    assert dialog.importing.running
    assert (shown(opened)[CELL] == UNLABELLED).all()
    with qtbot.waitSignal(dialog.importing.finished, timeout=10_000):
        qtbot.mouseRelease(canvas, LEFT, pos=place)
    assert (shown(opened)[CELL] == 1).all()
    assert shown(opened)[35, 45] == 1
    assert np.array_equal(stored(opened, 1), shown(opened))
    document = opened.workspace.document
    assert document is not None
    assert [entry.name for entry in document.history()] == ["Brush stroke", "Import from COCO"]


def test_cancel_keeps_what_is_in_and_says_so(
    opened: MainWindow, qtbot: QtBot, images: Path
) -> None:
    label(images, "0.png", "1.png", "2.png", "3.png")
    dialog = dialog_of(opened, qtbot, images)

    def stop(done: int, of: int) -> None:
        if done == 2:
            dialog.reject()

    dialog.importing.progressed.connect(stop)
    run_import(dialog, qtbot)
    assert dialog.said.startswith("Cancelled; what was in stays: 2 images")
    assert (stored(opened, 2)[CELL] == 1).all()
    assert (stored(opened, 3) == UNLABELLED).all()
    assert dialog.isVisible()


def test_closing_the_project_ends_an_import(opened: MainWindow, qtbot: QtBot, images: Path) -> None:
    label(images, "0.png", "1.png", "2.png", "3.png")
    dialog = dialog_of(opened, qtbot, images)
    dialog.start()
    with qtbot.waitSignal(dialog.destroyed, timeout=5000):
        opened.workspace.close_project()


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(5, 5), action, data, button, keys))


def test_a_dropped_folder_with_labels_offers_to_import_them(
    opened: MainWindow, qtbot: QtBot, images: Path
) -> None:
    label(images, "0.png", "3.png")
    drop(opened, images)
    qtbot.waitUntil(lambda: opened.banner.text == "“photos” holds labels (COCO).")
    qtbot.waitUntil(lambda: len(opened.workspace.images()) == 4)
    qtbot.mouseClick(opened.banner.offer, LEFT)
    assert opened.banner.text == ""
    dialog = opened.findChild(ImportDialog)
    assert dialog is not None
    looked(dialog, qtbot)
    run_import(dialog, qtbot)
    assert (stored(opened, 4)[CELL] == 1).all()


def test_a_folder_of_images_alone_offers_nothing(
    opened: MainWindow, qtbot: QtBot, images: Path
) -> None:
    drop(opened, images)
    qtbot.waitUntil(lambda: len(opened.workspace.images()) == 4)
    qtbot.wait(100)
    assert opened.banner.text == ""


def test_a_data_set_without_a_project_makes_one_with_its_classes_and_is_imported_next(
    window: MainWindow, qtbot: QtBot, images: Path, tmp_path: Path
) -> None:
    data = tmp_path / "set"
    (data / "masks").mkdir(parents=True)
    images.rename(data / "images")
    for number in range(4):
        Image.fromarray(wanted()).save(data / "masks" / f"{number}.png")
    (data / "classes.json").write_text(
        json.dumps({"classes": [{"index": 0, "name": "ground"}, {"index": 1, "name": "nucleus"}]})
    )
    drop(window, data)
    qtbot.waitUntil(lambda: window.findChild(NewProjectDialog) is not None)
    project = window.findChild(NewProjectDialog)
    assert project is not None
    assert "imported next" in project.intro.text()
    qtbot.mouseClick(project.create_button, LEFT)
    dialog = window.findChild(ImportDialog)
    assert dialog is not None
    looked(dialog, qtbot)
    run_import(dialog, qtbot)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    assert len(window.workspace.images()) == 4
    assert np.array_equal(shown(window), wanted())


def test_a_small_dialog_shows_every_control_by_scrolling(
    opened: MainWindow, qtbot: QtBot, images: Path
) -> None:
    label(images, "0.png", classes=tuple(f"class {number}" for number in range(40)))
    dialog = dialog_of(opened, qtbot, images)
    dialog.resize(dialog.minimumSizeHint())
    QApplication.processEvents()
    assert dialog.height() < 480
    assert dialog.start_button.geometry().bottom() <= dialog.height()


def test_without_a_project_there_is_nothing_to_import_into(window: MainWindow) -> None:
    assert not window.actions_by_name["import_labels"].isEnabled()
    assert not window.findChildren(ImportDialog)
