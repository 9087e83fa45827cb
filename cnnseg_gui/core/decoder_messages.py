"""What goes to the decoder's process and back: frames of a length and JSON, then plain bytes.

Nothing that is read here can run: the process at the other end may have been taken over by the
file that it decoded, so what it says is checked like a file.
"""

from __future__ import annotations

import math
from typing import Literal, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

MAX_FRAME = 1 << 16
_MAX_BYTES_PER_PIXEL = 64
DTYPES = frozenset(
    f"{sign}{size}" for sign in "uif" for size in (1, 2, 4, 8) if (sign, size) != ("f", 1)
) | {"b1", "c8", "c16"}


class Stream(Protocol):
    """One direction of a pipe, unbuffered."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...

    def write(self, data: bytes | memoryview, /) -> int | None: ...


class Request(msgspec.Struct, tag="request", frozen=True):
    """What to do with a file. `size` bytes of it follow where there is no path."""

    doing: Literal["count", "shape", "read"]
    path: bytes
    """As the file system has it; empty: the file's bytes follow."""
    size: int
    page: int
    max_pixels: int


class Started(msgspec.Struct, tag="started", frozen=True):
    """The process can decode."""


class Decoding(msgspec.Struct, tag="decoding", frozen=True):
    """The header has been read; the pixels of such an image follow, or `Failed`."""

    height: int
    width: int


class Counted(msgspec.Struct, tag="counted", frozen=True):
    """How many pages there are."""

    pages: int


class Measured(msgspec.Struct, tag="measured", frozen=True):
    """How large a page is."""

    height: int
    width: int


class Read(msgspec.Struct, tag="read", frozen=True):
    """A page; its values follow as bytes. See `decoded.Decoded`."""

    shape: tuple[int, ...]
    dtype: str
    """One of DTYPES, in this machine's byte order."""
    kind: str
    turned: bool
    window: tuple[float, float] | None
    pixel_size: float | None


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """The fields of a UserError."""

    what: str
    remedy: str


Answer = Started | Decoding | Counted | Measured | Read | Failed
_Message = TypeVar("_Message")
_ENCODER = msgspec.json.Encoder()


class BrokenStream(Exception):
    """The other side is gone, or does not speak these messages."""


def send(stream: Stream, message: msgspec.Struct) -> None:
    """Writes one message.

    Raises:
        OSError: the other side is gone.
    """
    data = _ENCODER.encode(message)
    write_all(stream, memoryview(len(data).to_bytes(4, "big") + data))


def receive(
    stream: Stream, decoder: msgspec.json.Decoder[_Message], *, at_most: int = MAX_FRAME
) -> _Message:
    """Reads one message of at most so many bytes.

    Raises:
        BrokenStream: it ends, or holds something else.
        OSError: it cannot be read.
    """
    size = bytearray(4)
    read_all(stream, memoryview(size))
    length = int.from_bytes(size, "big")
    if length > at_most:
        raise BrokenStream(f"a message of {length} bytes")
    data = bytearray(length)
    read_all(stream, memoryview(data))
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenStream(str(error)) from error


def values_of(answer: Read, stream: Stream, *, max_pixels: int) -> npt.NDArray[np.generic]:
    """The values that follow.

    Raises:
        BrokenStream: they are of no known type or shape, or larger than what was asked for.
    """
    shape = answer.shape
    if answer.dtype not in DTYPES or len(shape) not in (2, 3) or min(shape) < 1:
        raise BrokenStream(f"{answer.dtype} {shape}")
    dtype = np.dtype(answer.dtype)
    if math.prod(shape) * dtype.itemsize > _MAX_BYTES_PER_PIXEL * max_pixels:
        raise BrokenStream(f"{shape} is too large")
    values: npt.NDArray[np.generic] = np.empty(shape, dtype)
    read_all(stream, values.reshape(-1).view(np.uint8).data)
    return values


def read_all(stream: Stream, buffer: memoryview) -> None:
    """Fills the buffer.

    Raises:
        BrokenStream: the stream ends before.
    """
    while buffer:
        count = stream.readinto(buffer)
        if not count:
            raise BrokenStream("the end")
        buffer = buffer[count:]


def write_all(stream: Stream, data: memoryview) -> None:
    """Writes all of it.

    Raises:
        OSError: the other side is gone.
    """
    while data:
        data = data[stream.write(data) or 0 :]
