"""Thumbnails of the images that the list shows, made one at a time in a worker thread."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, QThreadPool, Signal
from PySide6.QtGui import QImage

from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.project import ImageRecord
from cnnseg_gui.editor.jobs import in_background

SIDE = 44
"""Pixels."""

_KEPT = 2000  # pictures of 44 × 44: 15 MB
_WAITING = 40  # about a screenful: what scrolled past long ago is forgotten


class Thumbnails(QObject):
    """Asked for by the list as rows come into view; the newest wish comes first."""

    arrived = Signal(int)
    """The image's number."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._made: OrderedDict[int, QImage] = OrderedDict()
        self._wanted: OrderedDict[int, ImageRecord] = OrderedDict()
        self._working = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    def of(self, record: ImageRecord) -> QImage | None:
        """The thumbnail, or None for now: `arrived` follows. A null image: it has none."""
        picture = self._made.get(record.id)
        if picture is None:
            self._wanted[record.id] = record
            self._wanted.move_to_end(record.id)
            while len(self._wanted) > _WAITING:
                self._wanted.popitem(last=False)
            self._work()
        return picture

    def _work(self) -> None:
        if self._working or not self._wanted:
            return
        self._working = True
        _, record = self._wanted.popitem(last=True)
        in_background(
            lambda: _thumbnail(record),
            parent=self,
            done=lambda picture: self._keep(record.id, picture),
            failed=lambda _: self._keep(record.id, QImage()),  # said when it is opened
            pool=self._pool,
        )

    def _keep(self, image_id: int, picture: QImage) -> None:
        self._working = False
        self._made[image_id] = picture
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        self.arrived.emit(image_id)
        self._work()


def _thumbnail(record: ImageRecord) -> QImage:
    image = Image.fromarray(read_image(record.path).pixels)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.resize(
        (2 * SIDE, 2 * SIDE), Image.Resampling.BOX, box=(left, top, left + side, top + side)
    )
    pixels = np.ascontiguousarray(square)
    made = QImage(pixels.data, 2 * SIDE, 2 * SIDE, 6 * SIDE, QImage.Format.Format_RGB888).copy()
    made.setDevicePixelRatio(2.0)
    return made
