"""Strips or a tile of a TIFF file as a TIFF file of their own, for a decoder that takes files.

What deflate and the plain formats hold is unpacked here; LZW, JPEG and the others go to
`decoder_process`, as a whole file of theirs would.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.decoder_process import SHARED

JPEG = 7
_DECODED_HERE = (1, 8, 32946, 32773)  # none, deflate (two numbers), PackBits
_WIDTH, _LENGTH, _STRIP_ROWS = 256, 257, 278
_OFFSETS, _COUNTS = 273, 279
_KEPT = (258, 259, 262, 266, 277, 284, 317, 338, 339, 347, 530, 531, 532)
"""Tags that say how values are packed: bits, compression, colours, fill order, samples, planes,
predictor, extra samples, sample format, JPEG's tables, and how its colours are sampled."""
_TYPES = {1: "B", 3: "H", 4: "I", 5: "II", 7: "B"}  # the TIFF types of those tags
_BYTES, _SHORT, _LONG = 7, 3, 4


def decoded_piece(page: Any, first: int, data: Sequence[bytes]) -> npt.NDArray[Any]:  # noqa: ANN401
    """The values of a tile or of strips, [h, w, C] of the page's type; no tile is cut at the edge.

    Args:
        page: a `tifffile.TiffPage` whose samples lie together.
        first: index of the tile, or of the first of strips that follow each other.
        data: the bytes of each in the file, none of them empty.

    Raises:
        Exception: of any kind, where it is broken.
    """
    if page.compression in _DECODED_HERE:
        return np.concatenate([_decoded(page, first + k, part) for k, part in enumerate(data)])
    height, width = _size(page, first, len(data))
    values = SHARED.read(piece_as_file(page, first, data), 0, max_pixels=height * width).values
    return values if values.ndim == 3 else values[..., None]


def piece_as_file(page: Any, first: int, data: Sequence[bytes]) -> bytes:  # noqa: ANN401
    """A classic TIFF file of strips, in the byte order of the page's."""
    order = page.parent.byteorder
    height, width = _size(page, first, len(data))
    fields = {
        _WIDTH: (_LONG, (width,)),
        _LENGTH: (_LONG, (height,)),
        _STRIP_ROWS: (_LONG, (int(page.chunks[0]),)),
        _COUNTS: (_LONG, tuple(len(part) for part in data)),
        _OFFSETS: (_LONG, tuple(0 for _ in data)),
    }
    for code in _KEPT:
        if (tag := page.tags.get(code)) is not None and int(tag.dtype) in _TYPES:
            fields[code] = (int(tag.dtype), _numbers(tag.value))
    begin = 8 + 2 + 12 * len(fields) + 4
    fields[_OFFSETS] = (_LONG, tuple(accumulate((len(part) for part in data[:-1]), initial=begin)))
    after = begin + sum(len(part) for part in data)
    entries, apart = bytearray(), bytearray(after % 2)  # what is not in an entry begins evenly
    for code, (kind, numbers) in sorted(fields.items()):
        per_value = len(_TYPES[kind])
        packed = struct.pack(f"{order}{len(numbers)}{_TYPES[kind][0]}", *numbers)
        entries += struct.pack(f"{order}HHI", code, kind, len(numbers) // per_value)
        if len(packed) > 4:
            entries += struct.pack(f"{order}I", after + len(apart))
            apart += packed + bytes(len(packed) % 2)
        else:
            entries += packed.ljust(4, b"\0")
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HIH", 42, 8, len(fields)) + entries + bytes(4)
    return b"".join((head, *data, apart))


def _decoded(page: Any, index: int, data: bytes) -> npt.NDArray[Any]:  # noqa: ANN401
    values = page.decode(data, index)[0]
    if values is None:
        raise ValueError("no values")
    return np.asarray(values).reshape(values.shape[-3:])


def _size(page: Any, first: int, count: int) -> tuple[int, int]:  # noqa: ANN401
    """Rows and columns that the bytes stand for: of a tile always all, of the last strip fewer."""
    high, wide = page.chunks[:2]
    if page.is_tiled:
        return int(high), int(wide)
    return min(count * int(high), int(page.imagelength) - first * int(high)), int(wide)


def _numbers(value: object) -> tuple[int, ...]:
    if isinstance(value, (bytes, tuple, list)):
        return tuple(int(number) for number in value)
    return (int(value),) if isinstance(value, int) else ()
