"""The whole image in small, with the frame of what the canvas shows."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.canvas.view import CanvasView

_AFTER_MS = 30
_DARK, _LIGHT, _SHADE = QColor(0, 0, 0, 170), QColor("white"), QColor(0, 0, 0, 90)


class Navigator(QWidget):
    """Click or drag to bring that place to the middle of the canvas."""

    def __init__(self, canvas: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._shown: ImageSource | None = None
        self._picture = QPixmap()
        self.setMinimumSize(120, 90)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Navigator: where on the image the view is")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_AFTER_MS)
        self._soon.timeout.connect(self.update)
        canvas.view_changed.connect(self._follow)

    def sizeHint(self) -> QSize:
        return QSize(220, 160)

    def show_image(self, image: ImageSource | None) -> None:
        """Another image, or none."""
        if image is self._shown:
            return
        self._shown = image
        if image is None:
            self._picture = QPixmap()
        else:
            small = np.ascontiguousarray(image.tile(image.levels - 1, 0, 0))
            height, width = small.shape[:2]
            picture = QImage(small.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            self._picture = QPixmap.fromImage(picture)
        self.update()

    @property
    def frame(self) -> QRectF:
        """Of what the canvas shows, in this widget's pixels."""
        area, visible = self._area(), self._canvas.visible_rect
        if self._shown is None:
            return QRectF()
        height, width = self._shown.shape
        down, across = area.height() / height, area.width() / width
        return QRectF(
            area.left() + visible.left * across,
            area.top() + visible.top * down,
            visible.width * across,
            visible.height * down,
        )

    def _follow(self) -> None:
        """The canvas shows the move first; while it goes on, the frame follows now and then."""
        if not self._soon.isActive():
            self._soon.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._shown is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area, frame = self._area(), self.frame
        painter.drawPixmap(area, self._picture, QRectF(self._picture.rect()))
        for outside in (
            QRectF(area.topLeft(), QPointF(area.right(), frame.top())),
            QRectF(QPointF(area.left(), frame.bottom()), area.bottomRight()),
            QRectF(QPointF(area.left(), frame.top()), frame.bottomLeft()),
            QRectF(frame.topRight(), QPointF(area.right(), frame.bottom())),
        ):
            painter.fillRect(outside, _SHADE)
        for colour, width in ((_DARK, 3.0), (_LIGHT, 1.2)):
            painter.setPen(QPen(colour, width))
            painter.drawRect(frame)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())

    def _go(self, at: QPointF) -> None:
        area = self._area()
        if self._shown is None or area.isEmpty():
            return
        height, width = self._shown.shape
        self._canvas.centre_on(
            ImagePoint(
                min(max((at.y() - area.top()) / area.height(), 0.0), 1.0) * height,
                min(max((at.x() - area.left()) / area.width(), 0.0), 1.0) * width,
            )
        )

    def _area(self) -> QRectF:
        """Where the picture is: as large as fits, in the middle."""
        if self._shown is None:
            return QRectF()
        height, width = self._shown.shape
        room = QRectF(self.rect()).adjusted(8, 4, -8, -8)
        scale = min(room.width() / width, room.height() / height)
        area = QRectF(0, 0, width * scale, height * scale)
        area.moveCenter(room.center())
        return area
