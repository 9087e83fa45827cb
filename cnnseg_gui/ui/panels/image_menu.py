"""What a right-click on an image in the list offers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QMenu, QWidgetAction

from cnnseg_gui.core.image_table import APPROVED, ImageRecord
from cnnseg_gui.editor.workspace import Workspace


def image_menu(record: ImageRecord, known: Sequence[str], workspace: Workspace) -> QMenu:
    """The project's tags to be checked, a field for another, its approval, and its path."""
    menu = QMenu()
    field = QLineEdit()
    field.setPlaceholderText("Add a tag")
    field.setAccessibleName(f"Add a tag to {record.name}")

    def add() -> None:
        menu.close()
        if field.text().strip():
            workspace.add_tag(record.id, field.text())

    def toggle(tag: str, wanted: bool) -> None:
        if wanted:
            workspace.add_tag(record.id, tag)
        else:
            workspace.remove_tag(record.id, tag)

    field.returnPressed.connect(add)
    entry = QWidgetAction(menu)
    entry.setDefaultWidget(field)
    menu.addAction(entry)
    for tag in known:
        action = menu.addAction(tag)
        action.setCheckable(True)
        action.setChecked(tag in record.tags)
        action.toggled.connect(lambda wanted, tag=tag: toggle(tag, wanted))
    menu.addSeparator()
    withdraw = menu.addAction("Not Approved", lambda: workspace.disapprove(record.id))
    withdraw.setEnabled(record.status == APPROVED)
    menu.addAction("Copy Path", lambda: QGuiApplication.clipboard().setText(str(record.path)))
    return menu
