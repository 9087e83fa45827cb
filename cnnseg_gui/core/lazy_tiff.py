"""Large TIFF files read by their tiles or strips, as they are looked at.

The coarse levels are made once, in a thread of their own, from the top of the image down; what is
there already can be drawn meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.deep_levels import finite, value_means
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import TILE, Pixels
from cnnseg_gui.core.pyramid import level_count, level_shape, reduced
from cnnseg_gui.core.rect import Rect, cell_rect
from cnnseg_gui.core.tiff_segments import TiffSegments
from cnnseg_gui.core.windowing import Window, to_rgb8, window_of

_FIRST_KEPT = 3  # at most: an eighth of the image's sides: 42 MB for 30,000²
_SAMPLED = 48  # segments that the window of 16-bit values is found from
_HISTOGRAM = 100_000  # values kept for it


class LazyTiff:
    """The first page of a TIFF file.

    Raises:
        TiffUnsupported: it cannot be read by parts.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, *, pixel_size: float | None = None) -> None:
        self.pixel_size = pixel_size
        self.on_grown: Callable[[Rect], None] | None = None
        self._file = TiffSegments(path)
        self.shape = self._file.shape
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._sample: npt.NDArray[np.float64] | None = None
        try:
            self.window = None if self._file.dtype == np.uint8 else self._find_window()
        except BaseException:
            self._file.close()
            raise
        self.levels = level_count(*self.shape)
        self._first = min(_FIRST_KEPT, self.levels - 1)
        self._kept = [
            np.zeros((*level_shape(self.shape, level), 3), np.uint8)
            for level in range(self._first, self.levels)
        ]
        shown = 3 if self._file.channels >= 3 else 1
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
        return self._file.hold(cell_rect(row, column, TILE << level).clipped(self.shape))

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
        values = self._file.values(area)
        return values if level == 0 else value_means(values, 1 << level)

    def sample(self) -> npt.NDArray[np.float64] | None:
        """Some of the file's own values, of parts from all over it; None of 8 bits."""
        return self._sample

    def value(self, row: int, column: int) -> tuple[float, ...]:
        values = self._file.values(Rect(row, column, row + 1, column + 1))
        return tuple(float(value) for value in values[0, 0])

    def close(self) -> None:
        """Does not wait: the thread that makes the coarse levels closes the file when it ends."""
        self._stopped.set()
        with self._lock:
            self._file.forget()
            if self._build_ended:
                self._file.close()

    # ------------------------------------------------------------------ reading

    def _read(self, area: Rect) -> Pixels:
        """A rectangle of the image, uint8[h, w, 3]."""
        return to_rgb8(self._file.values(area), self.window)[0]

    def _find_window(self) -> Window:
        count = self._file.count
        chosen = np.unique(np.linspace(0, count - 1, min(count, _SAMPLED)).astype(int))
        parts = [self._file.segment(int(k), keep=False)[..., :3].ravel()[::7] for k in chosen]
        sample = np.concatenate(parts)
        self._sample = finite(sample[:: max(1, sample.size // _HISTOGRAM)])
        return window_of(sample[:, None])

    # ------------------------------------------------------------------ the coarse levels

    def _build(self) -> None:
        """From the top down, as many rows at a time as the coarsest kept level has one of."""
        try:
            while not self.complete and not self._stopped.is_set():
                step = max(TILE << 1, self._file.height)
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
                    self._file.close()

    def _reduce_band(self, area: Rect, first: int) -> int:
        """Makes rows from `first` on of the first kept level; gives how many.

        The band of whole rows is cut across into pieces that take little memory.
        """
        wide = max(self._file.width, 1 << 12)
        wide = -(-wide // (1 << self._first)) << self._first
        factor = 1 << self._first
        rows = slice(first, first + -(-area.height // factor))
        for left in range(0, area.right, wide):
            part = area.intersection(Rect(area.top, left, area.bottom, left + wide))
            values = self._file.values(part, keep=False)
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
