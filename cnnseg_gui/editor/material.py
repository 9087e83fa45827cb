"""What there is to learn from in the open project, and what is missing yet."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.training_set import TrainingSet
from cnnseg_gui.editor.workspace import Workspace

_log = logging.getLogger("cnnseg")
_NOTHING = TrainingSet(0, 0, {})
_NO_PROJECT = "Open images first"
_COUNT_AFTER_MS = 150  # strokes in quick succession are counted once


class Material(QObject):
    """Counts what is decided, once the strokes rest."""

    changed = Signal()
    """`found` or `missing` say something else."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.found = _NOTHING
        """What a fine-tune started now would learn from."""
        self.missing = _NO_PROJECT
        """What has to be done before anything can be learnt; empty: nothing."""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_COUNT_AFTER_MS)
        self._soon.timeout.connect(self._count)
        workspace.project_changed.connect(self._count)
        workspace.classes_changed.connect(self._soon.start)
        workspace.image_changed.connect(lambda _: self._soon.start())

    def _count(self) -> None:
        self._soon.stop()
        project = self._workspace.project
        try:
            found = TrainingSet.of(project) if project else _NOTHING
            missing = found.missing(project.classes) if project else _NO_PROJECT
        except UserError as error:  # said where a stroke could not be stored
            _log.warning("%s", error)
            return
        if (found, missing) != (self.found, self.missing):
            self.found, self.missing = found, missing
            self.changed.emit()
