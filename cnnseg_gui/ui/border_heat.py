"""View ▸ Border Weights: the weight map of the shown mask as a heat picture over the image."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction

from cnnseg_gui.core.border_weights import SIGMA, W0, border_weights
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.canvas.heat_layer import HeatLayer
from cnnseg_gui.ui.canvas.view import CanvasView

_AFTER_MS = 300  # gestures in quick succession are measured once
_LARGEST = 8 * 2**20  # pixels: two seconds of a worker's time
_LEGEND = "Border weight in the loss"
_NOTHING = "No decided background between two objects"


class BorderHeat(QObject):
    """Keeps the heat picture that of the shown mask, while its action is checked."""

    failed = Signal(object)
    """UserError: there is no picture."""

    def __init__(
        self, action: QAction, canvas: CanvasView, workspace: Workspace, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._action, self._canvas, self._workspace = action, canvas, workspace
        self._running = self._outdated = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._measure)
        action.toggled.connect(self._on_toggled)
        workspace.image_changed.connect(self._on_image_changed)
        workspace.document_changed.connect(self._on_document_changed)
        self._on_document_changed()

    def _on_toggled(self, shown: bool) -> None:
        if shown:
            self._measure()
        else:
            self._timer.stop()
            self._canvas.show_heat_layer(None)

    def _on_image_changed(self, image_id: int) -> None:
        document = self._workspace.document
        if self._action.isChecked() and document is not None and document.record.id == image_id:
            self._timer.start()

    def _on_document_changed(self) -> None:
        self._action.setEnabled(self._workspace.document is not None)
        if self._action.isChecked():
            self._canvas.show_heat_layer(None)
            self._measure()

    def _measure(self) -> None:
        self._timer.stop()
        document = self._workspace.document
        if document is None:
            return
        if document.painting:
            self._timer.start()  # what is not finished may yet be cancelled
            return
        if self._running:
            self._outdated = True
            return
        self._running, self._outdated = True, False
        mask = document.mask
        in_background(
            # Read in the worker, so that no stroke waits for the copy: one painted meanwhile may
            # be in it or not, and is followed by another measurement.
            lambda: _layer(border_heat(mask)),
            parent=self,
            done=lambda layer: self._show(document, layer),
            failed=self._on_failed,
        )

    def _show(self, document: Document, layer: HeatLayer) -> None:
        self._running = False
        if self._action.isChecked() and document is self._workspace.document:
            self._canvas.show_heat_layer(layer)
            if document.painting:
                self._timer.start()
        if self._outdated and self._action.isChecked():
            self._measure()

    def _on_failed(self, error: UserError) -> None:
        self._running = False
        self._action.setChecked(False)
        self.failed.emit(error)


def _layer(heat: npt.NDArray[np.float32]) -> HeatLayer:
    return HeatLayer(heat, _LEGEND if heat.any() else _NOTHING, ("1", f"{1 + W0:.0f}"))


def border_heat(mask: Mask) -> npt.NDArray[np.float32]:
    """The added border weight as a share of w0, float32[h, w] in 0…1.

    Beyond 8 megapixels every second pixel is looked at, or every third …: good enough for the eye.
    """
    height, width = mask.shape
    step = math.ceil(math.sqrt(height * width / _LARGEST))
    pixels = np.ascontiguousarray(mask.to_array()[::step, ::step])
    heat = (border_weights(pixels, sigma=SIGMA / step) - 1) / np.float32(W0)
    return np.clip(heat, 0, 1, out=heat)
