"""COCO's run-length encoding of binary masks, both directions, in numpy.

A mask is read column by column. Its run lengths, the first one of unset pixels, are written as
characters 48…111 of 5 bits each with a bit for "more follows", from the fourth run on as the
difference to the run two before. Source: `rleEncode`, `rleToString` and `rleFrString` in
pycocotools' common/maskApi.c (Dollár and Lin, 2015); strings are equal to theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.rect import Rect

_Integers = npt.NDArray[np.int64]

_FIRST_CHARACTER = 48
_LONGEST_NUMBER = 12  # characters: 60 bits, more than any image has pixels


@dataclass(frozen=True)
class EncodedObject:
    """One object of a label image: its mask as a COCO string, its pixels, the box around it."""

    counts: str
    area: int
    box: Rect


def encode(mask: npt.NDArray[np.bool_]) -> str:
    """The COCO string of a bool[H, W] mask."""
    objects = encode_objects(mask.astype(np.int8))
    if objects:
        return objects[0].counts
    return _strings(np.array([mask.size], np.int64), np.array([1]))[0]


def decode(counts: str, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The inverse of `encode`: bool[H, W] of the given shape.

    Raises:
        ValueError: the string is none of COCO's, or of another number of pixels.
    """
    height, width = shape
    mask = np.zeros(height * width, np.uint8)
    paint(mask, counts, shape, 1)
    return mask.view(np.bool_).reshape(width, height).T


def paint(
    columns: npt.NDArray[np.uint8], counts: str | Sequence[int], shape: tuple[int, int], value: int
) -> None:
    """Sets `value` at the pixels of an encoded mask.

    Args:
        columns: uint8[width * height], the image column by column.
        counts: COCO's string, or its list of run lengths.

    Raises:
        ValueError: it is none of COCO's, or of another number of pixels.
    """
    runs = _checked_runs(counts, shape[0] * shape[1])
    if runs.size < 2:
        return
    # From the first set pixel to the last one: an object is small in its image.
    inner = runs[1 : 2 * (runs.size // 2)]
    begin = int(runs[0])
    covered = np.repeat(np.arange(inner.size) % 2 == 0, inner)
    columns[begin : begin + covered.size][covered] = value


def described(counts: str, shape: tuple[int, int]) -> EncodedObject:
    """An encoded mask with its area and the box around it.

    Raises:
        ValueError: as `paint`.
    """
    runs = _checked_runs(counts, shape[0] * shape[1])
    lengths = runs[1::2]
    if not lengths.any():
        return EncodedObject(counts, 0, Rect(0, 0, 0, 0))
    begins = np.cumsum(runs)[0::2][: lengths.size]
    ends = begins + lengths
    column, row = np.divmod(begins, shape[0])
    last_column, last_row = np.divmod(ends - 1, shape[0])
    crosses = column != last_column  # a run over an edge between columns touches both edges
    top = 0 if crosses.any() else int(row.min())
    bottom = shape[0] if crosses.any() else int(last_row.max()) + 1
    box = Rect(top, int(column[0]), bottom, int(last_column[-1]) + 1)
    return EncodedObject(counts, int(lengths.sum()), box)


def encode_objects(
    labels: npt.NDArray[np.integer[Any]],
    *,
    corner: tuple[int, int] = (0, 0),
    shape: tuple[int, int] | None = None,
) -> list[EncodedObject]:
    """Encodes every object of a label image in one pass, without a mask for each.

    Args:
        labels: [h, w], 0 where there is no object, otherwise the object's number.
        corner: row and column of `labels` in the image.
        shape: height and width of the image; that of `labels` if not given.

    Returns:
        The objects in ascending order of their numbers.
    """
    height, width = shape or labels.shape
    label, row, column, length = _runs(labels)
    if not label.size:
        return []
    row, column = row + corner[0], column + corner[1]
    first = _group_starts(label)
    last = np.append(first[1:], label.size) - 1
    areas = np.add.reduceat(length, first)
    tops = np.minimum.reduceat(row, first)
    bottoms = np.maximum.reduceat(row + length, first)
    lefts, rights = column[first], column[last] + 1

    start = column * height + row
    end = start + length
    # A run down to the lower edge and one from the upper edge of the next column are one run.
    opens = np.append(True, (label[1:] != label[:-1]) | (start[1:] != end[:-1]))
    closes = np.append(opens[1:], True)
    counts, sizes = _run_counts(label[opens], start[opens], end[closes], height * width)
    boxes = zip(tops.tolist(), lefts.tolist(), bottoms.tolist(), rights.tolist(), strict=True)
    return [
        EncodedObject(text, area, Rect(*box))
        for text, area, box in zip(_strings(counts, sizes), areas.tolist(), boxes, strict=True)
    ]


# ---------------------------------------------------------------------- inside


def _checked_runs(counts: str | Sequence[int], total: int) -> _Integers:
    """Run lengths, which together are `total` pixels."""
    # A run of n pixels takes up to n characters, and its difference to an earlier run as many.
    if len(counts) > 2 * total + 2 * _LONGEST_NUMBER:
        raise ValueError("more runs than the image has pixels")
    if isinstance(counts, str):
        runs = _run_lengths(counts)
    else:
        if any(not 0 <= run <= total for run in counts):
            raise ValueError("a run that is longer than the image or negative")
        runs = np.array(counts, np.int64)
    if runs.size and (runs.min() < 0 or runs.max() > total):
        raise ValueError("a run that is longer than the image or negative")
    if runs.sum() != total:
        raise ValueError(f"the runs are of {runs.sum()} pixels, the image has {total}")
    return runs


def _runs(
    labels: npt.NDArray[np.integer[Any]],
) -> tuple[_Integers, _Integers, _Integers, _Integers]:
    """Label, first row, column and length of every vertical run, by label, then column, row."""
    height, width = labels.shape
    # A zero before everything and one below each column: every run begins and ends at an edge.
    flat = np.zeros(width * (height + 1) + 1, labels.dtype)
    flat[1:].reshape(width, height + 1)[:, :height] = labels.T
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    values = flat[edges + 1]
    inside = np.flatnonzero(values)
    starts, lengths = edges[inside], edges[inside + 1] - edges[inside]
    order = np.argsort(values[inside], kind="stable")
    column, row = np.divmod(starts[order], height + 1)
    return values[inside][order].astype(np.int64), row, column, lengths[order]


def _group_starts(label: _Integers) -> _Integers:
    return np.flatnonzero(np.append(True, label[1:] != label[:-1]))


def _run_counts(
    label: _Integers, start: _Integers, end: _Integers, total: int
) -> tuple[_Integers, _Integers]:
    """Run lengths of all objects one after another, and how many belong to each."""
    first = _group_starts(label)
    stop = np.append(first[1:], label.size)
    gap = start - np.append(0, end[:-1])
    gap[first] = start[first]
    pairs = np.stack([gap, end - start], axis=1).ravel()
    rest = total - end[stop - 1]
    has_rest = rest > 0
    counts = np.insert(pairs, 2 * stop[has_rest], rest[has_rest])
    return counts, 2 * (stop - first) + has_rest


def _strings(counts: _Integers, sizes: _Integers) -> list[str]:
    """COCO strings of run lengths that lie one after another, `sizes` of them to each string."""
    first = np.cumsum(sizes) - sizes
    place = np.arange(counts.size) - np.repeat(first, sizes)
    values = counts.copy()
    later = np.flatnonzero(place > 2)
    values[later] -= counts[later - 2]

    digit = np.arange(_LONGEST_NUMBER)
    # A number of k characters has 5 k bits, one of them its sign.
    magnitude = np.where(values < 0, ~values, values)
    needed = 1 + np.searchsorted(1 << (5 * digit[1:] - 1), magnitude, side="right")
    digit = digit[: needed.max()]
    follows = digit < needed[:, None] - 1
    characters = ((values[:, None] >> 5 * digit) & 31) + 32 * follows + _FIRST_CHARACTER
    text = characters.astype(np.uint8)[digit < needed[:, None]].tobytes().decode("ascii")
    ends = np.cumsum(np.add.reduceat(needed, first)).tolist()
    return [text[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def _run_lengths(counts: str) -> _Integers:
    """The inverse of `_strings` for one string."""
    if not counts:
        return np.zeros(0, np.int64)
    try:
        codes = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - _FIRST_CHARACTER
    except UnicodeEncodeError as error:
        raise ValueError("a character that COCO's encoding does not use") from error
    if codes.min() < 0 or codes.max() > 63:
        raise ValueError("a character that COCO's encoding does not use")
    closing = np.flatnonzero(codes < 32)
    if not closing.size or closing[-1] != codes.size - 1:
        raise ValueError("the last number is cut off")
    first = np.append(0, closing[:-1] + 1)
    sizes = closing - first + 1
    if sizes.max() > _LONGEST_NUMBER:
        raise ValueError("a number that is too long")
    digit = np.arange(codes.size) - np.repeat(first, sizes)
    values = np.add.reduceat((codes & 31) << 5 * digit, first)
    values -= np.where(codes[closing] & 16, 1 << 5 * sizes, 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
