"""What is as it was left: the project's locks, hidden classes and seconds; the person's tool."""

from __future__ import annotations

from contextlib import suppress

from PySide6.QtCore import QObject, QSettings, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tool_choice import MAX_DIAMETER, MIN_DIAMETER, ToolChoice
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.panels.classes import ClassesPanel
from cnnseg_gui.ui.panels.training import DEFAULT_SECONDS, TrainingPanel

_HIDDEN, _LOCKED, _SECONDS = "hidden_classes", "locked_classes", "training_seconds"
_TOOL, _DIAMETER = "tool/name", "tool/diameter"


class Remembering(QObject):
    """Classes and seconds belong to the project, tool and size to whoever holds the mouse."""

    failed = Signal(object)
    """UserError: something could not be kept; it holds until the project is closed."""

    def __init__(
        self,
        classes: ClassesPanel,
        training: TrainingPanel,
        tools: ToolChoice,
        workspace: Workspace,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._classes, self._training = classes, training
        self._tools, self._workspace = tools, workspace
        self._project: Project | None = None  # whose choices are shown
        self._hold_again()
        classes.hidden_changed.connect(lambda hidden: self._keep(_HIDDEN, _to_text(hidden)))
        classes.locked_changed.connect(lambda locked: self._keep(_LOCKED, _to_text(locked)))
        training.seconds.valueChanged.connect(self._keep_seconds)
        tools.changed.connect(self._keep_tool)
        workspace.project_changed.connect(self._show_project)

    # ------------------------------------------------------------------ of the project

    def _show_project(self) -> None:
        """As it was left; nothing of the project before."""
        self._project, project = None, self._workspace.project
        hidden, locked, seconds = "", "", ""
        if project is not None:
            with suppress(UserError):  # said by others that read it
                hidden, locked = project.setting(_HIDDEN), project.setting(_LOCKED)
                seconds = project.setting(_SECONDS)
        self._classes.show_marks(hidden=_from_text(hidden), locked=_from_text(locked))
        known = seconds.isascii() and seconds.isdecimal() and len(seconds) < 6
        self._training.set_seconds(int(seconds) if known else DEFAULT_SECONDS)
        self._project = project

    def _keep_seconds(self, seconds: int) -> None:
        self._keep(_SECONDS, "" if seconds == DEFAULT_SECONDS else str(seconds))

    def _keep(self, key: str, text: str) -> None:
        project = self._workspace.project
        if project is None or project is not self._project:
            return  # what is shown is still that of the project before
        try:
            if project.setting(key) != text:
                project.set_setting(key, text)
        except UserError as error:
            self.failed.emit(error)

    # ------------------------------------------------------------------ of the person

    def _hold_again(self) -> None:
        settings = QSettings()
        name = str(settings.value(_TOOL, ""))
        if name in self._tools.tools:
            self._tools.choose_tool(name)
        with suppress(ValueError):
            diameter = float(str(settings.value(_DIAMETER, "")))
            if MIN_DIAMETER <= diameter <= MAX_DIAMETER:
                self._tools.set_diameter(diameter)

    def _keep_tool(self) -> None:
        settings = QSettings()
        settings.setValue(_TOOL, self._tools.tool.key)
        settings.setValue(_DIAMETER, self._tools.diameter)


def _to_text(indices: frozenset[int]) -> str:
    return " ".join(str(index) for index in sorted(indices))


def _from_text(text: str) -> frozenset[int]:
    """Whatever else a project may hold there is passed over."""
    words = (word for word in text.split() if word.isascii() and word.isdecimal())
    return frozenset(int(word) for word in words if len(word) <= 3)
