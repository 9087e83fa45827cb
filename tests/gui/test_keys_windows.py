"""F1's sheet and the dialog in which keys are changed, with real key events."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.ui.keys.dialog import KeyboardDialog
from cnnseg_gui.ui.keys.sheet import KeySheet
from cnnseg_gui.ui.keys.spec import native
from cnnseg_gui.ui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def sheet(window: MainWindow, qtbot: QtBot) -> KeySheet:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_F1)
    shown = window.keyboard.windows.sheet
    assert shown is not None
    assert shown.isVisible()
    return shown


@pytest.fixture
def dialog(window: MainWindow, qtbot: QtBot) -> KeyboardDialog:
    window.actions_by_name["keyboard"].trigger()
    shown = window.keyboard.windows.dialog
    assert shown is not None
    qtbot.waitExposed(shown)
    return shown


def click_row(qtbot: QtBot, dialog: KeyboardDialog, label: str) -> None:
    (row,) = dialog.table.findItems(
        label, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive, 0
    )
    dialog.table.scrollToItem(row)
    place = dialog.table.visualItemRect(row).center()
    qtbot.mouseClick(dialog.table.viewport(), LEFT, pos=place)
    qtbot.waitUntil(dialog.field.hasFocus)


def row_text(dialog: KeyboardDialog, label: str) -> str:
    (row,) = dialog.table.findItems(
        label, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive, 0
    )
    return row.text(1)


def test_f1_shows_every_key_of_the_moment_and_every_gesture(
    window: MainWindow, sheet: KeySheet
) -> None:
    text = sheet.page.toPlainText()
    bindings = window.actions_by_name.bindings
    for spec in window.actions_by_name.live():
        for key in bindings.keys(spec.name):
            assert spec.label.rstrip("…") in text
            assert native(key) in text
    for gesture in ("Wheel", "Alt + wheel", "Shift + click", "Hold Space and drag", "Hold Tab"):
        assert gesture in text
    assert not sheet.isModal()


def test_the_sheet_follows_another_profile_at_once(window: MainWindow, sheet: KeySheet) -> None:
    assert "Shift+3" not in sheet.page.toPlainText()
    window.actions_by_name.bindings.set_profile("CVAT")
    assert "Shift+3" in sheet.page.toPlainText()
    assert sheet.profile.text() == "Profile: CVAT"
    window.actions_by_name.bindings.bind("pan", ["H"])
    assert "Hold H and drag" in sheet.page.toPlainText()


def test_seeking_keeps_the_rows_that_are_meant(sheet: KeySheet, qtbot: QtBot) -> None:
    qtbot.keyClicks(sheet.search, "undo ctrl")
    assert sheet.text() == "Edit\n  Undo  Ctrl+Z\n"
    sheet.search.clear()
    qtbot.keyClicks(sheet.search, "no such thing")
    assert "Nothing found" in sheet.page.toPlainText()


def test_a_wide_sheet_has_more_columns_than_a_narrow_one(sheet: KeySheet) -> None:
    heights = []
    for width in (420, 1200):
        sheet.resize(width, 600)
        QApplication.processEvents()
        heights.append(sheet.page.document().size().height())
        assert sheet.page.horizontalScrollBar().maximum() == 0
    assert heights[1] < heights[0] / 2


def test_the_sheet_is_copied_as_text(sheet: KeySheet, qtbot: QtBot) -> None:
    qtbot.mouseClick(sheet.copy, LEFT)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert "Tools" in lines
    assert any(line.split() == ["Brush", "B"] for line in lines)


def test_the_sheet_is_printed(sheet: KeySheet, tmp_path: Path) -> None:
    printer = QPrinter()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "keys.pdf"))
    sheet.print_on(printer)
    assert (tmp_path / "keys.pdf").read_bytes().startswith(b"%PDF")


def test_a_row_is_clicked_and_the_next_key_is_its_key(
    window: MainWindow, dialog: KeyboardDialog, qtbot: QtBot
) -> None:
    click_row(qtbot, dialog, "Lasso")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Q)
    assert row_text(dialog, "Lasso") == "Q (changed)"
    assert window.actions_by_name["lasso"].shortcut().toString() == "Q"
    qtbot.mouseClick(dialog.reset, LEFT)
    assert row_text(dialog, "Lasso") == "L"


def test_a_key_that_is_taken_is_said_at_once_and_can_be_taken_or_left(
    window: MainWindow, dialog: KeyboardDialog, qtbot: QtBot
) -> None:
    click_row(qtbot, dialog, "Lasso")
    qtbot.keyClick(dialog.field, Qt.Key.Key_B)
    assert dialog.question.isVisible()
    assert dialog.question.text() == "B is the key of “Brush”. Take it for “Lasso”?"
    qtbot.mouseClick(dialog.leave, LEFT)
    assert not dialog.question.isVisible()
    assert row_text(dialog, "Lasso") == "L"
    click_row(qtbot, dialog, "Lasso")
    qtbot.keyClick(dialog.field, Qt.Key.Key_B)
    qtbot.keyClick(dialog.take, Qt.Key.Key_Space)
    assert row_text(dialog, "Lasso") == "B (changed)"
    assert row_text(dialog, "Brush") == " (changed)"
    assert window.actions_by_name["brush"].shortcut().isEmpty()


def test_a_key_that_opens_a_menu_is_refused_with_the_reason(
    dialog: KeyboardDialog, qtbot: QtBot
) -> None:
    click_row(qtbot, dialog, "Lasso")
    qtbot.keyClick(dialog.field, Qt.Key.Key_F, Qt.KeyboardModifier.AltModifier)
    assert dialog.prompt.text() == "Alt+F cannot be chosen: Alt with a letter opens a menu."
    assert row_text(dialog, "Lasso") == "L"


def test_a_second_key_is_added_and_all_are_taken_away(dialog: KeyboardDialog, qtbot: QtBot) -> None:
    click_row(qtbot, dialog, "Lasso")
    dialog.add.setChecked(True)
    qtbot.keyClick(dialog.field, Qt.Key.Key_F2)
    assert row_text(dialog, "Lasso") == "L, F2 (changed)"
    qtbot.mouseClick(dialog.remove, LEFT)
    assert row_text(dialog, "Lasso") == " (changed)"
    qtbot.mouseClick(dialog.reset_all, LEFT)
    assert row_text(dialog, "Lasso") == "L"
    assert not dialog.reset_all.isEnabled()


def test_another_profile_is_chosen_in_the_dialog(
    window: MainWindow, dialog: KeyboardDialog, qtbot: QtBot
) -> None:
    dialog.profile.setFocus()
    qtbot.keyClicks(dialog.profile, "K")  # Krita
    qtbot.keyClick(dialog.profile, Qt.Key.Key_Return)
    assert window.actions_by_name.bindings.profile == "Krita"
    assert row_text(dialog, "Pick Class") == "P"


def test_seeking_in_the_dialog_hides_the_other_rows(dialog: KeyboardDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.search, "ctrl+z")
    shown = [
        group.child(k).text(0)
        for i in range(dialog.table.topLevelItemCount())
        if (group := dialog.table.topLevelItem(i)) is not None and not group.isHidden()
        for k in range(group.childCount())
        if not group.child(k).isHidden()
    ]
    assert shown == ["Undo"]


def test_everything_in_both_windows_has_a_name_for_screen_readers(
    sheet: KeySheet, dialog: KeyboardDialog
) -> None:
    for field in (
        sheet.search,
        sheet.page,
        dialog.search,
        dialog.profile,
        dialog.table,
        dialog.field,
    ):
        assert field.accessibleName()
    assert not dialog.isModal()
