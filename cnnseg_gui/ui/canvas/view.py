"""The canvas: shows the image under its overlay and hands the pointer to the tool."""

from __future__ import annotations

import math

from PySide6.QtCore import QElapsedTimer, QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from cnnseg_gui.core.overlay import Colours
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, Tool, ToolSettings
from cnnseg_gui.ui.canvas.heat_layer import Heat, HeatLayer
from cnnseg_gui.ui.canvas.image_tiles import ImageTiles
from cnnseg_gui.ui.canvas.layer import draw_tiles
from cnnseg_gui.ui.canvas.overlay_tiles import OverlayTiles
from cnnseg_gui.ui.canvas.tiles import Deadline
from cnnseg_gui.ui.canvas.transform import ViewTransform, fitted, pyramid_level

_FRAME_MS = 10.0
_WHEEL_STEP = 1.2  # zoom factor per notch
_TAP_MS = 300
_NOTCH = 120.0  # Qt: eighths of a degree per notch


class CanvasView(QWidget):
    """Pan, zoom and paint. All geometry is in the screen's own pixels."""

    pointer_moved = Signal(object)
    """ImagePoint under the pointer, or None outside the image."""
    scale_changed = Signal(float)
    diameter_asked = Signal(float)
    """The person asked for another brush size with the pointer."""
    accept_asked = Signal()
    """Enter, on the canvas alone: elsewhere it ends an entry or opens an image."""
    approve_asked = Signal()
    """Space was tapped (held, it pans)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Image")
        self.setMinimumSize(200, 150)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._document: Document | None = None
        self._image: ImageTiles | None = None
        self._overlay: OverlayTiles | None = None
        self._heat: HeatLayer | None = None
        self._view = ViewTransform()
        self._ratio = self.devicePixelRatioF()
        self._fitted = True
        self._tool: Tool | None = None
        self._eraser: Tool | None = None
        self._settings = ToolSettings(class_index=1, diameter=20)
        self._ring_colour = QColor("white")
        self._pointer: QPointF | None = None
        self._pan_from: QPointF | None = None
        self._pan_button = Qt.MouseButton.NoButton
        self._space_held = False
        self._space_used = False
        self._space_since = QElapsedTimer()
        self._peeking = False
        self._overlay_hidden = False
        self.frames = 0
        """Frames painted so far."""
        self.complete = True
        """The last frame showed everything as it is; else another one follows at once."""

    # ------------------------------------------------------------------ what is shown

    def show_document(self, document: Document | None, table: Colours) -> None:
        """Shows an image, fitted; None shows nothing."""
        if self._document is not None:
            self._document.region_changed.disconnect(self._redraw_region)
        self._document = document
        self._pan_from = self._heat = None
        if document is None:
            self._image = self._overlay = None
        else:
            self._image = ImageTiles(document.pyramid)
            self._overlay = OverlayTiles(document, table)
            document.region_changed.connect(self._redraw_region)
            self.fit()
        self.update()

    def shows(self, document: Document) -> bool:
        return document is self._document

    def set_table(self, table: Colours) -> None:
        """Other class colours or another opacity."""
        if self._overlay is not None:
            self._overlay.set_table(table)
            self.update()

    def set_tool(self, tool: Tool, *, eraser: Tool) -> None:
        """The tool of the left button, and the one that Alt gives while it is held."""
        self._tool, self._eraser = tool, eraser

    def set_settings(self, settings: ToolSettings, ring: QColor) -> None:
        """Class and brush size for the next gesture; `ring` is the brush outline's colour."""
        self._update_ring()
        self._settings, self._ring_colour = settings, ring
        self._update_ring()

    def show_heat(
        self, values: Heat | None, legend: str, *, ends: tuple[str, str] = ("0", "1")
    ) -> None:
        """Lays a heat picture over the image until another image is shown; None takes it away.

        Args:
            values: float32[h, w] in 0…1, of the whole image, which may have more pixels.
            legend: what is shown, in a few words.
            ends: what 0 and 1 stand for.
        """
        self.show_heat_layer(None if values is None else HeatLayer(values, legend, ends))

    def show_heat_layer(self, layer: HeatLayer | None) -> None:
        """The same for one made elsewhere, as it should be where there are many values."""
        self._heat = layer
        self.update()

    @property
    def heat(self) -> HeatLayer | None:
        """What `show_heat` laid over the image."""
        return self._heat

    def hide_overlay(self, hidden: bool) -> None:
        """Shows the image alone while held."""
        self._overlay_hidden = hidden
        self.update()

    # ------------------------------------------------------------------ view

    @property
    def view_transform(self) -> ViewTransform:
        return self._view

    @property
    def visible_rect(self) -> Rect:
        """The image's pixels on screen, clipped to the image; empty without one."""
        if self._document is None:
            return Rect(0, 0, 0, 0)
        return self._view.visible(*self._size()).clipped(self._document.mask.shape)

    def fit(self) -> None:
        """The whole image."""
        if self._document is not None:
            self._set_view(fitted(self._document.mask.shape, *self._size()))
            self._fitted = True

    def one_to_one(self) -> None:
        """One image pixel to one screen pixel, about the view's centre."""
        width, height = self._size()
        self.zoom_at(1 / self._view.scale, width / 2, height / 2)

    def zoom_by(self, factor: float) -> None:
        """Zooms about the pointer if it is over the canvas, else about the centre."""
        width, height = self._size()
        at = self._device(self._pointer) if self._pointer else QPointF(width / 2, height / 2)
        self.zoom_at(factor, at.x(), at.y())

    def zoom_at(self, factor: float, x: float, y: float) -> None:
        """Zooms so that the image under the screen pixel (x, y) stays there."""
        if self._document is not None:
            self._set_view(self._view.zoomed(factor, x, y))

    def image_point(self, position: QPointF) -> ImagePoint:
        """The place of the image at a place of the widget, in Qt's logical pixels."""
        at = self._device(position)
        return self._view.to_image(at.x(), at.y())

    def widget_position(self, point: ImagePoint) -> QPointF:
        """Where a place of the image is in the widget, in Qt's logical pixels."""
        x, y = self._view.to_view(point)
        return QPointF(x, y) / self.devicePixelRatioF()

    # ------------------------------------------------------------------ events

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._document is None:
            return
        panning = event.button() == Qt.MouseButton.MiddleButton or self._space_held
        if panning:
            self._space_used = True
            self._pan_from, self._pan_button = event.position(), event.button()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.LeftButton and self._tool is not None:
            alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            tool = self._eraser if alt and self._eraser is not None else self._tool
            self._document.press(tool, self.image_point(event.position()), self._settings)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._document is None:
            return
        if self._pan_from is not None:
            moved = self._device(event.position() - self._pan_from)
            self._pan_from = event.position()
            self._set_view(self._view.panned(moved.x(), moved.y()))
        self._update_ring()
        self._pointer = event.position()
        self._update_ring()
        point = self.image_point(event.position())
        if self._document.painting and not event.buttons() & Qt.MouseButton.LeftButton:
            self._document.release()  # the release went elsewhere
        self._document.move(point)
        self.pointer_moved.emit(point if self._contains(point) else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pan_from is not None and event.button() == self._pan_button:
            self._pan_from = None
            self._show_cursor()
        elif event.button() == Qt.MouseButton.LeftButton and self._document is not None:
            self._document.release()

    def leaveEvent(self, event: QEvent) -> None:
        self._update_ring()
        self._pointer = None
        self.pointer_moved.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = (event.angleDelta().y() or event.angleDelta().x()) / _NOTCH
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.diameter_asked.emit(self._settings.diameter * _WHEEL_STEP**notches)
        else:
            at = self._device(event.position())
            self.zoom_at(_WHEEL_STEP**notches, at.x(), at.y())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space_held, self._space_used = True, False
                self._space_since.start()
                self._show_cursor()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.accept_asked.emit()
        elif event.key() == Qt.Key.Key_Escape and self._document is not None:
            self._document.cancel()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            tapped = self._space_held and not self._space_used
            self._space_held = False
            self._show_cursor()
            if tapped and self._space_since.elapsed() < _TAP_MS:
                self.approve_asked.emit()
        else:
            super().keyReleaseEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tab would move the focus: here it hides the overlay while it is held."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Tab:
            if not event.isAutoRepeat():
                self._peeking = event.type() == QEvent.Type.KeyPress
                self.update()
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._keep_view(self.devicePixelRatioF() / self._ratio)
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space_held = self._peeking = False
        self._show_cursor()
        self.update()
        super().focusOutEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Dark))
        if self._document is not None and self._image is not None and self._overlay is not None:
            ratio = self.devicePixelRatioF()
            painter.scale(1 / ratio, 1 / ratio)
            self.complete = self._draw_document(painter, self._exposed(event.rect()))
            if not self.complete:
                self.update()
            if self._heat is not None:
                self._heat.draw(painter, self._view, self._document.mask.shape)
                self._heat.draw_legend(painter, self.rect(), self.palette(), ratio)
            self._draw_ring(painter)
        painter.end()
        self.frames += 1

    def _draw_document(self, painter: QPainter, exposed: Rect) -> bool:
        assert self._document is not None
        levels = self._document.pyramid.levels
        level = pyramid_level(self._view.scale, levels)
        smooth = self._view.scale < 1
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        complete = True
        sources = (
            [self._image] if self._overlay_hidden or self._peeking else [self._image, self._overlay]
        )
        for source in sources:
            if source is not None:
                complete &= draw_tiles(
                    painter,
                    source,
                    self._view,
                    level=level,
                    levels=levels,
                    visible=exposed,
                    deadline=Deadline(_FRAME_MS / len(sources)),
                )
        return complete

    def _draw_ring(self, painter: QPainter) -> None:
        """The brush's outline: dark under light, to be seen on any picture."""
        if self._pointer is None or self._pan_from is not None or self._space_held:
            return
        centre = self._device(self._pointer)
        radius = max(self._settings.diameter * self._view.scale / 2, 1.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((QColor(0, 0, 0, 150), 3.0), (self._ring_colour, 1.4)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(centre, radius, radius)

    def _update_ring(self) -> None:
        if self._pointer is not None:
            radius = max(self._settings.diameter * self._view.scale / 2, 1.5) + 3
            side = radius / self.devicePixelRatioF()
            x, y = self._pointer.x(), self._pointer.y()
            self.update(QRectF(x - side, y - side, 2 * side, 2 * side).toAlignedRect())

    def _redraw_region(self, rect: Rect) -> None:
        if self._overlay is None or self._document is None:
            return
        level = pyramid_level(self._view.scale, self._document.pyramid.levels)
        self._overlay.update(rect, level)
        around = rect.inflated(1 + (1 << level))
        x0, y0 = self._view.to_view(ImagePoint(around.top, around.left))
        x1, y1 = self._view.to_view(ImagePoint(around.bottom, around.right))
        ratio = self.devicePixelRatioF()
        area = QRectF(x0 / ratio - 1, y0 / ratio - 1, (x1 - x0) / ratio + 2, (y1 - y0) / ratio + 2)
        self.update(area.toAlignedRect())

    # ------------------------------------------------------------------ geometry

    def _size(self) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return self.width() * ratio, self.height() * ratio

    def _device(self, point: QPointF) -> QPointF:
        return point * self.devicePixelRatioF()

    def _contains(self, point: ImagePoint) -> bool:
        assert self._document is not None
        height, width = self._document.mask.shape
        return 0 <= point.y < height and 0 <= point.x < width

    def _exposed(self, area: QRect) -> Rect:
        """The image's pixels under a rectangle of the widget, with one for interpolation."""
        assert self._document is not None
        ratio = self.devicePixelRatioF()
        first = self._view.to_image(area.left() * ratio, area.top() * ratio)
        last = self._view.to_image((area.right() + 1) * ratio, (area.bottom() + 1) * ratio)
        rect = Rect(
            math.floor(first.y) - 1,
            math.floor(first.x) - 1,
            math.ceil(last.y) + 1,
            math.ceil(last.x) + 1,
        )
        return rect.clipped(self._document.mask.shape)

    def _set_view(self, view: ViewTransform) -> None:
        if view.scale != self._view.scale:
            self.scale_changed.emit(view.scale)
        self._view = view
        self._fitted = False
        self.update()

    def _keep_view(self, factor: float) -> None:
        """On a screen of another density the image stays where it is and as large as it is."""
        self._ratio *= factor
        view, fitted_before = self._view, self._fitted
        self._set_view(ViewTransform(view.scale * factor, view.x * factor, view.y * factor))
        self._fitted = fitted_before

    def _show_cursor(self) -> None:
        panning = self._space_held or self._pan_from is not None
        self.setCursor(Qt.CursorShape.OpenHandCursor if panning else Qt.CursorShape.CrossCursor)
