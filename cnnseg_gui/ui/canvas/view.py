"""The canvas: shows the image under its overlay. The hand (`hand.py`) paints on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import cast

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QRegion, QResizeEvent
from PySide6.QtWidgets import QWidget

from cnnseg_gui.core.display import Display
from cnnseg_gui.core.overlay import Colours, Shows, colour_table
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint, Outline
from cnnseg_gui.ui.canvas.grid import GRID_FROM, Grid
from cnnseg_gui.ui.canvas.heat_layer import Heat, HeatLayer
from cnnseg_gui.ui.canvas.image_tiles import AS_READ, ImageTiles
from cnnseg_gui.ui.canvas.layer import draw_tiles
from cnnseg_gui.ui.canvas.outline_layer import draw_outline, outline_area
from cnnseg_gui.ui.canvas.overlay_tiles import OverlayLevels, OverlayTiles
from cnnseg_gui.ui.canvas.redraw_queue import RedrawQueue
from cnnseg_gui.ui.canvas.scale_bar import draw_scale_bar
from cnnseg_gui.ui.canvas.smoothing import Smoothing
from cnnseg_gui.ui.canvas.split import SplitHandle
from cnnseg_gui.ui.canvas.tiles import Deadline, TileSource
from cnnseg_gui.ui.canvas.tip import Tip, areas_of_move, draw_tip
from cnnseg_gui.ui.canvas.transform import ViewTransform, fitted, pyramid_level

_FRAME_MS = 2.5  # for making tiles; drawing a full view takes up to 8 more
_SMOOTHING_MS = 2.5  # for interpolating while it moves
_STILL_MS = 90  # after the last movement all is interpolated
_PIECE_PIXELS = 12_000  # as long as it takes to paint so many takes what each piece needs besides
_SURROUNDED = 3.0  # a place is shown with as much on each side of it
_LARGEST_PLACE = 4.0  # screen pixels per image pixel: no closer without being asked


class CanvasView(QWidget):
    """Shows a place of the image at a scale. All geometry is in the screen's own pixels."""

    scale_changed = Signal(float)
    failed = Signal(object)
    """UserError: a part of the image cannot be read."""
    view_changed = Signal()
    """Another part of the image is on screen."""

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
        self._overlays: list[OverlayTiles] = []
        self._levels: OverlayLevels | None = None
        self._split = SplitHandle(self)
        self._split.moved.connect(self.update)
        self._redraws = RedrawQueue(self, held=self._busy)
        self._redraws.due.connect(self._redraw_now)
        self._grid = Grid()
        self._heat: HeatLayer | None = None
        self._display = AS_READ
        self._tip: Tip | None = None
        self._outline: Outline | None = None
        self._table = colour_table((), opacity=1.0)
        self._exact = ViewTransform()  # where it was panned and zoomed to
        self._view = ViewTransform()  # on whole pixels of the screen: what is drawn, and hit
        self._ratio = self.devicePixelRatioF()
        self._fitted = True
        self._place = QPoint()  # in the window
        self._still = QTimer(self)  # active while it moves
        self._still.setSingleShot(True)
        self._still.setInterval(_STILL_MS)
        self._still.timeout.connect(self._come_to_rest)
        self._rough = False  # less was interpolated than should be
        self._peeking = False
        self._overlay_hidden = False
        self.covered_above: Callable[[], int] = lambda: 0
        """How many logical pixels something lies over at the top: a fitted image is below."""
        self.frames = 0
        """Frames painted so far."""
        self.complete = True
        """The last frame showed everything as it is; else another one follows soon."""

    # ------------------------------------------------------------------ what is shown

    def show_document(self, document: Document | None, table: Colours) -> None:
        """Shows an image, fitted; None shows nothing."""
        if self._document is not None:
            self._document.region_changed.disconnect(self._redraw_region)
            self._document.proposal_changed.disconnect(self._redraw_proposal)
            self._document.meaning_changed.disconnect(self._reread)
            self._document.outline_changed.disconnect(self._show_outline)
        self._document = document
        self._redraws.clear()
        self._heat = self._outline = None
        self._table = table
        self._overlays, self._levels = [], None
        if self._image is not None:
            self._image.close()
            self._image.deleteLater()
            self._image = None
        if document is not None:
            self._image = ImageTiles(document.image, self, self._display)
            self._image.arrived.connect(self.update)
            self._image.failed.connect(self.failed)
            self._make_overlays()
            document.region_changed.connect(self._redraw_region)
            document.proposal_changed.connect(self._redraw_proposal)
            document.meaning_changed.connect(self._reread)
            document.outline_changed.connect(self._show_outline)
            self._outline = document.outline
            self.fit()
        self.update()

    def shows(self, document: Document) -> bool:
        return document is self._document

    def set_table(self, table: Colours) -> None:
        """Other class colours or another opacity."""
        self._table = table
        for overlay in self._overlays:
            overlay.set_table(table)
        self.update()

    @property
    def document(self) -> Document | None:
        return self._document

    def set_display(self, display: Display) -> None:
        """Another brightness, contrast, gamma or window; stays for the images that follow."""
        self._display = display
        if self._image is not None:
            self._image.set_display(display)
        self.update()

    def show_tip(self, tip: Tip | None) -> None:
        """The brush's outline under the pointer; None where no brush is."""
        for area in areas_of_move(self._tip, tip, self._view):
            self._update_area(area)
        self._tip = tip

    @property
    def comparing(self) -> bool:
        """Mask and proposal are shown side by side."""
        return not self._split.isHidden()

    def compare(self, on: bool) -> None:
        """Shows the mask left of a handle and the proposal right of it, instead of both in one."""
        self._split.setVisible(on)
        self._split.fit()
        if self._document is not None:
            self._make_overlays()
        self.update()

    def move_compared(self, ways: int) -> None:
        """Moves the handle between the two a little to the right, or to the left."""
        self._split.step(ways)

    @property
    def compared_at(self) -> float:
        """Where the handle is: 0 is the left edge, 1 the right one."""
        return self._split.place

    def peek(self, on: bool) -> None:
        """Shows the image alone while it is on."""
        self._peeking = on
        self.update()

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
            width, height = self._size()
            above = min(self.covered_above() * self.devicePixelRatioF(), height / 2)
            view = fitted(self._document.mask.shape, width, height - above)
            self._set_view(view.panned(0, above))
            self._fitted = True

    def one_to_one(self) -> None:
        """One image pixel to one screen pixel, about the view's centre."""
        width, height = self._size()
        self.zoom_at(1 / self._view.scale, width / 2, height / 2)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zooms about a place of the widget, in Qt's logical pixels; None is its centre."""
        width, height = self._size()
        place = QPointF(width / 2, height / 2) if at is None else self._device(at)
        self.zoom_at(factor, place.x(), place.y())

    def zoom_at(self, factor: float, x: float, y: float) -> None:
        """Zooms so that the image under the screen's pixel (x, y) stays there."""
        if self._document is not None:
            self._move(self._exact.zoomed(factor, x, y))

    def image_point(self, position: QPointF) -> ImagePoint:
        """The place of the image at a place of the widget, in Qt's logical pixels."""
        at = self._device(position)
        return self._view.to_image(at.x(), at.y())

    def widget_position(self, point: ImagePoint) -> QPointF:
        """Where a place of the image is in the widget, in Qt's logical pixels."""
        x, y = self._view.to_view(point)
        return QPointF(x, y) / self.devicePixelRatioF()

    def pan_by(self, moved: QPointF) -> None:
        """Moves the image, by Qt's logical pixels."""
        by = moved * self.devicePixelRatioF()
        self._move(self._exact.panned(by.x(), by.y()))

    def centre_on(self, point: ImagePoint) -> None:
        """Brings a place of the image to the middle of the view."""
        width, height = self._size()
        x, y = self._view.to_view(point)
        self._move(self._exact.panned(width / 2 - x, height / 2 - y))

    def show_place(self, place: Rect) -> None:
        """Brings a rectangle to the middle, as large as it can be seen with what is round it."""
        width, height = self._size()
        room = max(place.width, place.height) * _SURROUNDED
        scale = min(max(min(width, height) / room, self._view.scale), _LARGEST_PLACE)
        self.zoom_at(scale / self._view.scale, width / 2, height / 2)
        self.centre_on(ImagePoint((place.top + place.bottom) / 2, (place.left + place.right) / 2))

    def contains(self, point: ImagePoint) -> bool:
        """Whether a place lies on the image."""
        if self._document is None:
            return False
        height, width = self._document.mask.shape
        return 0 <= point.y < height and 0 <= point.x < width

    # ------------------------------------------------------------------ events

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._keep_view(self.devicePixelRatioF() / self._ratio)
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._split.fit()
        self._make_room()
        before, self._place = self._place, self.mapTo(self.window(), QPoint(0, 0))
        if self._document is not None and self._document.painting:
            moved = QPointF(before - self._place)  # not the stroke with it
            self.pan_by(moved)
        elif self._fitted:
            self.fit()
        else:
            self.view_changed.emit()

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Dark))
        if self._document is not None and self._image is not None:
            ratio = self.devicePixelRatioF()
            painter.scale(1 / ratio, 1 / ratio)
            self.complete = True
            for area in _areas(event.region()):
                painter.save()
                device = QRectF(QPointF(area.topLeft()) * ratio, QSizeF(area.size()) * ratio)
                painter.setClipRect(device)
                exposed = self._exposed(area)
                self.complete &= self._draw_document(painter, exposed)
                if self._view.scale >= GRID_FROM:
                    self._grid.draw(painter, self._view, self.visible_rect)
                painter.restore()
            if not self.complete:
                self.update()
            self.complete &= self._redraws.empty and not self._rough
            if self._heat is not None:
                self._heat.draw(painter, self._view, self._document.mask.shape)
                self._heat.draw_legend(painter, self.rect(), self.palette(), ratio)
            if self._document.image.pixel_size is not None:
                self._draw_scale_bar(painter, self._document.image.pixel_size)
            if self._outline is not None:
                draw_outline(painter, self._outline, self._view, ratio)
            if self._tip is not None:
                draw_tip(painter, self._tip, self._view)
        painter.end()
        self.frames += 1

    def _draw_scale_bar(self, painter: QPainter, pixel_size: float) -> None:
        ratio = self.devicePixelRatioF()
        painter.save()
        painter.scale(ratio, ratio)
        draw_scale_bar(painter, self.rect(), pixel_size, self._view.scale / ratio)
        painter.restore()

    def _draw_document(self, painter: QPainter, exposed: Rect) -> bool:
        assert self._document is not None
        levels = self._document.image.levels
        level = pyramid_level(self._view.scale, levels)
        smoothing = Smoothing(
            wanted=self._view.scale < 1,
            milliseconds=_SMOOTHING_MS if self._still.isActive() else None,
        )
        hidden = self._overlay_hidden or self._peeking
        sources: list[TileSource] = [] if self._image is None else [self._image]
        sources += [] if hidden else self._overlays
        complete = True
        for source in sources:
            painter.save()
            if self.comparing and isinstance(source, OverlayTiles):
                painter.setClipRect(self._half(source), Qt.ClipOperation.IntersectClip)
            complete &= draw_tiles(
                painter,
                source,
                self._view,
                level=level,
                levels=levels,
                visible=exposed,
                deadline=Deadline(_FRAME_MS / len(sources)),
                smoothing=smoothing,
            )
            painter.restore()
        self._rough |= smoothing.spared
        return complete

    def _make_room(self) -> None:
        width, height = self._size()
        for source in (self._image, *self._overlays):
            if source is not None:
                source.make_room(round(width * height))

    def _make_overlays(self) -> None:
        assert self._document is not None
        shown = (Shows.MASK, Shows.PROPOSAL) if self.comparing else (Shows.COMPOSITE,)
        if self._levels is None:
            self._levels = OverlayLevels(self._document)
        self._overlays = [
            OverlayTiles(self._document, self._levels, self._table, shows) for shows in shown
        ]
        self._make_room()

    def _half(self, overlay: OverlayTiles) -> QRectF:
        """The part of the view that one of the two compared is shown in."""
        width, height = self._size()
        middle = round(self._split.place * width)
        left = overlay is self._overlays[0]
        return QRectF(0, 0, middle, height) if left else QRectF(middle, 0, width - middle, height)

    def _show_outline(self) -> None:
        shown = self._document.outline if self._document is not None else None
        for outline in (self._outline, shown):
            if outline is not None:
                ratio = self.devicePixelRatioF()
                self._update_area(outline_area(outline, self._view, ratio))
        self._outline = shown

    def _reread(self) -> None:
        """The mask's values mean something else now."""
        self._redraws.clear()
        if self._levels is not None:
            self._levels.reset()
        self.set_table(self._table)

    def _redraw_region(self, rect: Rect) -> None:
        self._redraws.add(rect, self.visible_rect)

    def _redraw_proposal(self, rect: Rect) -> None:
        self._redraws.add_later(rect, self.visible_rect)

    def _busy(self) -> bool:
        """A stroke is being made or the image moves: what the hand does goes first."""
        document = self._document
        stroking = document is not None and document.painting and not document.drawing
        return stroking or self._still.isActive()

    def _redraw_now(self, rect: Rect) -> None:
        if self._document is None:
            return
        level = pyramid_level(self._view.scale, self._document.image.levels)
        if self._levels is not None:
            self._levels.update(rect)
        for overlay in self._overlays:
            overlay.update(rect, level)
        around = rect.inflated(1 + (1 << level))
        x0, y0 = self._view.to_view(ImagePoint(around.top, around.left))
        x1, y1 = self._view.to_view(ImagePoint(around.bottom, around.right))
        self._update_area(QRectF(x0, y0, x1 - x0, y1 - y0))

    def _update_area(self, area: QRectF) -> None:
        """Has an area repainted that is given in the screen's own pixels."""
        ratio = self.devicePixelRatioF()
        logical = QRectF(area.topLeft() / ratio, area.size() / ratio)
        self.update(logical.adjusted(-1, -1, 1, 1).toAlignedRect())

    # ------------------------------------------------------------------ geometry

    def _size(self) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        return self.width() * ratio, self.height() * ratio

    def _device(self, point: QPointF) -> QPointF:
        return point * self.devicePixelRatioF()

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
        self._exact, self._view = view, view.snapped()
        self._fitted = False
        self.update()
        self.view_changed.emit()

    def _move(self, view: ViewTransform) -> None:
        """As `_set_view`, where the next frame may be as short."""
        self._still.start()
        self._set_view(view)

    def _come_to_rest(self) -> None:
        """Draws what was spared while the image moved."""
        if self._rough:
            self._rough = False
            self.update()

    def _keep_view(self, factor: float) -> None:
        """On a screen of another density the image stays where it is and as large as it is."""
        self._ratio *= factor
        view, fitted_before = self._exact, self._fitted
        self._set_view(ViewTransform(view.scale * factor, view.x * factor, view.y * factor))
        self._fitted = fitted_before


def _areas(region: QRegion) -> list[QRect]:
    """What is to be painted, in pieces: the brush's last place and its next can be far apart."""
    found: Iterable[QRect] = cast(Iterable[QRect], region)  # its stubs do not know
    pieces, whole = [QRect(piece) for piece in found], region.boundingRect()
    cost = sum(piece.width() * piece.height() + _PIECE_PIXELS for piece in pieces)
    return pieces if cost < whole.width() * whole.height() else [whole]
