"""Between the Regions panel, the canvas and the document."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.patch import Writable
from cnnseg_gui.core.polygon import Corners
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.region_editing import (
    RegionChoice,
    RegionKind,
    RegionRequest,
    Where,
    region_command,
    run,
)
from cnnseg_gui.editor.tool_choice import ToolChoice
from cnnseg_gui.editor.tools.base import ImagePoint, Operation
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.canvas.region_picker import RegionPicker
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.panels.regions import RegionsPanel

_DRAW = "Draw round the part that is meant; Esc gives it up."


class Regions(QObject):
    """Does what the panel, a menu or a key asks; asks for a lasso where one is wanted."""

    said = Signal(str)
    """A hint for the banner."""
    over = Signal(str)
    """One that was said and is of no use any more."""
    failed = Signal(object)
    """UserError."""

    def __init__(
        self,
        panel: RegionsPanel,
        actions: Actions,
        canvas: CanvasView,
        choice: ToolChoice,
        workspace: Workspace,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._panel, self._actions, self._canvas = panel, actions, canvas
        self._choice, self._workspace = choice, workspace
        self._waiting: RegionRequest | None = None
        self._picker = RegionPicker(canvas, actions.bindings)
        self._picker.outlined.connect(self._with_lasso)
        self._picker.clicked.connect(lambda _: self._forget())
        self._picker.cancelled.connect(self._forget)
        panel.asked.connect(self._ask)
        for kind in RegionKind:
            actions[kind.value].triggered.connect(lambda _=False, kind=kind: panel.ask(kind))
        choice.changed.connect(self._show_classes)
        workspace.document_changed.connect(self._show_document)
        self._show_document()

    def _show_classes(self) -> None:
        self._panel.show_classes(self._choice.classes, self._choice.class_index)

    def _show_document(self) -> None:
        self._forget()
        shown = self._workspace.document is not None
        self._panel.setEnabled(shown)
        for kind in RegionKind:
            self._actions[kind.value].setEnabled(shown)

    def _ask(self, request: RegionRequest) -> None:
        if request.where == Where.LASSO:
            self._waiting = request
            self.said.emit(_DRAW)
            self._picker.begin()
        elif request.where == Where.VISIBLE:
            self._do(request, self._canvas.visible_rect)
        else:
            self._do(request, None)

    def _with_lasso(self, points: list[ImagePoint]) -> None:
        request, self._waiting = self._waiting, None
        self.over.emit(_DRAW)
        if request is not None:
            self._do(request, [(point.y, point.x) for point in points])

    def _forget(self) -> None:
        self._waiting = None
        self.over.emit(_DRAW)
        self._picker.hide()

    def _do(self, request: RegionRequest, area: Rect | Corners | None) -> None:
        document = self._workspace.document
        if document is None:
            return
        choice = RegionChoice(
            classes=self._choice.classes,
            active=self._choice.class_index,
            writable=self._writable,
            locked=self._choice.locked,
        )
        try:
            command = region_command(request, choice, area)
        except UserError as error:
            self.failed.emit(error)
            return
        changed = run(document, command)
        if changed == 0:
            self.said.emit(f"{command.name}: there is nothing to change.")

    @property
    def _writable(self) -> Writable:
        return self._choice.settings(Operation.ERASE).writable
