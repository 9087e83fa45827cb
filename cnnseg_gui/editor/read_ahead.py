"""The images a person is likely to go to next, read before they are asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QThreadPool, QTimer

from cnnseg_gui.core.attached import Stamp
from cnnseg_gui.core.attached import stamp as stamp_of
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.pyramid import ImagePyramid
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.reading import load_image

_MOST_BYTES = 256 * 2**20
_LARGEST = 24_000_000  # pixels: of larger ones, only few would fit
_REST_MS = 150  # without a stroke: decoding beside one makes it wait for memory


class ReadAhead(QObject):
    """Images in memory, least recently used first to go. A file that changed is read again.

    Args:
        painting: whether the hand is at work.
    """

    def __init__(self, parent: QObject, *, painting: Callable[[], bool]) -> None:
        super().__init__(parent)
        self._painting = painting
        self._wanted: list[ImageRecord] = []
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._read_wanted)
        self._images: OrderedDict[int, tuple[str, Stamp, ImagePyramid]] = OrderedDict()
        self._taken: dict[int, Stamp | None] = {}  # from before the file was read
        self._reading: set[int] = set()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    def take(self, record: ImageRecord) -> ImageSource | None:
        """The image, where it has been read and its file is still the same."""
        now = self._taken[record.id] = stamp_of(record.path)
        found = self._images.get(record.id)
        if found is None:
            return None
        sha256, stamp, image = found
        if sha256 != record.sha256 or stamp != now:
            del self._images[record.id]
            return None
        self._images.move_to_end(record.id)
        return image

    def keep(self, record: ImageRecord, image: ImageSource) -> None:
        """One that was shown, for coming back to it.

        Its file may have changed while it was shown: it counts as what it was when it was taken.
        """
        self._keep(record, image, self._taken.pop(record.id, None))

    def forget(self, record: ImageRecord) -> None:
        """One that could not be shown."""
        self._taken.pop(record.id, None)

    def _keep(self, record: ImageRecord, image: ImageSource, stamp: Stamp | None) -> None:
        if isinstance(image, ImagePyramid) and stamp is not None and _fits(record):
            self._images[record.id] = record.sha256, stamp, image
            self._images.move_to_end(record.id)
            self._trim()

    def read(self, records: Sequence[ImageRecord]) -> None:
        """Reads images in the background, one after the other, once the hand rests."""
        self._wanted = list(records)
        self._rest.start()

    def put_off(self) -> None:
        """A stroke was painted: what is not begun yet waits for the hand's next rest."""
        if self._rest.isActive():
            self._rest.start()

    def _read_wanted(self) -> None:
        if self._painting():
            self._rest.start()
            return
        wanted, self._wanted = self._wanted, []
        for record in wanted:
            known = record.id in self._images or record.id in self._reading
            if not known and _fits(record):
                self._reading.add(record.id)
                self._begin(record)

    def clear(self) -> None:
        """Another project."""
        self._rest.stop()
        self._wanted = []
        self._pool.clear()
        self._pool.waitForDone()
        self._images.clear()
        self._taken.clear()
        self._reading.clear()

    def _begin(self, record: ImageRecord) -> None:
        stamp = stamp_of(record.path)

        def done(image: ImageSource) -> None:
            if record.id in self._reading:
                self._reading.discard(record.id)
                self._keep(record, image, stamp)

        def failed(error: UserError) -> None:
            self._reading.discard(record.id)  # said when the person goes there

        in_background(
            lambda: load_image(record), parent=self, done=done, failed=failed, pool=self._pool
        )

    def _trim(self) -> None:
        size = sum(image.kept_bytes for _, _, image in self._images.values())
        while size > _MOST_BYTES and len(self._images) > 1:
            _, (_, _, image) = self._images.popitem(last=False)
            size -= image.kept_bytes


def _fits(record: ImageRecord) -> bool:
    return record.height * record.width <= _LARGEST
