"""Ctrl+S: everything is saved already; what can be done is to give the revision a name."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QInputDialog, QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.workspace import Workspace

_SAVED = "Every stroke is saved already."


class Naming(QObject):
    """Names the revision that proposes now."""

    said = Signal(str)
    """A hint for the banner."""
    failed = Signal(object)
    """UserError."""

    def __init__(self, workspace: Workspace, choice: ModelChoice, window: QWidget) -> None:
        super().__init__(window)
        self._workspace, self._choice, self._window = workspace, choice, window

    def ask(self) -> None:
        """Asks for the name, beside the work."""
        revision = self._choice.revision
        if self._workspace.project is None or revision is None:
            self.said.emit(f"{_SAVED} A revision can be named once the network has been taught.")
            return
        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Save a Named Revision")
        dialog.setLabelText(f"{_SAVED}\nName of revision {revision.name}, which proposes now:")
        dialog.setTextValue(revision.title)
        dialog.textValueSelected.connect(lambda title: self._name(revision.name, title))
        dialog.open()

    def _name(self, name: str, title: str) -> None:
        project = self._workspace.project
        if project is None:
            return
        try:
            project.revisions.set_title(name, title.strip())
        except UserError as error:
            self.failed.emit(error)
            return
        self.said.emit(f"Revision {name} is “{title.strip()}” now." if title.strip() else _SAVED)
        self._choice.changed.emit()
