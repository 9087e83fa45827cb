"""The Inside tab: what the first convolution looks for, and what one layer makes of the image."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.architecture import NetworkDescription
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.engine.messages import Inside

PUBLISHED, PROJECT = "published", "project"
_FILTER, _MAP, _GAP = 46, 128, 8  # pixels


class InsideTab(QWidget):
    """Chooses the layer and the weights, and shows what comes back."""

    asked = Signal()
    """The person chose another layer or other weights."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[int] = []
        self.weights = QComboBox()
        self.weights.setAccessibleName("Weights")
        self.weights.addItem("As published or shipped", PUBLISHED)
        self.weights.addItem("This project’s model", PROJECT)
        self.layer = QComboBox()
        self.layer.setAccessibleName("Layer")
        self.layer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.layer.setMinimumContentsLength(12)
        self.weights.activated.connect(lambda _index: self.asked.emit())
        self.layer.activated.connect(lambda _index: self.asked.emit())
        self.note = QLabel()
        self.note.setObjectName("quiet")
        self.note.setWordWrap(True)
        self.filters, self.maps = PictureGrid(_FILTER), PictureGrid(_MAP)
        self._filters_title, self._maps_title = QLabel(), QLabel()
        for title in (self._filters_title, self._maps_title):
            title.setObjectName("heading")
            title.setWordWrap(True)
        self._build()
        self.clear("")

    def _build(self) -> None:
        choices = QHBoxLayout()
        for text, box in (("Layer", self.layer), ("Weights", self.weights)):
            label = QLabel(text)
            label.setBuddy(box)
            choices.addWidget(label)
            choices.addWidget(box)
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        for widget in (self._maps_title, self.maps, self._filters_title, self.filters):
            inner.addWidget(widget)
        inner.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(page)
        layout = QVBoxLayout(self)
        layout.addLayout(choices)
        layout.addWidget(self.note)
        layout.addWidget(area, 1)

    @property
    def layer_name(self) -> str:
        """The chosen layer's; empty where there is none."""
        return self.layer.currentText()

    def show_network(self, description: NetworkDescription | None) -> None:
        """Offers the layers of another network that make maps; its first one is chosen."""
        layers = description.layers if description else ()
        self._rows = [row for row, layer in enumerate(layers) if len(layer.output_shape) == 3]
        self.layer.clear()
        self.layer.addItems([layers[row].name for row in self._rows])

    def choose(self, row: int) -> bool:
        """Chooses a layer by its row in the table; returns whether it makes maps."""
        if row not in self._rows:
            return False
        self.layer.setCurrentIndex(self._rows.index(row))
        return True

    def clear(self, note: str) -> None:
        """Shows no pictures, and says why."""
        self._say(note)
        none = np.zeros((0, 1, 1), np.uint8)
        self.filters.show_pictures(none)
        self.maps.show_pictures(none)
        self._filters_title.clear()
        self._maps_title.clear()

    def show_inside(self, message: Inside, filters: Pixels, maps: Pixels) -> None:
        """Shows what the engine found."""
        self._say("")
        count, rows, columns = message.filters
        known = f"First convolution: {count} kernels of {rows}×{columns}"
        self._filters_title.setText(known if count else "")
        self.filters.show_pictures(filters)
        shown = len(message.channels)
        which = f"the {shown} most varied of {message.of}" if shown < message.of else f"{shown}"
        self._maps_title.setText(f"{message.layer}: {which} channels")
        self.maps.show_pictures(maps, [str(channel) for channel in message.channels])

    def _say(self, note: str) -> None:
        self.note.setText(note)
        self.note.setVisible(bool(note))


class PictureGrid(QWidget):
    """Small pictures in as many columns as fit, each as large as its square allows.

    Args:
        side: pixels of a square.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self._side = side
        self._pictures: list[QImage] = []
        self._names: list[str] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def count(self) -> int:
        return len(self._pictures)

    def show_pictures(self, pictures: Pixels, names: list[str] | None = None) -> None:
        """Replaces the pictures: uint8[n, h, w] in grey, or uint8[n, h, w, 3] in colour."""
        self._pictures = [_image(picture) for picture in pictures]
        self._names = names or []
        self._take_room()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        for number, picture in enumerate(self._pictures):
            row, column = divmod(number, self._columns)
            x, y = column * (self._side + _GAP), row * self._row_height
            size = picture.size().scaled(
                QSize(self._side, self._side), Qt.AspectRatioMode.KeepAspectRatio
            )
            painter.drawImage(QRect(x, y, size.width(), size.height()), picture)
            if self._names:
                painter.drawText(x, y + size.height() + 11, self._names[number])
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_room()

    @property
    def _columns(self) -> int:
        return max(1, (self.width() + _GAP) // (self._side + _GAP))

    @property
    def _row_height(self) -> int:
        tallest = max((self._scaled_height(picture) for picture in self._pictures), default=0)
        return tallest + _GAP + (10 if self._names else 0)

    def _scaled_height(self, picture: QImage) -> int:
        return round(self._side * min(1.0, picture.height() / picture.width()))

    def _take_room(self) -> None:
        rows = -(-len(self._pictures) // self._columns)
        self.setFixedHeight(rows * self._row_height)


def _image(picture: Pixels) -> QImage:
    height, width = picture.shape[:2]
    pixels = np.ascontiguousarray(picture)
    kind = QImage.Format.Format_RGB888 if pixels.ndim == 3 else QImage.Format.Format_Grayscale8
    # a copy, since QImage does not keep the array alive
    return QImage(pixels.data, width, height, pixels.strides[0], kind).copy()
