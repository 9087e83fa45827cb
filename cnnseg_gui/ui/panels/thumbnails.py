"""Thumbnails of the images that the list shows, made one at a time in a worker thread."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, QThreadPool, Signal
from PySide6.QtGui import QImage

from cnnseg_gui.core.attached import read_attached
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.editor.jobs import in_background

SIDE = 44
"""Pixels."""

_LARGEST = 64_000_000  # pixels: of larger images, only what is shown anyway is made small
_KEPT = 600  # pictures of 88 × 88: 14 MB
_Content = tuple[str, int]  # hash and page

_WAITING = 40  # about a screenful: what scrolled past long ago is forgotten


class Thumbnails(QObject):
    """Asked for by the list as rows come into view; the newest wish comes first."""

    arrived = Signal()
    """There is one more."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._made: OrderedDict[_Content, QImage] = OrderedDict()
        self._wanted: OrderedDict[_Content, ImageRecord] = OrderedDict()
        self._making: _Content | None = None
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    def of(self, record: ImageRecord) -> QImage | None:
        """The thumbnail, or None for now: `arrived` follows. A null image: it has none."""
        content = record.sha256, record.page
        picture = self._made.get(content)
        if picture is None and content != self._making:
            self._wanted[content] = record
            self._wanted.move_to_end(content)
            while len(self._wanted) > _WAITING:
                self._wanted.popitem(last=False)
            self._work()
        return picture

    def take(self, record: ImageRecord, image: ImageSource) -> None:
        """Makes the thumbnail of a large image from the one that is shown."""
        if _too_large(record) and image.complete:
            self._made[record.sha256, record.page] = _square(image.tile(image.levels - 1, 0, 0))
            self.arrived.emit()

    def try_again(self) -> None:
        """Images without a picture may have one now: their files were found again."""
        for content in [content for content, made in self._made.items() if made.isNull()]:
            del self._made[content]

    def _work(self) -> None:
        if self._making is not None or not self._wanted:
            return
        content, record = self._wanted.popitem(last=True)
        self._making = content
        in_background(
            lambda: _thumbnail(record),
            parent=self,
            done=lambda picture: self._keep(content, picture),
            failed=lambda _: self._keep(content, QImage()),  # said when it is opened
            pool=self._pool,
        )

    def _keep(self, content: _Content, picture: QImage) -> None:
        self._making = None
        self._made[content] = picture
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        self.arrived.emit()
        self._work()


def _too_large(record: ImageRecord) -> bool:
    return record.height * record.width > _LARGEST


def _thumbnail(record: ImageRecord) -> QImage:
    if _too_large(record):
        return QImage()
    data = read_attached(record.path, record.sha256)  # it is kept under this content's name
    return _square(read_image(data, record.page, name=str(record.path)).pixels)


def _square(pixels: Pixels) -> QImage:
    """The middle of uint8[H, W, 3]."""
    image = Image.fromarray(pixels)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.resize(
        (2 * SIDE, 2 * SIDE), Image.Resampling.BOX, box=(left, top, left + side, top + side)
    )
    small = np.ascontiguousarray(square)
    made = QImage(small.data, 2 * SIDE, 2 * SIDE, 6 * SIDE, QImage.Format.Format_RGB888).copy()
    made.setDevicePixelRatio(2.0)
    return made
