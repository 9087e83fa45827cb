"""A damaged project: what happened, what can be made again, and the choice."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QProgressBar, QVBoxLayout, QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.rebuild import Rebuilt, Survey
from cnnseg_gui.editor.rebuilding import Rebuilding

_NAMED = 6


class RebuildDialog(QDialog):
    """Nothing is changed before it is asked for, and the damaged file is kept."""

    rebuilt = Signal(Path)
    """The project's folder: it can be opened now."""

    def __init__(self, folder: Path, error: UserError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Damaged Project")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._folder = folder
        self._what = f"{error.path or folder}: {error.what}."
        self._said = _label(f"{self._what} Looking at what its masks folder holds…")
        self._more = _label("")
        self._more.setObjectName("quiet")
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        buttons = QDialogButtonBox()
        self.start = buttons.addButton(
            "Rebuild from the Masks", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.leave = buttons.addButton("Leave It", QDialogButtonBox.ButtonRole.RejectRole)
        self.start.setEnabled(False)
        self.start.clicked.connect(self._begin)
        self.leave.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self._said, self._more, self._bar, buttons):
            layout.addWidget(widget)
        self._work = Rebuilding(folder, self)
        self._running = False
        self._work.surveyed.connect(self._show_survey)
        self._work.progressed.connect(self._show_progress)
        self._work.ended.connect(self._show_end)
        self._work.failed.connect(self._show_failure)
        self._work.look()

    @property
    def said(self) -> str:
        """What the person is told."""
        return f"{self._said.text()}\n{self._more.text()}".strip()

    def reject(self) -> None:
        """Not while the new file is written: it is there in a moment, or not at all."""
        if not self._running:
            super().reject()

    def _show_survey(self, found: Survey) -> None:
        tags = sum(len(image.tags) for image in found.images)
        names = ", ".join(cls.name for cls in found.classes.live)
        self._said.setText(
            f"{self._what}\n\nIts masks folder holds {_counted(len(found.masks), 'mask')} of "
            f"{_counted(len(found.images), 'image')}, {_counted(tags, 'tag')} and "
            f"{_counted(len(found.revisions), 'model')}, with the classes {names}."
        )
        self._more.setText(
            "A new project file is made of them. Strokes of the last seconds before the damage and "
            "the undo history are not in them. The damaged file is kept beside the new one, under "
            "a name with today's date."
        )
        self._bar.hide()
        self.start.setEnabled(True)
        self.start.setDefault(True)
        self.adjustSize()

    def _begin(self) -> None:
        self._running = True
        self.start.setEnabled(False)
        self.leave.setEnabled(False)
        self._bar.show()
        self._work.begin()

    def _show_progress(self, done: int, of: int) -> None:
        self._bar.setRange(0, max(of, 1))
        self._bar.setValue(done)

    def _show_end(self, told: Rebuilt) -> None:
        self._running = False
        if not told.problems:
            self.rebuilt.emit(self._folder)
            self.accept()
            return
        problems = [str(problem) for problem in told.problems]
        if len(problems) > _NAMED:
            problems[_NAMED:] = [f"and {len(problems) - _NAMED:,} more"]
        self._said.setText(
            f"{_counted(told.masks, 'mask')} of {_counted(told.images, 'image')} are restored. "
            "These are not:"
        )
        self._more.setText("\n".join(problems))
        self._bar.hide()
        self.start.hide()
        self.leave.setText("Open the Project")
        self.leave.setEnabled(True)
        self.leave.clicked.disconnect(self.reject)
        self.leave.clicked.connect(self._open)
        self.adjustSize()

    def _open(self) -> None:
        self.rebuilt.emit(self._folder)
        self.accept()

    def _show_failure(self, error: UserError) -> None:
        self._running = False
        self._said.setText(f"{self._what}\n\n{error}")
        self._more.setText("Nothing was changed.")
        self._bar.hide()
        self.start.setEnabled(False)
        self.leave.setEnabled(True)
        self.leave.setText("Close")
        self.adjustSize()


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
