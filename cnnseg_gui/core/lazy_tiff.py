"""Large TIFF files read by their tiles or strips, as they are looked at.

The coarse levels are made once, in a thread of their own, from the top of the image down; what is
there already can be drawn meanwhile.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.deep_levels import finite, value_means
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.pyramid import level_count, level_shape, reduced
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.core.tiff import TiffUnsupported, is_truncated
from cnnseg_gui.core.windowing import Window, to_rgb8, window_of

_FIRST_KEPT = 3  # at most: an eighth of the image's sides: 42 MB for 30,000²
_CACHE_BYTES = 96 * 2**20
_SEGMENT_BYTES = 64 * 2**20  # a strip or tile that holds more is no use read by parts
_SAMPLED = 48  # segments that the window of 16-bit values is found from
_HISTOGRAM = 100_000  # values kept for it
_CONTIGUOUS, _MIN_IS_BLACK, _RGB = 1, 1, 2


class LazyTiff:
    """The first page of a TIFF file.

    Raises:
        TiffUnsupported: it cannot be read by parts.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, *, pixel_size: float | None = None) -> None:
        import tifffile

        self.pixel_size = pixel_size
        self._path = path
        self.on_grown: Callable[[Rect], None] | None = None
        self._tiff = tifffile.TiffFile(path)
        self._lock = threading.Lock()
        self._segments: OrderedDict[int, npt.NDArray[Any]] = OrderedDict()
        self._stopped = threading.Event()
        try:
            self._page = _checked(self._tiff, path)
            self.shape = (int(self._page.imagelength), int(self._page.imagewidth))
            self._sample: npt.NDArray[np.float64] | None = None
            self.window = None if self._page.dtype == np.uint8 else self._find_window()
        except BaseException:
            self._tiff.close()
            raise
        self.levels = level_count(*self.shape)
        self._first = min(_FIRST_KEPT, self.levels - 1)
        self._kept = [
            np.zeros((*level_shape(self.shape, level), 3), np.uint8)
            for level in range(self._first, self.levels)
        ]
        shown = 3 if self._page.samplesperpixel >= 3 else 1
        self._deep: list[npt.NDArray[np.uint16]] = [  # as `_kept`, of the file's own values
            np.zeros((*level.shape[:2], shown), np.uint16)
            for level in (self._kept if self.window is not None else [])
        ]
        self._build_ended = False
        self._built = 0  # rows of the image that the coarse levels hold
        self._builder = threading.Thread(target=self._build, name="coarse levels", daemon=True)
        self._builder.start()

    @property
    def complete(self) -> bool:
        """The coarse levels are complete."""
        return self._built >= self.shape[0]

    def ready(self, level: int, row: int, column: int) -> bool:
        if level >= self._first:
            return True
        area = cell_rect(row, column, TILE << level).clipped(self.shape)
        with self._lock:
            return all(index in self._segments for index in self._indices(area))

    def tile(self, level: int, row: int, column: int) -> Pixels:
        if level >= self._first:
            image = self._kept[level - self._first]
            return image[cell_rect(row, column, TILE).clipped(image.shape[:2]).slices]
        area = cell_rect(row, column, TILE << level).clipped(self.shape)
        pixels = self._read(area)
        return pixels if level == 0 else reduced(pixels, 1 << level)

    def deep_tile(self, level: int, row: int, column: int) -> npt.NDArray[Any] | None:
        """uint16[h, w, C] of a file that holds such, C 1 or 3; None of 8 bits."""
        if self.window is None:
            return None
        if level >= self._first:
            image = self._deep[level - self._first]
            return image[cell_rect(row, column, TILE).clipped(image.shape[:2]).slices]
        area = cell_rect(row, column, TILE << level).clipped(self.shape)
        values = self._values(area)
        return values if level == 0 else value_means(values, 1 << level)

    def sample(self) -> npt.NDArray[np.float64] | None:
        """Some of the file's own values, of parts from all over it; None of 8 bits."""
        return self._sample

    def value(self, row: int, column: int) -> tuple[float, ...]:
        high, wide = self._page.chunks[:2]
        (index,) = self._indices(Rect(row, column, row + 1, column + 1))
        values = self._segment(index, keep=True)[row % high, column % wide]
        shown = values[:3] if len(values) >= 3 else values[:1]
        return tuple(float(value) for value in shown)

    def close(self) -> None:
        """Does not wait: the thread that makes the coarse levels closes the file when it ends."""
        self._stopped.set()
        with self._lock:
            self._segments.clear()
            if self._build_ended:
                self._tiff.close()

    # ------------------------------------------------------------------ reading

    def _read(self, area: Rect, *, keep: bool = True) -> Pixels:
        """A rectangle of the image, uint8[h, w, 3]."""
        return to_rgb8(self._values(area, keep=keep), self.window)[0]

    def _values(self, area: Rect, *, keep: bool = True) -> npt.NDArray[Any]:
        """A rectangle of the file's values, [h, w, C]; of more than two channels the first 3."""
        shown = 3 if self._page.samplesperpixel >= 3 else 1
        out = np.empty((area.height, area.width, shown), self._page.dtype)
        high, wide = self._page.chunks[:2]
        for index in self._indices(area):
            values = self._segment(index, keep=keep)
            top, left = index // self._across * high, index % self._across * wide
            part = Rect(top, left, top + values.shape[0], left + values.shape[1])
            part = part.intersection(area)
            inside = values[part.top - top : part.bottom - top, part.left - left :]
            out[part.top - area.top : part.bottom - area.top, part.left - area.left :][
                :, : part.width
            ] = inside[:, : part.width, :shown]
        return out

    @property
    def _across(self) -> int:
        """Segments beside each other."""
        return int(-(-self.shape[1] // self._page.chunks[1]))

    def _indices(self, area: Rect) -> list[int]:
        high, wide = self._page.chunks[:2]
        rows = range(area.top // high, -(-area.bottom // high))
        columns = range(area.left // wide, -(-area.right // wide))
        return [row * self._across + column for row in rows for column in columns]

    def _segment(self, index: int, *, keep: bool) -> npt.NDArray[Any]:
        """One tile or strip, [h, w, C] of the file's values; cut at the image's edge."""
        with self._lock:
            found = self._segments.get(index)
            if found is not None:
                self._segments.move_to_end(index)
                return found
            if self._tiff.filehandle.closed:
                raise UserError("the image has been closed", path=self._path)
            try:
                self._tiff.filehandle.seek(self._page.dataoffsets[index])
                data = self._tiff.filehandle.read(self._page.databytecounts[index])
            except OSError as error:
                raise from_os_error(error, doing="reading the image", path=self._path) from error
        values = self._decoded(index, data)
        if keep:
            with self._lock:
                self._segments[index] = values
                size = sum(segment.nbytes for segment in self._segments.values())
                while size > _CACHE_BYTES and len(self._segments) > 1:
                    size -= self._segments.popitem(last=False)[1].nbytes
        return values

    def _decoded(self, index: int, data: bytes) -> npt.NDArray[Any]:
        high, wide = self._page.chunks[:2]
        top, left = index // self._across * high, index % self._across * wide
        height, width = min(high, self.shape[0] - top), min(wide, self.shape[1] - left)
        channels = int(self._page.samplesperpixel)
        if not data:  # a sparse file: nothing but the fill value is there
            return np.full((height, width, channels), self._page.nodata, self._page.dtype)
        try:
            values = self._page.decode(data, index)[0]
        except Exception as error:
            raise UserError(
                f"a part of the image cannot be read ({error})",
                path=self._path,
                remedy="Copy the file again from its source.",
            ) from error
        if values is None or values.size < height * width * channels:
            raise UserError(
                "the image is truncated",
                path=self._path,
                remedy="Copy the file again from its source.",
            )
        values = values.reshape(*values.shape[-3:])[:height, :width]
        return np.ascontiguousarray(values)

    def _find_window(self) -> Window:
        count = len(self._page.dataoffsets)
        chosen = np.unique(np.linspace(0, count - 1, min(count, _SAMPLED)).astype(int))
        parts = [self._segment(int(index), keep=False)[..., :3].ravel()[::7] for index in chosen]
        sample = np.concatenate(parts)
        self._sample = finite(sample[:: max(1, sample.size // _HISTOGRAM)])
        return window_of(sample[:, None])

    # ------------------------------------------------------------------ the coarse levels

    def _build(self) -> None:
        """From the top down, as many rows at a time as the coarsest kept level has one of."""
        try:
            while not self.complete and not self._stopped.is_set():
                step = max(TILE << 1, self._page.chunks[0])
                step = -(-step // (1 << self._first)) << self._first
                area = Rect(self._built, 0, self._built + step, self.shape[1]).clipped(self.shape)
                first = self._built >> self._first
                rows = self._reduce_band(area, first)
                self._coarser(Rect(first, 0, first + rows, self._kept[0].shape[1]))
                self._built = area.bottom
                if (on_grown := self.on_grown) is not None:
                    on_grown(area)
        except UserError:
            return  # said when the part is looked at
        finally:
            with self._lock:
                self._build_ended = True
                if self._stopped.is_set():
                    self._tiff.close()

    def _reduce_band(self, area: Rect, first: int) -> int:
        """Makes rows from `first` on of the first kept level; gives how many.

        The band of whole rows is cut across into pieces that take little memory.
        """
        wide = max(self._page.chunks[1], 1 << 12)
        wide = -(-wide // (1 << self._first)) << self._first
        factor = 1 << self._first
        rows = slice(first, first + -(-area.height // factor))
        for left in range(0, area.right, wide):
            part = area.intersection(Rect(area.top, left, area.bottom, left + wide))
            values = self._values(part, keep=False)
            columns = slice(left // factor, -(-part.right // factor))
            self._kept[0][rows, columns] = reduced(to_rgb8(values, self.window)[0], factor)
            if self._deep:
                self._deep[0][rows, columns] = value_means(values, factor)
        return rows.stop - rows.start

    def _coarser(self, changed: Rect) -> None:
        """The levels above, where the first kept one has changed."""
        for level in range(1, len(self._kept)):
            target = changed.reduced(1)
            below = self._kept[level - 1]
            source = Rect(2 * target.top, 0, 2 * target.bottom, below.shape[1]).clipped(
                (below.shape[0], below.shape[1])
            )
            made = reduced(below[source.slices], 2)
            rows = slice(target.top, target.top + made.shape[0])
            self._kept[level][rows] = made
            if self._deep:
                self._deep[level][rows] = value_means(self._deep[level - 1][source.slices], 2)
            changed = target


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
        "colours": page.photometric not in (_MIN_IS_BLACK, _RGB),
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
        tiff.filehandle.seek(page.dataoffsets[first])
        try:
            page.decode(tiff.filehandle.read(page.databytecounts[first]), first)
        except Exception as error:
            raise TiffUnsupported(str(error)) from error  # a compression that is not known here
    return page
