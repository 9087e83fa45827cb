"""What goes to the process that looks at image files, and back: see `decoder_messages.send`."""

from __future__ import annotations

import msgspec

MAX_FRAME = 1 << 24  # bytes: names may be long, and stacks deep


class ProbeThese(msgspec.Struct, tag="probe", frozen=True):
    """Files, as the file system has their names."""

    paths: list[bytes]
    max_pixels: int


class Shrink(msgspec.Struct, tag="shrink", frozen=True):
    """Asks for a picture, as `thumbnail.thumbnail` makes it."""

    path: bytes
    sha256: str
    page: int
    side: int
    max_pixels: int


Request = ProbeThese | Shrink


class Shrunk(msgspec.Struct, tag="shrunk", frozen=True):
    """uint8[side, side, 3]."""

    pixels: bytes


class Fact(msgspec.Struct, tag="fact", frozen=True):
    """A file's images, as `image_table.probe_pages` finds them."""

    sha256: str
    pages: list[tuple[int, int, int]]
    """(page, height, width)."""


class Unreadable(msgspec.Struct, tag="unreadable", frozen=True):
    """The fields of a UserError; of a picture, the answer."""

    what: str
    path: str | None
    remedy: str


class Found(msgspec.Struct, tag="found", frozen=True):
    """An answer for each file, in order; none: the process is ready."""

    files: list[Fact | Unreadable]


Answer = Found | Shrunk | Unreadable
