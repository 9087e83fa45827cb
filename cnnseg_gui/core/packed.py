"""Class masks as bytes: one value, two values and a bit for each pixel, or a byte for each pixel.

Most tiles and most strokes know one or two values; a bit for each pixel packs twice as fast then.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

_Pixels = npt.NDArray[np.uint8]


def packed_bytes(data: bytes | memoryview) -> bytes:
    """zlib, of runs alone: faster and smaller than its level 1 on rows of equal values."""
    packer = zlib.compressobj(1, strategy=zlib.Z_RLE)
    return packer.compress(data) + packer.flush()


def values_to_bytes(values: _Pixels) -> tuple[int, bytes]:
    """How many values a uint8 array knows (3 stands for more than two), and its bytes."""
    first = values.flat[0]
    is_first = values == first
    ones = int(np.count_nonzero(is_first))
    if ones == values.size:
        return 1, bytes([first])
    second = values.flat[int(is_first.argmin())]
    if ones + int(np.count_nonzero(values == second)) == values.size:
        return 2, bytes([first, second]) + np.packbits(is_first).tobytes()
    return 3, values.tobytes()


def bytes_needed(known: int, pixels: int) -> int:
    """How many bytes `values_to_bytes` gives for so many pixels of so many values."""
    return (1, 2 + -(-pixels // 8), pixels)[known - 1]


def values_from_bytes(known: int, data: _Pixels, pixels: int) -> _Pixels:
    """The inverse of `values_to_bytes`: uint8[pixels], writable.

    Args:
        data: uint8[bytes_needed(known, pixels)].
    """
    if known == 1:
        return np.full(pixels, data[0], np.uint8)
    if known == 2:
        is_first = np.unpackbits(data[2:], count=pixels).view(np.bool_)
        values: _Pixels = np.where(is_first, data[0], data[1])
        return values
    return data.copy()
