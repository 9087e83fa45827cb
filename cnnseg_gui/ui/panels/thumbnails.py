"""Thumbnails of the images that the list shows, made one at a time in a process of their own."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal
from PySide6.QtGui import QImage

from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.probing_process import ProbingProcess
from cnnseg_gui.core.thumbnail import middle
from cnnseg_gui.editor.jobs import in_background

SIDE = 44
"""Pixels."""

_PIXELS = 2 * SIDE
_REST_MS = 10_000  # after the last wish the process is ended
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
        self._process = ProbingProcess()
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(_REST_MS)
        self._resting.timeout.connect(self._rest_if_idle)

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
            self._made[record.sha256, record.page] = _picture(
                middle(image.tile(image.levels - 1, 0, 0), _PIXELS)
            )
            self.arrived.emit()

    def try_again(self) -> None:
        """Images without a picture may have one now: their files were found again."""
        for content in [content for content, made in self._made.items() if made.isNull()]:
            del self._made[content]

    def rest(self) -> None:
        """Ends the process and forgets what is wished for; the next wish starts it again."""
        self._wanted.clear()
        self._process.close()
        self._process = ProbingProcess()

    def _rest_if_idle(self) -> None:
        if self._making is None:
            self.rest()
        else:
            self._resting.start()

    def _work(self) -> None:
        if self._making is not None or not self._wanted:
            return
        content, record = self._wanted.popitem(last=True)
        if _too_large(record):
            self._keep(content, QImage())
            return
        self._making = content
        process = self._process
        self._resting.start()
        in_background(
            lambda: process.thumbnail(record.path, record.sha256, record.page, _PIXELS),
            parent=self,
            done=lambda pixels: self._keep(content, _picture(pixels)),
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


def _picture(pixels: Pixels) -> QImage:
    """Of uint8[2 SIDE, 2 SIDE, 3], sharp on screens of either density."""
    made = QImage(pixels.data, _PIXELS, _PIXELS, 3 * _PIXELS, QImage.Format.Format_RGB888).copy()
    made.setDevicePixelRatio(2.0)
    return made
