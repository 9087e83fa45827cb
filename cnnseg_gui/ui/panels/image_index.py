"""What the list keeps of every image: so little that 100,000 of them are some 15 MB."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.image_listing import ListedImage
from cnnseg_gui.ui.panels.image_filter import ImageFilter


class ImageIndex:
    """Numbers, names, statuses and tags by row, in the order the images were added."""

    def __init__(self) -> None:
        self._ids = array("q")  # ascending
        self._names: list[str] = []
        self._statuses: list[str] = []
        self._tags: dict[int, tuple[str, ...]] = {}  # by the image's number, where it has some
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def last(self) -> int:
        """The number of the last image; 0 where there is none."""
        return self._ids[-1] if self._ids else 0

    def count(self, status: str) -> int:
        """How many images have a status."""
        return self._counts[status]

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """int64[n]: all numbers, ascending; a copy."""
        return np.array(self._ids, np.int64)

    def id(self, row: int) -> int:
        return self._ids[row]

    def name(self, row: int) -> str:
        return self._names[row]

    def row_of(self, image_id: int) -> int | None:
        """None: it is not in the list, or not yet."""
        row = bisect_left(self._ids, image_id)
        return row if row < len(self._ids) and self._ids[row] == image_id else None

    def extend(self, images: Sequence[ListedImage]) -> None:
        """Takes the next images, whose numbers are above all before."""
        for image in images:
            status = sys.intern(image.status)
            self._ids.append(image.id)
            self._names.append(image.name)
            self._statuses.append(status)
            self._counts[status] += 1
            if image.tags:
                self._tags[image.id] = tuple(map(sys.intern, image.tags))

    def replace(self, row: int, image: ListedImage) -> None:
        """What an image is called, how far it is and how it is tagged is another."""
        self._counts[self._statuses[row]] -= 1
        self._counts[image.status] += 1
        self._names[row], self._statuses[row] = image.name, sys.intern(image.status)
        self._tags.pop(image.id, None)
        if image.tags:
            self._tags[image.id] = image.tags

    def remove(self, row: int) -> None:
        """An image is listed no more."""
        self._tags.pop(self._ids[row], None)
        self._counts[self._statuses[row]] -= 1
        del self._ids[row], self._names[row], self._statuses[row]

    def accepted(self, row: int, by: ImageFilter) -> bool:
        """Whether a filter lets a row through."""
        tags = self._tags.get(self._ids[row], ())
        return by.accepts(self._names[row], self._statuses[row], tags)
