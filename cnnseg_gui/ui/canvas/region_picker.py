"""Choosing a part of the image, by mouse or keys: a line drawn round it, or a click."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.key_cursor import (
    FAR,
    Cross,
    bring_into_view,
    middle_of_view,
    stepped,
)
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.keys.bindings import Bindings
from cnnseg_gui.ui.keys.spec import Context, number, pressed

_CLICK = 4.0  # logical pixels: a shorter drag is a click
_WAYS = {
    f"cursor_{far}{way}": (down * steps, right * steps)
    for way, (down, right) in {
        "left": (0, -1),
        "right": (0, 1),
        "up": (-1, 0),
        "down": (1, 0),
    }.items()
    for far, steps in (("", 1), ("far_", FAR))
}


class RegionPicker(QWidget):
    """Lies over the canvas while something is chosen, and takes the mouse and the image's keys.

    By keys a line has corners, as the polygon tool's: the cursor's keys move, the pen's set one,
    Accept closes it, and takes what is under the cursor where there are none.
    """

    outlined = Signal(object)
    """list[ImagePoint]: a line was drawn round something."""
    clicked = Signal(object)
    """ImagePoint: something was clicked."""
    cancelled = Signal()

    def __init__(self, canvas: CanvasView, bindings: Bindings) -> None:
        super().__init__(canvas)
        self._canvas, self._bindings = canvas, bindings
        self._line: list[ImagePoint] = []
        self._at: ImagePoint | None = None  # of the keys' cursor, once one was used
        self._cross = Cross(self)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Drag round a part of the image, or click an object")
        canvas.view_changed.connect(self._show)
        self.hide()

    def begin(self) -> None:
        """Waits for the person; ends in one of the signals."""
        self._line, self._at = [], None
        self._cross.hide()
        self.setGeometry(self._canvas.rect())
        self.show()
        self.raise_()
        self.setFocus()

    # ------------------------------------------------------------------ the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._at = None
            self._line = [self._canvas.image_point(event.position())]
            self._show()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._line:
            self._line.append(self._canvas.image_point(event.position()))
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._line:
            return
        size = self._shown_line().boundingRect()
        line = self._ended()
        if max(size.width(), size.height()) < _CLICK:
            self.clicked.emit(line[0])
        else:
            self.outlined.emit(line)

    # ------------------------------------------------------------------ the keys

    def event(self, event: QEvent) -> bool:
        """Keys that mean something here do not trigger the window's actions."""
        asked = event.type() == QEvent.Type.ShortcutOverride
        if asked and isinstance(event, QKeyEvent) and self._action(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        name = self._action(event)
        if name in _WAYS:
            down, right = _WAYS[name]
            self._go(down=down, right=right)
        elif name == "pen":
            self._go(down=0, right=0)
            if self._at is not None:
                self._line.append(self._at)
        elif name == "step_back":
            del self._line[-1:]
        elif name == "accept":
            self._close()
        elif name == "cancel_gesture":
            self._ended()
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)
        self._show()

    def _action(self, event: QKeyEvent) -> str:
        """What a key does here; empty for others."""
        code = pressed(event.keyCombination())
        name = self._bindings.heard(Context.CANVAS).get(code, "")
        if name in _WAYS or name in ("pen", "step_back", "cancel_gesture"):
            return name
        return "accept" if code in map(number, self._bindings.keys("accept")) else ""

    def _go(self, *, down: int, right: int) -> None:
        if self._canvas.document is not None:
            at = self._at or middle_of_view(self._canvas)
            self._at = stepped(self._canvas, at, down=down, right=right)
            bring_into_view(self._canvas, self._at)

    def _close(self) -> None:
        corners = self._line or ([self._at] if self._at is not None else [])
        if len(corners) == 1:
            self._ended()
            self.clicked.emit(corners[0])
        elif len(corners) > 2:  # of two there is no inside: the next corner is waited for
            self.outlined.emit(self._ended())

    # ------------------------------------------------------------------ inside

    def _ended(self) -> list[ImagePoint]:
        line, self._line = self._line, []
        self._at = None
        self.hide()
        self._canvas.setFocus()
        return line

    def _shown_line(self) -> QPolygonF:
        points = [self._canvas.widget_position(point) for point in self._line]
        if self._at is not None and points:
            points.append(self._canvas.widget_position(self._at))
        return QPolygonF(points)

    def _show(self) -> None:
        if self._at is None:
            self._cross.hide()
        else:
            place: QPointF = self._canvas.widget_position(self._at)
            self._cross.show_at(place, down=bool(self._line))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((QColor(0, 0, 0, 150), 3.5), (QColor("white"), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawPolyline(self._shown_line())
        painter.end()


def outline_bounds(points: list[ImagePoint]) -> tuple[int, int, int, int]:
    """top, left, bottom, right of the pixels inside a line."""
    rows, columns = [p.y for p in points], [p.x for p in points]
    return int(min(rows)), int(min(columns)), int(max(rows)) + 1, int(max(columns)) + 1
