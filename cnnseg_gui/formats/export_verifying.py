"""Whether a written data set is what was to be written: read back by another reader, compared."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import numpy as np

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats.dataset import Entry, Format, WriteOptions


@dataclass(frozen=True)
class Difference:
    """A mask that was read back otherwise than it was written.

    Args:
        image: where the image lies in the data set.
        pixels: how many differ.
        worst_iou: intersection over union of the class that fared worst, 0…1.
    """

    image: str
    pixels: int
    worst_iou: float


@dataclass(frozen=True)
class Verified:
    """What reading a data set back has shown.

    Args:
        reader: what read it, such as "pycocotools".
        images: how many masks were compared.
        exact: whether all of them should be identical with what was chosen.
        differing: those that are not, in the data set's order.
    """

    reader: str
    images: int
    exact: bool
    differing: tuple[Difference, ...] = ()

    @property
    def identical(self) -> int:
        """Masks that are the same to the pixel."""
        return self.images - len(self.differing)

    @property
    def sound(self) -> bool:
        """Whether all is as it should be with this format."""
        return not (self.exact and self.differing)

    def in_words(self) -> str:
        """One line for people."""
        noun = "image" if self.images == 1 else "images"
        line = f"Identical: {self.identical:,} of {self.images:,} {noun} read back by {self.reader}"
        if not self.differing:
            return line
        worst = min(self.differing, key=lambda difference: difference.worst_iou)
        pixels = sum(difference.pixels for difference in self.differing)
        why = "" if self.exact else ", as outlines are not exact"
        return (
            f"{line}; {pixels:,} pixels differ{why}. Worst: {worst.image}, "
            f"{worst.pixels:,} pixels, IoU {worst.worst_iou:.4f}"
        )


class MaskSpool:
    """The masks that were written, packed in a temporary file: memory stays flat."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._sizes: list[tuple[int, tuple[int, int]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, mask: Pixels) -> None:
        """Keeps a mask, uint8[H, W]."""
        data = zlib.compress(np.ascontiguousarray(mask).data, 1)
        self._sizes.append((self._file.write(data), (mask.shape[0], mask.shape[1])))

    def __iter__(self) -> Iterator[Pixels]:
        """The masks in the order in which they were added, once."""
        self._file.seek(0)
        for size, shape in self._sizes:
            yield np.frombuffer(zlib.decompress(self._file.read(size)), np.uint8).reshape(shape)


def verify(
    format_: Format,
    folder: Path,
    options: WriteOptions,
    entries: Sequence[Entry],
    masks: MaskSpool,
    *,
    on_image: Callable[[int], None],
) -> Verified | None:
    """Reads a data set back and compares each mask with what the format can hold of it.

    Args:
        on_image: called with the number of images compared so far, before each one.

    Returns:
        None where the format has no masks.

    Raises:
        UserError: the other reader cannot read it.
    """
    if format_.check is None:
        return None
    differing = []
    done = 0
    read = _reading(format_.check(folder, options, entries), folder)
    for number, mask in enumerate(masks):
        on_image(number)
        difference = compare(format_.kept(mask), next(read, None), str(entries[number].image))
        if difference is not None:
            differing.append(difference)
        done += 1
    return Verified(format_.checked_by(), done, format_.is_exact(options), tuple(differing))


def compare(expected: Pixels, read: Pixels | None, image: str) -> Difference | None:
    """How a mask differs from what it should be; None where it does not."""
    if read is None or read.shape != expected.shape:
        return Difference(image, int(expected.size), 0.0)
    if np.array_equal(expected, read):
        return None
    pairs = np.bincount((expected.astype(np.int32) << 8 | read).ravel(), minlength=1 << 16).reshape(
        256, 256
    )
    both = np.diagonal(pairs)
    either = pairs.sum(0) + pairs.sum(1) - both
    there = either > 0
    there[UNLABELLED] = False
    ious = both[there] / either[there]
    pixels = int(expected.size - both.sum())
    return Difference(image, pixels, float(ious.min()) if ious.size else 0.0)


def _reading(masks: Iterator[Pixels], folder: Path) -> Iterator[Pixels]:
    try:
        yield from masks
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UserError(
            f"the data set could not be read back ({error})",
            path=folder,
            remedy="Choose another format, and report this.",
        ) from error
