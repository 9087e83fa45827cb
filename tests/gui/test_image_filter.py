"""The image list shows what is looked for, and where it is tagged."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import APPROVED
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.panels.image_menu import image_menu
from cnnseg_gui.ui.panels.image_model import RECORD


def shown(window: MainWindow) -> list[int]:
    model = window.images_panel.list.model()
    return [model.index(row, 0).data(RECORD).id for row in range(model.rowCount())]


def test_typing_shows_images_by_name_and_tag(open_sample: MainWindow, qtbot: QtBot) -> None:
    window, panel = open_sample, open_sample.images_panel
    window.workspace.add_tag(3, "Bed of cells")
    window.workspace.add_tag(4, "blurred")
    panel.search.setFocus()
    before = window.canvas.view_transform
    qtbot.keyClicks(panel.search, "bed")  # B, E and D are keys of the window
    assert shown(window) == [3]
    assert window.canvas.view_transform == before
    assert window.workspace.document is not None
    assert window.workspace.document.record.id == 1
    assert panel.count_text.startswith("1 of 12 images")
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert len(shown(window)) == 12
    panel.search.setText("136000")
    assert shown(window) == [2]
    panel.search.setText("tag:136000")
    assert shown(window) == []
    panel.search.setText("BLUR png")
    assert shown(window) == [4]


def test_a_status_narrows_the_list_and_a_changed_image_leaves_it(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, panel = open_sample, open_sample.images_panel
    project = window.workspace.project
    assert project is not None
    project.set_status(5, APPROVED)
    window.workspace.image_changed.emit(5)
    panel.status.setCurrentIndex(panel.status.findData(APPROVED))
    assert shown(window) == [5]
    panel.status.setCurrentIndex(panel.status.findData("new"))
    assert 5 not in shown(window)
    panel.search.setText("tag:odd")
    assert shown(window) == []
    window.workspace.add_tag(7, "odd")
    assert shown(window) == [7], "what is tagged now appears"


def test_a_filtered_row_opens_its_own_image(open_sample: MainWindow, qtbot: QtBot) -> None:
    window, panel = open_sample, open_sample.images_panel
    for number in (4, 9):
        window.workspace.add_tag(number, "mine")
    panel.search.setText("mine")
    index = panel.list.model().index(1, 0)
    qtbot.mouseClick(
        panel.list.viewport(), Qt.MouseButton.LeftButton, pos=panel.list.visualRect(index).center()
    )
    qtbot.waitUntil(
        lambda: window.workspace.document is not None and window.workspace.document.record.id == 9
    )


def test_the_menu_of_an_image_tags_it(open_sample: MainWindow, qtbot: QtBot) -> None:
    window = open_sample
    project = window.workspace.project
    assert project is not None
    window.workspace.add_tag(1, "seen")
    menu = image_menu(project.image(2), list(project.tags.counts()), window.workspace)
    qtbot.addWidget(menu)
    (action,) = [a for a in menu.actions() if a.text() == "seen"]
    assert not action.isChecked()
    action.trigger()
    assert project.tags.of(2) == ("seen",)
    action.trigger()
    assert project.tags.of(2) == ()
    (field,) = menu.findChildren(QLineEdit)
    qtbot.keyClicks(field, "new one")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert project.tags.of(2) == ("new one",)
