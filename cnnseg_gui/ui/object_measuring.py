"""Between the measured objects, the panel that lists them and the canvas that shows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog
from scipy import ndimage

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.measuring import Measuring
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.formats.object_table import MeasuredImage, write_table
from cnnseg_gui.ui.canvas.edge_layer import Edge, EdgeLayer
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.panels.measurements import MeasurementsPanel

_LARGEST = 1 << 22  # pixels of an object's box; round a larger one the box is drawn
_MOST_EDGES = 4000
_EIGHT = np.ones((3, 3), np.bool_)


class ObjectMeasuring(QObject):
    """The chosen object is outlined and brought into view."""

    said = Signal(str)
    failed = Signal(object)
    """UserError."""

    def __init__(
        self,
        panel: MeasurementsPanel,
        canvas: CanvasView,
        workspace: Workspace,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._panel, self._canvas, self._workspace = panel, canvas, workspace
        self._image: MeasuredImage | None = None
        self.layer = EdgeLayer(canvas)
        self.measuring = Measuring(workspace, self)
        panel.seen.connect(self._on_seen)
        panel.chosen.connect(self._show)
        panel.save_asked.connect(self._ask_where)
        self.measuring.started.connect(panel.show_busy)
        self.measuring.measured.connect(self._take)
        self.measuring.failed.connect(self.failed)
        workspace.document_changed.connect(lambda: self.layer.show_edges([]))

    def save(self, path: Path) -> None:
        """Writes the table of the shown image, in a worker."""
        image, project = self._image, self._workspace.project
        if image is None or project is None:
            return
        names = {cls.index: cls.name for cls in project.classes}
        channels = image.objects.mean_intensity.shape[1]
        in_background(
            lambda: write_table(path, [image], names, channels=channels),
            parent=self,
            done=lambda count: self.said.emit(
                f"{count:,} object{'' if count == 1 else 's'} saved in {path}."
            ),
            failed=self.failed.emit,
        )

    # ------------------------------------------------------------------ inside

    def _on_seen(self, seen: bool) -> None:
        self.measuring.watch(seen)
        if not seen:
            self.layer.show_edges([])

    def _take(self, image: MeasuredImage | None) -> None:
        project = self._workspace.project
        self._image = image
        self.layer.show_edges([])
        classes = project.classes if project is not None else ()
        self._panel.show_image(image, {cls.index: cls for cls in classes})

    def _show(self, place: int) -> None:
        document, image = self._workspace.document, self._image
        if document is None or image is None:
            return
        box = Rect(*image.objects.box[place].tolist())
        index = int(image.objects.class_index[place])
        self.layer.show_edges(edges_of(document.mask, index, box))
        self._canvas.show_place(box)

    def _ask_where(self) -> None:
        if self._image is None:
            return
        name = f"{Path(self._image.name).stem} objects.csv"
        chosen, _ = QFileDialog.getSaveFileName(
            self._panel, "Save the table", name, "CSV (*.csv);;Parquet (*.parquet)"
        )
        if chosen:
            path = Path(chosen)
            self.save(path if path.suffix else path.with_suffix(".csv"))


def edges_of(mask: Mask, index: int, box: Rect) -> list[Edge]:
    """The outline of the object of a class that just fills a box, in pixels; of a large one, it."""
    around = [
        (box.top, box.left, box.top, box.right),
        (box.bottom, box.left, box.bottom, box.right),
        (box.top, box.left, box.bottom, box.left),
        (box.top, box.right, box.bottom, box.right),
    ]
    if box.height * box.width > _LARGEST:
        return around
    labels, count = ndimage.label(mask.read(box) == index, _EIGHT)
    whole = (slice(0, box.height), slice(0, box.width))
    places = ndimage.find_objects(labels)
    number = next((k + 1 for k in range(count) if places[k] == whole), None)
    if number is None:  # painted over since
        return around
    inside = np.pad(labels == number, 1)
    edges: list[Edge] = []
    for row, column in np.argwhere(inside[1:, 1:-1] != inside[:-1, 1:-1]).tolist():
        y, x = box.top + row, box.left + column
        edges.append((y, x, y, x + 1))
    for row, column in np.argwhere(inside[1:-1, 1:] != inside[1:-1, :-1]).tolist():
        y, x = box.top + row, box.left + column
        edges.append((y, x, y + 1, x))
    return edges if len(edges) <= _MOST_EDGES else around
