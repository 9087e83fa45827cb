"""The protocol between the window and the engine: framed, typed messages on a pipe.

A frame is `MAGIC`, a uint32 header length, the header (msgpack: the message and its blocks'
lengths), then the blocks' bytes. Images travel as the bytes of their file, asked for by content
hash when the engine lacks them (`Want` → `Supply`), masks as packed tiles, weights as safetensors.
So the engine never touches the project, the window is its only writer, and the same messages go
over any pipe, `ssh` included.

Neither Qt nor torch is imported here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import msgspec

MAGIC = b"CNS1"
MAX_HEADER = 64 * 2**20
MAX_BLOCK = 2**32
_PREFIX = struct.Struct("<4sI")


class ProtocolError(Exception):
    """The other side sent something that is no frame: the connection is beyond repair."""


class Message(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """The base of all messages; `request` in them is the number the window gave the job."""


# ---------------------------------------------------------------- window → engine


class Propose(Message, frozen=True, kw_only=True):
    """Propose a mask for one image. The newest `Propose` replaces those still waiting."""

    request: int
    image: str
    """Content hash (sha256, hex) of the image's file."""
    model: str
    """`starter:NAME`, or a revision's weights as `weights:SHA256` (asked for by `Want`)."""
    classes: tuple[str, ...]
    """The project's class names; the model's classes are matched to them by name."""
    visible: tuple[int, int, int, int]
    """top, left, bottom, right of what the person sees: proposed first."""


class TrainImage(Message, frozen=True, kw_only=True):
    """An image with decided pixels; its tiles stand in the frame's blocks, in this order."""

    image: str
    height: int
    width: int
    held_out: bool
    """Only ever validated on."""
    tiles: tuple[tuple[int, int], ...]
    """(row, column) of each packed mask tile."""


class Train(Message, frozen=True, kw_only=True):
    """Fine-tune on decided pixels. Blocks: every image's packed tiles, one after the other."""

    request: int
    model: str
    """As in `Propose`, or `new:NETWORK` for a fresh one."""
    classes: tuple[str, ...]
    images: tuple[TrainImage, ...]
    seconds: float | None = None
    steps: int | None = None
    seed: int = 0


class Cancel(Message, frozen=True, kw_only=True):
    """Stop a job; answered by `Cancelled` unless it ended first."""

    request: int


class Supply(Message, frozen=True, kw_only=True):
    """Answers `Want`. One block: the bytes; none where `error` says why not."""

    key: str
    error: str = ""


# ---------------------------------------------------------------- engine → window


class Ready(Message, frozen=True, kw_only=True):
    """Sent once, when torch is loaded and the device is chosen."""

    device: str
    """e.g. "cpu", "cuda:0", "mps"."""
    device_name: str
    precision: str
    """e.g. "bfloat16": what proposing computes in."""
    torch: str
    threads: int
    milliseconds: dict[str, float]
    """The measurements behind the choice, by precision."""


class Want(Message, frozen=True, kw_only=True):
    """The engine lacks these bytes: an image's content hash, or `weights:SHA256`."""

    key: str


class ProposedTile(Message, frozen=True, kw_only=True):
    """A finished rectangle of a proposal. Blocks: classes uint8[h, w], confidence uint8[h, w]."""

    request: int
    image: str
    top: int
    left: int
    height: int
    width: int


class Proposed(Message, frozen=True, kw_only=True):
    """The proposal is complete."""

    request: int
    image: str
    seconds: float


class TrainProgress(Message, frozen=True, kw_only=True):
    """Streamed during a fine-tune, at most a few times a second."""

    request: int
    step: int
    seconds: float
    seconds_left: float
    loss: float
    iou: float | None = None
    """Mean IoU on the held-out images where it was just measured."""


class Trained(Message, frozen=True, kw_only=True):
    """A fine-tune has ended. Blocks: the card (JSON) and the weights (safetensors)."""

    request: int


class Cancelled(Message, frozen=True, kw_only=True):
    """The job was stopped as asked; nothing of it remains."""

    request: int


class Failed(Message, frozen=True, kw_only=True):
    """The job, or with `request` 0 the engine, met a `UserError`; the engine goes on."""

    request: int
    what: str
    path: str | None = None
    remedy: str = ""


AnyMessage = (
    Propose
    | Train
    | Cancel
    | Supply
    | Ready
    | Want
    | ProposedTile
    | Proposed
    | TrainProgress
    | Trained
    | Cancelled
    | Failed
)


class _Header(msgspec.Struct, array_like=True, frozen=True):
    message: AnyMessage
    blocks: tuple[int, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Header)


def encode(message: AnyMessage, blocks: Sequence[bytes | memoryview] = ()) -> bytes:
    """One frame, ready to be written."""
    header = _encoder.encode(_Header(message, tuple(len(block) for block in blocks)))
    return b"".join((_PREFIX.pack(MAGIC, len(header)), header, *blocks))


class Decoder:
    """Turns a stream of bytes, cut anywhere, into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._header: _Header | None = None

    def feed(self, data: bytes) -> Iterator[tuple[AnyMessage, list[bytes]]]:
        """Adds what was read and yields every frame that is now complete, with its blocks.

        Raises:
            ProtocolError: the bytes are no frame.
        """
        self._buffer += data
        while True:
            if self._header is None:
                self._header = self._take_header()
                if self._header is None:
                    return
            header = self._header
            if len(self._buffer) < sum(header.blocks):
                return
            blocks = []
            at = 0
            with memoryview(self._buffer) as view:
                for length in header.blocks:
                    blocks.append(bytes(view[at : at + length]))
                    at += length
            del self._buffer[:at]
            self._header = None
            yield header.message, blocks

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
        except msgspec.MsgspecError as error:
            raise ProtocolError(f"not a message: {error}") from error
        if any(not 0 <= block <= MAX_BLOCK for block in header.blocks):
            raise ProtocolError("a block of an impossible size")
        del self._buffer[: _PREFIX.size + length]
        return header
