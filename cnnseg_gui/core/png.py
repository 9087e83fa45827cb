"""Whether a PNG file is whole: Pillow reads on through wrong checksums and missing ends.

Source: PNG (Third Edition), W3C 2025, 5.3 chunk layout, 10.1 deflate.
"""

from __future__ import annotations

import zlib
from typing import BinaryIO

from cnnseg_gui.core.decoded import damaged, truncated

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_DEFLATE_RATIO = 1032
"""At most: a match of 258 bytes takes two bits (zlib's technical details, Adler 1995)."""
_BLOCK = 1 << 20


def check_png(file: BinaryIO) -> None:
    """Walks through the chunks up to the end mark.

    Raises:
        UserError: it is cut off, a checksum that the pixels depend on is wrong, or there are not
            enough bytes for that many pixels.
    """
    if file.read(8) != SIGNATURE:
        raise damaged("the PNG file's first bytes are wrong")
    header, packed = b"", 0
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise truncated()
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        first, checksum = _body(file, length, kind)
        stored = file.read(4)
        if len(stored) < 4:
            raise truncated()
        critical = kind[0] & 0x20 == 0 or kind == b"fdAT"
        if critical and int.from_bytes(stored, "big") != checksum:
            raise damaged("a checksum is wrong")
        if kind == b"IHDR":
            header = first
        if kind == b"IDAT":
            packed += length
        if kind == b"IEND":
            break
    if len(header) < 13 or header[9] not in _SAMPLES:
        raise damaged("the PNG file's header is wrong")
    if packed * _DEFLATE_RATIO < _unpacked(header):
        raise truncated()


def _body(file: BinaryIO, length: int, kind: bytes) -> tuple[bytes, int]:
    """A chunk's first bytes, and its checksum."""
    first, checksum = b"", zlib.crc32(kind)
    while length > 0:
        block = file.read(min(length, _BLOCK))
        if not block:
            raise truncated()
        first = first or block[:13]
        checksum = zlib.crc32(block, checksum)
        length -= len(block)
    return first, checksum


def _unpacked(header: bytes) -> int:
    """Bytes of the pixels, as deflate packed them, without the filter types."""
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    return height * (width * header[8] * _SAMPLES[header[9]] // 8)
