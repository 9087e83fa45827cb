"""Which reader reads which file, and which of them may do so in this process.

A defect of a C library that decodes a hostile file takes down the process it runs in. Here are
read: PNG, JPEG and GIF (libpng is not even used: zlib; libjpeg-turbo; a hundred lines of Pillow,
all fuzzed for a decade by browsers and OSS-Fuzz), and formats where decoding is copying: BMP, raw
PPM, uncompressed TIFF. All others go to `decoder_process`: large C and C++ libraries (libtiff,
OpenJPEG, libwebp, libavif with its codecs, libCZI), formats that can unpack to more than they say
(TIFF's deflate and LZMA), and Pillow's decoders written in Python, which can be slow without end.
"""

from __future__ import annotations

from typing import Protocol

from cnnseg_gui.core import czi, dicom
from cnnseg_gui.core.decoded import Decoded, checked_page, checked_size
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_file import Source, head_of, opened
from cnnseg_gui.core.jpeg import jpeg_layout
from cnnseg_gui.core.pillow_image import pillow_page_count, pillow_shape, read_pillow
from cnnseg_gui.core.tiff import TiffUnsupported, is_tiff, read_tiff, tiff_page_count, tiff_shape

_HEAD = 256
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


class NotHere(Exception):
    """To be decoded in a process of its own."""


def page_count(source: Source, *, isolated: bool) -> int:
    """How many images a file holds.

    Args:
        isolated: this process is there to decode files, and may die of it.

    Raises:
        NotHere: only where not isolated.
        Exception: of any kind, where the file is broken.
    """
    name = _format(source)
    if name == "TIFF":
        try:
            return tiff_page_count(source)
        except TiffUnsupported:
            name = ""
    if name:
        return pillow_page_count(source, (name,))
    _must_be(isolated)
    reader = _scientific(source)
    return reader.page_count(source) if reader else pillow_page_count(source)


def shape(source: Source, page: int, *, max_pixels: int, isolated: bool) -> tuple[int, int]:
    """Height and width of a page, upright, by the file's header.

    Raises:
        UserError: too many pixels, none, or no such page.
        NotHere: only where not isolated.
        Exception: of any kind, where the file is broken.
    """
    return checked_size(*_shape(source, page, isolated), max_pixels)


def read(source: Source, page: int, *, max_pixels: int, isolated: bool) -> Decoded:
    """A page of an image file.

    Raises:
        UserError: too many pixels, none, no such page, or it is truncated.
        NotHere: only where not isolated.
        Exception: of any kind, where the file is broken.
    """
    name = _format(source)
    if name == "TIFF":
        try:
            return read_tiff(source, page, max_pixels=max_pixels, compressed=isolated)
        except TiffUnsupported:
            name = ""  # a compression or colour space that Pillow knows
    if name == "JPEG" and not _is_everyday(source):
        name = ""
    if name:
        return read_pillow(source, page, max_pixels=max_pixels, formats=(name,))
    _must_be(isolated)
    reader = _scientific(source)
    if reader is None:
        return read_pillow(source, page, max_pixels=max_pixels)
    checked_page(page, reader.page_count(source))
    checked_size(*reader.shape(source, page), max_pixels)
    return reader.read(source, page)


# ---------------------------------------------------------------------- inside


class _Reader(Protocol):
    """A module for one format; its functions raise whatever a broken file makes them raise."""

    def page_count(self, source: Source) -> int: ...

    def shape(self, source: Source, page: int) -> tuple[int, int]: ...

    def read(self, source: Source, page: int) -> Decoded: ...


def _shape(source: Source, page: int, isolated: bool) -> tuple[int, int]:
    name = _format(source)
    if name == "TIFF":
        try:
            return tiff_shape(source, page)
        except TiffUnsupported:
            name = ""
    if name:
        return pillow_shape(source, page, (name,))
    _must_be(isolated)
    reader = _scientific(source)
    if reader is None:
        return pillow_shape(source, page)
    checked_page(page, reader.page_count(source))
    return reader.shape(source, page)


def _format(source: Source) -> str:
    """Pillow's name of a format that may be read in any process, empty for others."""
    head = head_of(source, _HEAD)
    if not head:
        raise UserError("the file is empty", remedy="Copy the file again from its source.")
    if is_tiff(head):
        return "TIFF"
    if head.startswith(b"\x89PNG"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"P4", b"P5", b"P6")):  # the others are numbers in words
        return "PPM"
    if head.startswith(b"BM") and _is_plain_bmp(head):
        return "BMP"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS and b"avif" not in head:
        raise UserError(
            "this is an HEIF image, which is not read here",
            remedy="Open it in another program and save it as JPEG or PNG.",
        )
    return ""


def _is_plain_bmp(head: bytes) -> bool:
    """No run lengths: they are unpacked in Python, and may skip over any number of pixels."""
    old = int.from_bytes(head[14:18], "little") == 12
    return old or int.from_bytes(head[30:34], "little") in (0, 3)  # BI_RGB, BI_BITFIELDS


def _is_everyday(source: Source) -> bool:
    with opened(source) as file:
        return jpeg_layout(file.read()).everyday


def _scientific(source: Source) -> _Reader | None:
    head = head_of(source, _HEAD)
    if dicom.is_dicom(head):
        return dicom
    return czi if czi.is_czi(head) else None


def _must_be(isolated: bool) -> None:
    if not isolated:
        raise NotHere
