"""Masks as indexed PNG, written band by band: of a large one no copy is ever in memory.

Pillow would want all pixels at once, and hold other threads up while it packs them. Source: PNG
(Third Edition), W3C 2025: 5.3 chunk layout, 9.2 filter types (0 here: none), 11.3.3.4 iTXt.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

import numpy as np

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.png import SIGNATURE

_LEVEL = 3
_DEPTH, _INDEXED = 8, 3


def indexed_png(
    shape: tuple[int, int], bands: Iterable[Pixels], palette: Pixels, *, note: str = ""
) -> bytes:
    """A PNG file of 8-bit indices.

    Args:
        shape: height and width.
        bands: uint8[h, width] from the top down, together of the whole height.
        palette: uint8[n, 3], the colours of the indices 0 … n - 1.
        note: a text kept in the file under the keyword `cnnseg`, where there is one.
    """
    height, width = shape
    chunks = [
        SIGNATURE,
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, _DEPTH, _INDEXED, 0, 0, 0)),
        _chunk(b"PLTE", palette.tobytes()),
    ]
    if note:
        packed = zlib.compress(note.encode())
        chunks.append(_chunk(b"iTXt", b"cnnseg\0\1\0\0\0" + packed))
    packer = zlib.compressobj(_LEVEL)
    parts = []
    for band in bands:
        lines = np.zeros((band.shape[0], width + 1), np.uint8)  # each begins with its filter
        lines[:, 1:] = band
        parts.append(packer.compress(lines.data))
    parts.append(packer.flush())
    chunks += [_chunk(b"IDAT", b"".join(parts)), _chunk(b"IEND", b"")]
    return b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
    )
