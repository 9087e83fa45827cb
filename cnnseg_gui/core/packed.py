"""Class masks as bytes: one value, or one or two bits for each pixel, or a byte for each.

Most tiles and most strokes know up to four values; their bits pack several times as fast.
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
    """How many values a uint8 array knows (1, 2, up to 4, up to 256), and its bytes."""
    known = [int(values.flat[0])]
    rest = values != known[0]
    bits = [rest]  # by value: where it is; the first one's place stands for all others
    while len(known) < 4 and rest.any():
        known.append(int(values.flat[int(rest.argmax())]))
        bits.append(values == known[-1])
        rest = rest & ~bits[-1]
    if len(known) == 1:
        return 1, bytes(known)
    if len(known) == 2:
        return 2, bytes(known[::-1]) + np.packbits(bits[1]).tobytes()
    if len(known) == 4 and rest.any():
        return 256, values.tobytes()
    low, high = (bits[1], bits[2]) if len(known) == 3 else (bits[1] | bits[3], bits[2] | bits[3])
    names = bytes([*known, known[-1]][:4])
    return 4, names + np.packbits(low).tobytes() + np.packbits(high).tobytes()


KNOWN = (1, 2, 4, 256)
"""The forms: of so many values."""


def bytes_needed(known: int, pixels: int) -> int:
    """How many bytes `values_to_bytes` gives for so many pixels of so many values."""
    bits = -(-pixels // 8)
    return {1: 1, 2: 2 + bits, 4: 4 + 2 * bits, 256: pixels}[known]


def values_from_bytes(known: int, data: _Pixels, pixels: int) -> _Pixels:
    """The inverse of `values_to_bytes`: uint8[pixels], writable.

    Args:
        data: uint8[bytes_needed(known, pixels)].
    """
    if known == 1:
        return np.full(pixels, data[0], np.uint8)
    if known == 256:
        return data.copy()
    planes = np.unpackbits(data[known:].reshape(known // 2, -1), axis=1, count=pixels)
    if known == 2:
        values: _Pixels = np.where(planes[0].view(np.bool_), data[0], data[1])
        return values
    names = bytearray(planes[0] | (planes[1] << 1)).translate(data[:4].tobytes() + bytes(252))
    return np.frombuffer(names, np.uint8)
