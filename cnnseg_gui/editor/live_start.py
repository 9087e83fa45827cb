"""Begins a fine-tune by itself once enough is new."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.editor.fine_tuning import FineTuning
from cnnseg_gui.editor.live_sending import LiveSending
from cnnseg_gui.editor.material import Material
from cnnseg_gui.editor.workspace import Workspace

GESTURES = 5
"""Since it began to learn last, at least."""
REST_MS = 3000
"""Without a gesture: nobody is in the middle of a correction."""
_SETTING, _NO = "teach_by_itself", "no"  # a setting of the project


class SelfStart(QObject):
    """Counts gestures, and says when the rule is met."""

    due = Signal()
    """A fine-tune is to begin now."""
    changed = Signal()
    """`on` or `words` say something else."""

    def __init__(
        self,
        workspace: Workspace,
        fine_tuning: FineTuning,
        sending: LiveSending,
        material: Material,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._fine_tuning = workspace, fine_tuning
        self._material = material
        self.gestures = 0
        """Since it began to learn last."""
        self.rest = QTimer(self)
        self.rest.setSingleShot(True)
        self.rest.setInterval(REST_MS)
        self.rest.timeout.connect(self._after_rest)
        sending.gesture_seen.connect(self._count)
        material.changed.connect(self.changed)
        workspace.project_changed.connect(self._begin_anew)
        fine_tuning.started.connect(self._begin_anew)
        fine_tuning.finished.connect(self._go_on)
        fine_tuning.kept.connect(self._go_on)
        fine_tuning.unimproved.connect(self._go_on)
        fine_tuning.stopped.connect(self._begin_anew)

    @property
    def on(self) -> bool:
        """Whether the person wants it."""
        project = self._workspace.project
        return project is not None and project.setting(_SETTING) != _NO

    def switch(self, on: bool) -> None:
        """By itself from now on, or no longer.

        Raises:
            UserError: it could not be stored.
        """
        if self._workspace.project is not None:
            self._workspace.project.set_setting(_SETTING, "" if on else _NO)
            self._begin_anew()

    @property
    def words(self) -> str:
        """The rule, and how far it is met; or what it cannot be met without."""
        if self._material.missing:
            return self._material.missing
        rule = f"After {GESTURES} gestures and {REST_MS // 1000} s of rest"
        if not self.on:
            return rule
        return f"{rule}: {min(self.gestures, GESTURES)} of {GESTURES}"

    def _count(self) -> None:
        self.gestures += 1
        if self.on:
            self.rest.start()
        if self.gestures <= GESTURES:
            self.changed.emit()

    def _after_rest(self) -> None:
        document = self._workspace.document
        if document is not None and document.painting:
            self.rest.start()
        elif self.on and self.gestures >= GESTURES and not self._fine_tuning.occupied:
            self.due.emit()

    def _go_on(self) -> None:
        """What was painted meanwhile may be enough already."""
        if self.gestures:
            self.rest.start()

    def _begin_anew(self) -> None:
        self.gestures = 0
        self.rest.stop()
        self.changed.emit()
