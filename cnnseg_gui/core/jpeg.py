"""Whether a JPEG file is whole: where bytes lack before its end mark, libjpeg goes on in grey.

Source: ITU-T T.81, B.1 marker assignments; `decode_mcu` in libjpeg-turbo's jdhuff.c, which leaves
the coefficients of missing blocks 0, that is grey.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnseg_gui.core.decoded import truncated

_MARKER = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_EOI, _SOS, _SOI = 0xD9, 0xDA, 0xD8
_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_BODY = frozenset({0x01, _SOI, *range(0xD0, 0xD8)})
_MAX_SCANS = 100
"""A progressive JPEG has about ten; each costs a walk over the whole image."""
_PIXELS_PER_BYTE = 1024
"""At most: a block of 8 × 8 pixels takes a bit or more, and samplings as 4 × 1 beside 1 × 4 leave
out seven blocks of eight."""
_FILLERS = b"\x55" * 4096, b"\x6a" * 4096


@dataclass(frozen=True)
class JpegLayout:
    """What a JPEG file is made of, up to its first end mark."""

    frame: int
    """The marker of its frame, 0 where it has none."""
    pixels: int
    scan_ends: tuple[int, ...]
    """The markers behind the scans."""
    coded: int
    """Bytes of all scans."""
    end: int
    """Where the end mark is; -1 where there is none."""

    @property
    def everyday(self) -> bool:
        """Of a kind that is decoded everywhere, in a time that follows from its size."""
        return self.frame in _HUFFMAN and len(self.scan_ends) <= _MAX_SCANS


def jpeg_layout(data: bytes) -> JpegLayout:
    """Walks from marker to marker."""
    frame, pixels, coded, place, end = 0, 0, 0, 2, -1
    scan_ends: list[int] = []
    while (found := _MARKER.search(data, place)) is not None:
        marker, place = data[found.start() + 1], found.end()
        if marker == _EOI:
            end = found.start()
            break
        if marker in _WITHOUT_BODY:
            continue
        body = place + 2
        place += int.from_bytes(data[place : place + 2], "big")
        if marker in _FRAMES and frame == 0:
            frame = marker
            height, width = data[body + 1 : body + 3], data[body + 3 : body + 5]
            pixels = int.from_bytes(height, "big") * int.from_bytes(width, "big")
        if marker == _SOS:
            after = _SCAN_END.search(data, place)
            stop = len(data) if after is None else after.start()
            coded += max(0, stop - place)
            place = stop
            scan_ends.append(stop)
    return JpegLayout(frame, pixels, tuple(scan_ends), coded, end)


def check_jpeg(layout: JpegLayout) -> None:
    """Before it is decoded.

    Raises:
        UserError: the end mark is missing, or there are not enough bytes for that many pixels.
    """
    short = layout.frame in _HUFFMAN and layout.pixels > _PIXELS_PER_BYTE * layout.coded
    if layout.end < 0 or short:
        raise truncated()


def check_jpeg_end(image: Image.Image, data: bytes, layout: JpegLayout) -> None:
    """After it was decoded.

    Where the last block is such a grey, the file is decoded twice more, with different bytes behind
    each scan: of a whole image they are never looked at. A progressive image that lacks nothing but
    its last scans is whole, and less sharp.

    Raises:
        UserError: bytes lack.
    """
    width, height = image.size
    last = np.asarray(image.crop((max(0, width - 8), max(0, height - 8), width, height)))
    if last.min() < 126 or last.max() > 129:
        return
    first, second = (_small(_filled(data, layout, filler)) for filler in _FILLERS)
    if not np.array_equal(first, second):
        raise truncated()


def _filled(data: bytes, layout: JpegLayout, filler: bytes) -> bytes:
    starts = (0, *layout.scan_ends[:-1])
    parts = [data[a:b] for a, b in zip(starts, layout.scan_ends, strict=True)]
    return filler.join([*parts, data[layout.scan_ends[-1] :]]) if parts else data


def _small(data: bytes) -> npt.NDArray[np.uint8]:
    """At an eighth of its size."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft(None, (image.width // 8, image.height // 8))
        return np.asarray(image)
