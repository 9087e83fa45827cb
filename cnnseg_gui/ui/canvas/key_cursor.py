"""A cursor in the image that keys move, for painting without a mouse."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tool_choice import ToolChoice
from cnnseg_gui.editor.tools.base import ImagePoint, Operation
from cnnseg_gui.ui.canvas.hand import Hand
from cnnseg_gui.ui.canvas.view import CanvasView

FAR = 10
"""How many steps one press of a far key goes."""
_MARGIN = 48.0  # logical pixels: the cursor stays that far from the view's edges
_CLICKED = {"pick", "bucket"}  # one press is all of the gesture: nothing is dragged
_GAP, _ARM, _SIDE = 4.0, 13.0, 33  # logical pixels of the cross
_DARK, _LIGHT = QColor(0, 0, 0, 200), QColor("white")


class KeyCursor(QObject):
    """Moves over the image's pixels and presses the tool there, as the mouse would.

    It appears with the first of its keys and goes when the mouse moves over the image.
    """

    def __init__(self, canvas: CanvasView, hand: Hand, choice: ToolChoice) -> None:
        super().__init__(canvas)
        self._canvas, self._hand, self._choice = canvas, hand, choice
        self._document: Document | None = None
        self._at: ImagePoint | None = None
        self._down = False
        self._cross = Cross(canvas)
        canvas.view_changed.connect(self._show)
        canvas.installEventFilter(self)

    @property
    def at(self) -> ImagePoint | None:
        """The centre of the pixel it is on; None while it is not shown."""
        return self._at if self._canvas.document is self._document else None

    @property
    def down(self) -> bool:
        """The tool is pressed by key."""
        document = self._canvas.document
        return self._down and document is not None and document.painting

    def move(self, *, down: int = 0, right: int = 0) -> None:
        """Goes by steps: pixels of the image, or of the screen where those are larger."""
        document = self._canvas.document
        if document is None:
            return
        self._document = document
        self._at = stepped(self._canvas, self.at or self._start(), down=down, right=right)
        bring_into_view(self._canvas, self._at)
        self._show()

    def press(self, operation: Operation = Operation.PAINT, *, straight: bool = False) -> None:
        """Presses the tool, or releases it where it is down."""
        self.move()
        document, at = self._canvas.document, self.at
        if document is None or at is None:
            return
        if self.down:
            document.release(at)
            self._down = False
        else:
            self._hand.begin(at, operation, straight=straight)
            if document.drawing or straight or self._choice.tool.key in _CLICKED:
                document.release(at)
            self._down = document.painting and not document.drawing
        self._show()

    def place(self) -> QPoint:
        """Where it is in the view, in Qt's logical pixels; the view's centre without it."""
        if self.at is None:
            return self._canvas.rect().center()
        return self._canvas.widget_position(self.at).toPoint()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A mouse that moves takes over."""
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            self._at, self._down = None, False
            self._show()
        return False

    # ------------------------------------------------------------------ inside

    def _start(self) -> ImagePoint:
        """The pixel under the mouse, or the middle of what is seen of the image."""
        pointer = self._hand.pointer
        if pointer is not None:
            under = self._canvas.image_point(pointer)
            if self._canvas.contains(under):
                return ImagePoint(int(under.y) + 0.5, int(under.x) + 0.5)
        return middle_of_view(self._canvas)

    def _show(self) -> None:
        if self.at is None:
            self._cross.hide()
            return
        place = self._canvas.widget_position(self.at)
        self._cross.show_at(place, down=self.down)
        self._hand.point_at(self.at)


class Cross(QWidget):
    """Light on dark, to be seen on any picture; with a ring while the tool is pressed."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._centre = QPointF()
        self._down = False
        self.resize(_SIDE, _SIDE)
        self.hide()

    def show_at(self, place: QPointF, *, down: bool) -> None:
        """Centres it on a place of the parent, in logical pixels."""
        corner = QPoint(round(place.x()) - _SIDE // 2, round(place.y()) - _SIDE // 2)
        self._centre, self._down = place - QPointF(corner), down
        self.setGeometry(QRect(corner, self.size()))
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((_DARK, 4.0), (_LIGHT, 1.6)):
            painter.setPen(QPen(colour, width, c=Qt.PenCapStyle.FlatCap))
            for way in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
                painter.drawLine(self._centre + way * _GAP, self._centre + way * _ARM)
            if self._down:
                painter.drawEllipse(self._centre, _GAP + 3, _GAP + 3)
        painter.end()


def middle_of_view(canvas: CanvasView) -> ImagePoint:
    """The pixel in the middle of what is seen of the image."""
    seen = canvas.visible_rect
    return ImagePoint((seen.top + seen.bottom) // 2 + 0.5, (seen.left + seen.right) // 2 + 0.5)


def stepped(canvas: CanvasView, at: ImagePoint, *, down: int, right: int) -> ImagePoint:
    """A place some steps further on the shown image.

    A step is a pixel of the image, or of the screen where those are larger.
    """
    assert canvas.document is not None, "there is no image to go over"
    step = max(1, round(1 / canvas.view_transform.scale))
    height, width = canvas.document.mask.shape
    return ImagePoint(
        min(max(at.y + down * step, 0.5), height - 0.5),
        min(max(at.x + right * step, 0.5), width - 0.5),
    )


def bring_into_view(canvas: CanvasView, at: ImagePoint) -> None:
    """Moves the image where a place would be too near the view's edges."""
    place = canvas.widget_position(at)
    by = QPointF(_back(place.x(), canvas.width()), _back(place.y(), canvas.height()))
    if not by.isNull():
        canvas.pan_by(by)


def _back(place: float, size: int) -> float:
    """How far to move the image so that a place is inside the margins again."""
    margin = min(_MARGIN, size / 4)
    return min(max(place, margin), size - margin) - place
