"""Messages as bytes on a pipe, and back.

A frame is `MAGIC`, a uint32 header length, the header (msgpack: the message and its blocks'
lengths), then the blocks' bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from io import BytesIO

import msgspec

from cnnseg_gui.engine.messages.base import ProtocolError
from cnnseg_gui.engine.messages.every import AnyMessage

MAGIC = b"CNS1"
MAX_HEADER = 64 * 2**20
MAX_BLOCK = 2**32

_PREFIX = struct.Struct("<4sI")


class _Header(msgspec.Struct, array_like=True, frozen=True):
    message: AnyMessage
    blocks: tuple[int, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Header)


def encode_head(message: AnyMessage, lengths: Sequence[int] = ()) -> bytes:
    """A frame up to its blocks, of the given lengths in bytes: large ones follow uncopied."""
    header = _encoder.encode(_Header(message, tuple(lengths)))
    return _PREFIX.pack(MAGIC, len(header)) + header


def encode(message: AnyMessage, blocks: Sequence[bytes | memoryview] = ()) -> bytes:
    """One frame, ready to be written."""
    return b"".join((encode_head(message, [len(block) for block in blocks]), *blocks))


class Decoder:
    """Turns a stream of bytes, cut anywhere, into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._header: _Header | None = None
        self._blocks: list[bytes] = []
        self._filling = BytesIO()  # gives up its bytes uncopied: 60 MB at once would cost 30 ms

    @property
    def mid_frame(self) -> bool:
        """A frame has begun and not ended: a stream that ends here was cut."""
        return bool(self._buffer) or self._header is not None

    def feed(self, data: bytes) -> Iterator[tuple[AnyMessage, list[bytes]]]:
        """Adds what was read and yields every frame that is now complete, with its blocks.

        Frames that are not taken from the iterator come with the next call.

        Raises:
            ProtocolError: the bytes are no frame (raised by the iterator, after the good frames).
        """
        self._buffer += data
        return self._frames()

    def _frames(self) -> Iterator[tuple[AnyMessage, list[bytes]]]:
        while True:
            if self._header is None:
                self._header = self._take_header()
                if self._header is None:
                    return
            lengths = self._header.blocks
            while len(self._blocks) < len(lengths):
                block = self._take_block(lengths[len(self._blocks)])
                if block is None:
                    return
                self._blocks.append(block)
            message, blocks = self._header.message, self._blocks
            self._header, self._blocks = None, []
            yield message, blocks

    def _take_block(self, length: int) -> bytes | None:
        part = self._buffer[: length - self._filling.tell()]
        self._filling.write(part)
        del self._buffer[: len(part)]
        if self._filling.tell() < length:
            return None
        block = self._filling.getvalue()
        self._filling = BytesIO()
        return block

    def _take_header(self) -> _Header | None:
        if len(self._buffer) < _PREFIX.size:
            return None
        magic, length = _PREFIX.unpack_from(self._buffer)
        if magic != MAGIC or length > MAX_HEADER:
            raise ProtocolError(f"not a frame: it begins with {bytes(self._buffer[:16])!r}")
        if len(self._buffer) < _PREFIX.size + length:
            return None
        try:
            header = _decoder.decode(self._buffer[_PREFIX.size : _PREFIX.size + length])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ProtocolError(f"not a message: {error}") from error
        if any(not 0 <= block <= MAX_BLOCK for block in header.blocks):
            raise ProtocolError("a block of an impossible size")
        del self._buffer[: _PREFIX.size + length]
        return header
