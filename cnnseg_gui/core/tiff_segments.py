"""The tiles or strips of a large TIFF file, read one at a time, the last ones kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.tiff import TiffUnsupported, is_truncated
from cnnseg_gui.core.tiff_piece import JPEG, decoded_piece

_CACHE_BYTES = 96 * 2**20
_SEGMENT_BYTES = 64 * 2**20  # a strip or tile that holds more is no use read by parts
_TOGETHER_BYTES = 2**20  # strips that are smaller are read together
_CONTIGUOUS, _MIN_IS_BLACK, _RGB, _YCBCR = 1, 1, 2, 6


class TiffSegments:
    """The first page of a TIFF file: a grid of segments, each a tile or some strips. Thread-safe.

    Raises:
        TiffUnsupported: it cannot be read by parts.
        UserError: it is truncated.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        import tifffile

        self._path = path
        self._tiff = tifffile.TiffFile(path)
        try:
            self._page = page = _checked(self._tiff, path)
        except BaseException:
            self._tiff.close()
            raise
        self.shape = (int(page.imagelength), int(page.imagewidth))
        self.dtype = np.dtype(page.dtype)
        self.channels = int(page.samplesperpixel)
        self._strips = _strips_together(page)
        self.height = int(page.chunks[0]) * self._strips
        """Rows of a segment."""
        self.width = int(page.chunks[1])
        self.count = -(-len(page.dataoffsets) // self._strips)
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, npt.NDArray[Any]] = OrderedDict()

    def indices(self, area: Rect) -> list[int]:
        """The segments that a part of the image lies in."""
        rows = range(area.top // self.height, -(-area.bottom // self.height))
        columns = range(area.left // self.width, -(-area.right // self.width))
        return [row * self._across + column for row in rows for column in columns]

    def hold(self, area: Rect) -> bool:
        """Whether a part of the image is in memory."""
        with self._lock:
            return all(index in self._kept for index in self.indices(area))

    def values(self, area: Rect, *, keep: bool = True) -> npt.NDArray[Any]:
        """A rectangle of the file's values, [h, w, C], C 1 or 3: a fourth channel is left out.

        Args:
            keep: of the segments it lies in the last ones, so that they are read once.

        Raises:
            UserError: a part cannot be read, or the file has been closed.
        """
        shown = 3 if self.channels >= 3 else 1
        out = np.empty((area.height, area.width, shown), self.dtype)
        for index in self.indices(area):
            values = self.segment(index, keep=keep)
            top, left = self._corner(index)
            part = Rect(top, left, top + values.shape[0], left + values.shape[1])
            part = part.intersection(area)
            inside = values[part.top - top : part.bottom - top, part.left - left :]
            out[part.top - area.top : part.bottom - area.top, part.left - area.left :][
                :, : part.width
            ] = inside[:, : part.width, :shown]
        return out

    def segment(self, index: int, *, keep: bool) -> npt.NDArray[Any]:
        """A tile, or strips together, [h, w, C] of the file's values; cut at the image's edge.

        Raises:
            UserError: it cannot be read, or the file has been closed.
        """
        with self._lock:
            found = self._kept.get(index)
            if found is not None:
                self._kept.move_to_end(index)
                return found
            if self._tiff.filehandle.closed:
                raise UserError("the image has been closed", path=self._path)
            try:
                data = _bytes_of(self._tiff, self._page, self._pieces(index))
            except OSError as error:
                raise from_os_error(error, doing="reading the image", path=self._path) from error
        values = self._decoded(index, data)
        if keep:
            with self._lock:
                self._kept[index] = values
                size = sum(held.nbytes for held in self._kept.values())
                while size > _CACHE_BYTES and len(self._kept) > 1:
                    size -= self._kept.popitem(last=False)[1].nbytes
        return values

    def forget(self) -> None:
        """Lets go of what is kept."""
        with self._lock:
            self._kept.clear()

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._kept.clear()
            self._tiff.close()

    # ------------------------------------------------------------------ inside

    @property
    def _across(self) -> int:
        """Segments beside each other."""
        return -(-self.shape[1] // self.width)

    def _corner(self, index: int) -> tuple[int, int]:
        return index // self._across * self.height, index % self._across * self.width

    def _pieces(self, index: int) -> range:
        """The file's tiles or strips that a segment consists of."""
        first = index * self._strips
        return range(first, min(first + self._strips, len(self._page.dataoffsets)))

    def _decoded(self, index: int, data: list[bytes]) -> npt.NDArray[Any]:
        top, left = self._corner(index)
        height = min(self.height, self.shape[0] - top)
        width = min(self.width, self.shape[1] - left)
        if not all(data):
            return self._with_holes(index, data, height)[:, :width]
        try:
            values = decoded_piece(self._page, self._pieces(index)[0], data)
        except Exception as error:
            raise UserError(
                f"a part of the image cannot be read ({error})",
                path=self._path,
                remedy="Copy the file again from its source.",
            ) from error
        if values.shape[0] < height or values.shape[1] < width:
            raise UserError(
                "the image is truncated",
                path=self._path,
                remedy="Copy the file again from its source.",
            )
        return np.ascontiguousarray(values[:height, :width])

    def _with_holes(self, index: int, data: list[bytes], height: int) -> npt.NDArray[Any]:
        """Of a sparse file: nothing but the fill value is where there are no bytes."""
        page, high = self._page, int(self._page.chunks[0])
        values = np.full((len(data) * high, self.width, self.channels), page.nodata, page.dtype)
        for k, part in enumerate(data):
            if part:
                found = decoded_piece(page, self._pieces(index)[k], [part])
                values[k * high : k * high + len(found)] = found
        return values[:height]


def _checked(tiff: Any, path: Path) -> Any:  # noqa: ANN401 - tifffile's pages are untyped unions
    """The first page.

    Raises:
        TiffUnsupported: it is not one that can be read by parts.
        UserError: it is truncated.
    """
    if len(tiff.pages) == 0:
        raise TiffUnsupported("no page")
    page = tiff.pages.first
    turned = page.tags.get(274)
    high, wide = page.chunks[:2] if len(page.chunks) >= 2 else (0, 0)
    size = high * wide * page.samplesperpixel * page.dtype.itemsize
    reasons = {
        "planes": page.planarconfig != _CONTIGUOUS and page.samplesperpixel > 1,
        "values": page.dtype not in (np.dtype(np.uint8), np.dtype(np.uint16)),
        "colours": page.photometric not in (_MIN_IS_BLACK, _RGB)
        and (page.photometric, page.compression) != (_YCBCR, JPEG),  # decoded to red, green, blue
        "channels": page.samplesperpixel not in (1, 3, 4),
        "orientation": turned is not None and int(turned.value) != 1,
        "one large piece": not 0 < size <= _SEGMENT_BYTES,
        "axes": page.axes not in ("YX", "YXS"),
    }
    for what, wrong in reasons.items():
        if wrong:
            raise TiffUnsupported(what)
    if is_truncated(page, tiff.filehandle.size):
        raise UserError(
            "the image is truncated", path=path, remedy="Copy the file again from its source."
        )
    first = next((k for k, count in enumerate(page.databytecounts) if count), None)
    if first is not None:
        try:
            decoded_piece(page, first, _bytes_of(tiff, page, range(first, first + 1)))
        except Exception as error:
            raise TiffUnsupported(str(error)) from error  # a compression that is not known here
    return page


def _strips_together(page: Any) -> int:  # noqa: ANN401
    """How many strips make a segment; 1 of tiles."""
    if page.is_tiled:
        return 1
    size = page.chunks[0] * page.chunks[1] * page.samplesperpixel * page.dtype.itemsize
    return max(1, int(_TOGETHER_BYTES // size))


def _bytes_of(tiff: Any, page: Any, pieces: range) -> list[bytes]:  # noqa: ANN401
    """What the file holds of tiles or strips."""
    found = []
    for piece in pieces:
        tiff.filehandle.seek(page.dataoffsets[piece])
        found.append(tiff.filehandle.read(page.databytecounts[piece]))
    return found
