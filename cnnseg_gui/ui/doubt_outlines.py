"""View ▸ Doubtful Regions: an outline round where the proposal is in doubt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction

from cnnseg_gui.core.doubt import BLOCK, doubtful_squares
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.canvas.edge_layer import Edge, EdgeLayer
from cnnseg_gui.ui.canvas.view import CanvasView

_AFTER_MS = 300  # the hand rests


def outline(squares: npt.NDArray[np.bool_], shape: tuple[int, int]) -> list[Edge]:
    """The borders of all set squares, in pixels of an image of this shape (height, width)."""
    framed = np.pad(squares, 1)
    edges: list[Edge] = []
    for row, column in np.argwhere(framed[1:, 1:-1] != framed[:-1, 1:-1]).tolist():
        y = min(row * BLOCK, shape[0])
        edges.append((y, column * BLOCK, y, min((column + 1) * BLOCK, shape[1])))
    for row, column in np.argwhere(framed[1:-1, 1:] != framed[1:-1, :-1]).tolist():
        x = min(column * BLOCK, shape[1])
        edges.append((row * BLOCK, x, min((row + 1) * BLOCK, shape[0]), x))
    return edges


class DoubtOutlines(QObject):
    """Keeps the outlines those of the shown image, while their action is checked."""

    def __init__(
        self, action: QAction, canvas: CanvasView, workspace: Workspace, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._action, self._canvas, self._workspace = action, canvas, workspace
        self.layer = EdgeLayer(canvas)
        self._document: Document | None = None
        self._running = self._outdated = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_AFTER_MS)
        self._soon.timeout.connect(self._measure)
        action.toggled.connect(self._on_toggled)
        workspace.document_changed.connect(self._follow)
        workspace.image_changed.connect(lambda _: self._later())
        self._follow()

    def _on_toggled(self, shown: bool) -> None:
        if shown:
            self._measure()
        else:
            self.layer.show_edges([])

    def _follow(self) -> None:
        document = self._workspace.document
        self._action.setEnabled(document is not None)
        if document is self._document:
            return
        self._document = document
        self.layer.show_edges([])
        if document is not None:
            document.proposal_changed.connect(self._later)
        self._later()

    def _later(self) -> None:
        if self._action.isChecked():
            self._soon.start()

    def _measure(self) -> None:
        document = self._workspace.document
        if document is None or not self._action.isChecked():
            return
        if document.painting:
            self._soon.start()
            return
        if self._running:
            self._outdated = True
            return
        self._running, self._outdated = True, False
        mask, proposal = document.mask, document.proposal
        in_background(
            lambda: outline(doubtful_squares(mask, proposal), mask.shape),
            parent=self,
            done=lambda edges: self._show(document, edges),
            failed=self._on_failed,
        )

    def _show(self, document: Document, edges: list[Edge]) -> None:
        self._running = False
        if self._action.isChecked() and document is self._workspace.document:
            self.layer.show_edges(edges)
        if self._outdated:
            self._later()

    def _on_failed(self, _error: UserError) -> None:
        """A stroke was painted while it was read: it is measured again."""
        self._running = False
        self._later()
