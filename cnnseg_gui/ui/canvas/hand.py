"""The person's hand on the canvas: mouse, pen and held keys become gestures and moves of the view.

It watches the canvas's events, so the canvas knows no tool and the tools know no widget.
"""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QPointingDevice,
    QTabletEvent,
    QWheelEvent,
)

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.tool_choice import ToolChoice
from cnnseg_gui.editor.tools.base import ImagePoint, Operation
from cnnseg_gui.ui.canvas.tip import Tip
from cnnseg_gui.ui.canvas.view import CanvasView

_WHEEL_STEP = 1.2  # zoom factor per notch
_NOTCH = 120.0  # Qt: eighths of a degree per notch
_TAP_MS = 300
_CLICK = 4.0  # logical pixels: with Shift a shorter drag is a click, a longer one resizes
_RESIZE_STEP = 1.01  # brush size per logical pixel dragged
_TIPPED = {"brush", "eraser", "smart_brush"}
_LEFT, _ALT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.AltModifier
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Hand(QObject):
    """Presses, moves and releases the chosen tool on the canvas's document."""

    pointer_moved = Signal(object)
    """ImagePoint under the pointer, or None outside the image."""
    menu_asked = Signal(object)
    """QPoint, global: the right button was clicked."""
    refused = Signal(object)
    """UserError: the tool cannot be used like that now."""

    def __init__(self, canvas: CanvasView, choice: ToolChoice) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._choice = choice
        self._pointer: QPointF | None = None
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._pan_from: QPointF | None = None
        self._pan_button = Qt.MouseButton.NoButton
        self._panning_key = self._pan_key_used = False
        self._held_since = QElapsedTimer()
        self._shift_from: QPointF | None = None
        self._shift_diameter = 0.0
        self._resizing = False
        canvas.installEventFilter(self)
        canvas.view_changed.connect(self._show_tip)
        choice.changed.connect(self._show_tip)

    @property
    def pointer(self) -> QPointF | None:
        """Where the pointer is over the canvas, in Qt's logical pixels."""
        return self._pointer

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Whether the event ends here: the canvas does nothing with those that concern the hand."""
        kind = event.type()
        if isinstance(event, QTabletEvent):
            return self._pen(event)
        if isinstance(event, QMouseEvent):
            if kind == QEvent.Type.MouseButtonPress:
                self._press(event)
            elif kind == QEvent.Type.MouseButtonDblClick:
                self._double_click(event)
            elif kind == QEvent.Type.MouseMove:
                self._move(event.position(), event.buttons(), event.modifiers())
            elif kind == QEvent.Type.MouseButtonRelease:
                self._release(event)
            return False
        if isinstance(event, QWheelEvent):
            self._wheel(event)
            return True
        if isinstance(event, QKeyEvent) and kind != QEvent.Type.ShortcutOverride:
            self._key(event)
            return False
        if kind == QEvent.Type.Leave:
            self._pointer = None
            self._show_tip()
            self.pointer_moved.emit(None)
        return False

    # ------------------------------------------------------------------ mouse

    def _press(self, event: QMouseEvent) -> None:
        button = event.button()
        if self._canvas.document is None:
            return
        if button == Qt.MouseButton.MiddleButton or self._panning_key:
            self._pan_key_used = True
            self._pan_from, self._pan_button = event.position(), button
            self._show_cursor()
        elif button == Qt.MouseButton.RightButton:
            self._right_click(event.globalPosition().toPoint())
        elif button == _LEFT:
            shift = bool(event.modifiers() & _SHIFT) and self._tipped
            if shift and not self._canvas.document.painting:
                self._shift_from = event.position()
                self._shift_diameter = self._choice.diameter
            else:
                point = self._canvas.image_point(event.position())
                self.begin(point, self._operation(event.modifiers()))

    def begin(
        self,
        at: ImagePoint,
        operation: Operation,
        *,
        straight: bool = False,
        pressure: float = 1.0,
    ) -> None:
        """Presses the chosen tool at a place of the image."""
        document = self._canvas.document
        if document is None:
            return
        try:
            settings = self._choice.settings(operation, straight=straight)
        except UserError as error:
            self.refused.emit(error)
            return
        document.press(
            self._choice.tool,
            at,
            settings,
            visible=self._canvas.visible_rect,
            scale=self._canvas.view_transform.scale,
            pressure=pressure,
        )

    def _move(
        self,
        position: QPointF,
        buttons: Qt.MouseButton,
        modifiers: Qt.KeyboardModifier,
        pressure: float = 1.0,
    ) -> None:
        self._modifiers = modifiers
        document = self._canvas.document
        if document is None:
            return
        if self._pan_from is not None:
            self._canvas.pan_by(position - self._pan_from)
            self._pan_from = position
        if self._shift_from is not None:
            self._resize_tip(position)
            return
        if document.painting and not document.drawing and not buttons & _LEFT:
            document.release()  # the release went elsewhere
        self.point_at(self._canvas.image_point(position), pressure)

    def point_at(self, point: ImagePoint, pressure: float = 1.0) -> None:
        """The tip is at a place of the image, and an open gesture follows it there."""
        document = self._canvas.document
        if document is None:
            return
        self._pointer = self._canvas.widget_position(point)
        self._show_tip()
        document.move(point, pressure)
        self.pointer_moved.emit(point if self._canvas.contains(point) else None)

    def _release(self, event: QMouseEvent) -> None:
        document = self._canvas.document
        if self._pan_from is not None and event.button() == self._pan_button:
            self._pan_from = None
            self._show_cursor()
        elif event.button() == _LEFT and document is not None:
            if self._shift_from is not None:
                if not self._resizing:
                    point = self._canvas.image_point(event.position())
                    self.begin(point, self._operation(event.modifiers()), straight=True)
                self._shift_from, self._resizing = None, False
            document.release(self._canvas.image_point(event.position()))

    def _double_click(self, event: QMouseEvent) -> None:
        document = self._canvas.document
        if document is not None and document.drawing and event.button() == _LEFT:
            document.close()
        else:
            self._press(event)

    def _right_click(self, place: QPoint) -> None:
        document = self._canvas.document
        if document is None or not document.step_back():
            self.menu_asked.emit(place)

    def _wheel(self, event: QWheelEvent) -> None:
        notches = (event.angleDelta().y() or event.angleDelta().x()) / _NOTCH
        if event.modifiers() & _ALT:
            self._choice.set_diameter(self._choice.diameter * _WHEEL_STEP**notches)
        else:
            self._canvas.zoom_by(_WHEEL_STEP**notches, event.position())
        event.accept()

    def _resize_tip(self, position: QPointF) -> None:
        """Shift and a drag: to the right larger, to the left smaller; the brush stays in place."""
        assert self._shift_from is not None
        way = position.x() - self._shift_from.x()
        self._resizing = self._resizing or abs(way) > _CLICK
        if self._resizing:
            self._choice.set_diameter(self._shift_diameter * _RESIZE_STEP**way)

    # ------------------------------------------------------------------ pen

    def _pen(self, event: QTabletEvent) -> bool:
        """A pen paints with its pressure, its other end erases; the mouse event is not wanted."""
        document = self._canvas.document
        stylus = event.deviceType() == QInputDevice.DeviceType.Stylus
        if document is None or not stylus or self._panning_key:
            return False
        self._pointer = event.position()
        kind, pressure = event.type(), event.pressure()
        if kind == QEvent.Type.TabletPress and event.button() == _LEFT:
            eraser = event.pointerType() == QPointingDevice.PointerType.Eraser
            operation = Operation.ERASE if eraser else self._operation(event.modifiers())
            self.begin(self._canvas.image_point(event.position()), operation, pressure=pressure)
        elif kind == QEvent.Type.TabletMove:
            self._move(event.position(), event.buttons(), event.modifiers(), pressure)
        elif kind == QEvent.Type.TabletRelease and event.button() == _LEFT:
            document.release(self._canvas.image_point(event.position()))
        else:
            return False
        event.accept()
        return True

    # ------------------------------------------------------------------ keys

    def _key(self, event: QKeyEvent) -> None:
        """The tip shows what Alt or Ctrl would do."""
        self._modifiers = event.modifiers()
        self._show_tip()

    def hold_to_pan(self, on: bool) -> bool:
        """The key that pans went down or up; True where it was only tapped."""
        tapped = self._short(on) and self._panning_key and not self._pan_key_used
        self._panning_key, self._pan_key_used = on, False
        self._show_cursor()
        return tapped

    def hold_to_peek(self, on: bool) -> bool:
        """The key that hides the overlay went down or up; True where it was only tapped."""
        self._canvas.peek(on)
        return self._short(on)

    def _short(self, on: bool) -> bool:
        if on:
            self._held_since.start()
        return not on and self._held_since.isValid() and self._held_since.elapsed() < _TAP_MS

    # ------------------------------------------------------------------ what is shown

    @property
    def _tipped(self) -> bool:
        return self._choice.tool.key in _TIPPED

    def _operation(self, modifiers: Qt.KeyboardModifier) -> Operation:
        if modifiers & _ALT:
            return Operation.ERASE
        return Operation.ACCEPT if modifiers & _CTRL else Operation.PAINT

    def _show_tip(self) -> None:
        panning = self._panning_key or self._pan_from is not None
        if self._pointer is None or panning or not self._tipped:
            self._canvas.show_tip(None)
            return
        paints = self._operation(self._modifiers) == Operation.PAINT
        colour = self._choice.colour if paints else None
        self._canvas.show_tip(
            Tip(
                at=self._canvas.image_point(self._pointer),
                diameter=self._choice.diameter,
                square=self._choice.square,
                colour=QColor("white") if colour is None else QColor(*colour),
            )
        )

    def _show_cursor(self) -> None:
        shape = Qt.CursorShape.CrossCursor
        if self._pan_from is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._panning_key:
            shape = Qt.CursorShape.OpenHandCursor
        self._canvas.setCursor(shape)
        self._show_tip()
