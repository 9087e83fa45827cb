"""The Diagram tab: zoomed with the wheel, moved by dragging, saved as SVG or PNG."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QImageWriter,
    QMouseEvent,
    QPainter,
    QPalette,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from cnnseg_gui.core.architecture import NetworkDescription
from cnnseg_gui.core.atomic import write_atomically
from cnnseg_gui.ui.architecture.diagram_scene import ROW, fill_scene

_MARGIN = 16.0
_LEAST_FIT = 0.62  # a longer network is scrolled: its captions would be too small to read
_SMALLEST, _LARGEST = 0.05, 8.0
_PNG_SCALE = 2


class DiagramView(QGraphicsView):
    """Shows one network."""

    layer_chosen = Signal(int)
    """Index of the layer whose slab was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = QGraphicsScene(self)
        self.setScene(self._scene)
        self._description: NetworkDescription | None = None
        self._fitted, self._least = True, _LEAST_FIT
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setAccessibleName("Diagram of the network")

    @property
    def scale_factor(self) -> float:
        """Screen pixels per unit of the diagram."""
        return self.transform().m11()

    def show_network(self, description: NetworkDescription | None) -> None:
        """Draws another network, whole where it can be read then."""
        self._description = description
        self._draw()
        self._show(_LEAST_FIT)

    def fit(self) -> None:
        """Shows the whole network, however long it is."""
        self._show(_SMALLEST)

    def _show(self, least: float) -> None:
        """Shows the whole network, or its beginning where that would be smaller than `least`."""
        self._fitted, self._least = True, least
        rect, port = self._scene.sceneRect(), self.viewport().rect()
        if rect.isEmpty():
            return
        whole = min(port.width() / rect.width(), port.height() / rect.height())
        scale = min(max(whole, least), 2.0)
        self.resetTransform()
        self.scale(scale, scale)
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().minimum())

    def zoom_by(self, factor: float) -> None:
        """Larger or smaller, about the place under the pointer."""
        self._fitted = False
        wanted = min(max(self.scale_factor * factor, _SMALLEST), _LARGEST)
        factor = wanted / self.scale_factor
        self.scale(factor, factor)

    def save(self, path: Path) -> None:
        """Writes the diagram as SVG where the name ends so, else as PNG.

        Raises:
            UserError: it cannot be written.
        """
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        if path.suffix.lower() == ".svg":
            self._write_svg(buffer)
        else:
            self._write_png(buffer)
        write_atomically(path, bytes(buffer.data().data()))

    def _write_svg(self, buffer: QBuffer) -> None:
        rect = self._scene.sceneRect()
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setTitle(self._description.name if self._description else "")
        generator.setSize(rect.size().toSize())
        generator.setViewBox(QRectF(0, 0, rect.width(), rect.height()))
        painter = QPainter(generator)
        painter.fillRect(generator.viewBoxF(), self.palette().color(QPalette.ColorRole.Base))
        self._scene.render(painter)
        painter.end()

    def _write_png(self, buffer: QBuffer) -> None:
        size: QSize = (self._scene.sceneRect().size() * _PNG_SCALE).toSize()
        image = QImage(size, QImage.Format.Format_RGB32)
        image.fill(self.palette().color(QPalette.ColorRole.Base))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._scene.render(painter)
        painter.end()
        QImageWriter(buffer, QByteArray(b"png")).write(image)

    def _draw(self) -> None:
        self._scene.clear()
        palette = self.palette()
        self.setBackgroundBrush(palette.color(QPalette.ColorRole.Base))
        if self._description is not None:
            text = palette.color(QPalette.ColorRole.Text)
            line = palette.color(QPalette.ColorRole.PlaceholderText)
            fill_scene(self._scene, self._description, text=text, line=line)
        around = self._scene.itemsBoundingRect()
        self._scene.setSceneRect(around.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN))

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(1.0015 ** event.angleDelta().y())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        item = self.itemAt(event.position().toPoint())
        while item is not None and item.parentItem() is not None:
            item = item.parentItem()
        row = item.data(ROW) if item is not None else None
        if isinstance(row, int) and row >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.layer_chosen.emit(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self._show(self._least)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._fitted:
            self._show(self._least)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()
