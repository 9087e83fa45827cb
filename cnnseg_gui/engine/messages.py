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
from io import BytesIO

import msgspec

from cnnseg_gui.core.architecture import (
    KernelComparison,
    NetworkDescription,
    NetworkName,
    Overlap,
)

MAGIC = b"CNS1"
MAX_HEADER = 64 * 2**20
MAX_BLOCK = 2**32
EXIT_CANNOT_START = 3
"""The engine's exit code where a restart would not help; it has said why by `Failed`."""

_PREFIX = struct.Struct("<4sI")


class ProtocolError(Exception):
    """The other side sent something that is no frame: the connection is beyond repair."""


class Message(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """The base of all messages; `request` in them is the number the window gave the job."""


# ---------------------------------------------------------------- window → engine


class Propose(Message, frozen=True, kw_only=True):
    """Propose a mask for one image.

    The newest `Propose` replaces those that wait and stops the running one between two tiles: the
    replaced ones are answered by `Cancelled`. The tiles sent until then stay true.
    """

    request: int
    image: str
    """Content hash (sha256, hex) of the image's file."""
    model: str
    """`starter:NAME`; a revision's weights as `weights:SHA256` (asked for by `Want`); or a fresh
    network as `new:NETWORK`, with options as in `new:unet?width=16`; with `from=SHA256` among them
    it goes on from the next coarser FCN."""
    classes: tuple[str, ...]
    """The project's class names; the model's classes are matched to them by name."""
    mapping: tuple[tuple[str, str], ...] = ()
    """(project's class, model's class) where the names differ; "" for none of the model's."""
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
    """As in `Propose`."""
    classes: tuple[str, ...]
    mapping: tuple[tuple[str, str], ...] = ()
    """As in `Propose`."""
    images: tuple[TrainImage, ...]
    values: bytes = b""
    """256 bytes: the index in `classes` (or 255) of each value in the tiles; empty: themselves."""
    proposing: str = ""
    """What proposes meanwhile, where it is another model: scored on the same held-out pixels."""
    seconds: float | None = None
    steps: int | None = None
    seed: int = 0
    borders: bool = False
    """The background between two close objects counts more: `core.border_weights`."""


class Classify(Message, frozen=True, kw_only=True):
    """Say what an image shows, or a part of it; answered by `Classified`."""

    request: int
    image: str
    """Content hash, as in `Propose`."""
    model: str
    """`imagenet:NETWORK` with its published weights (asked for by `Want`), or a classifier taught
    the project's tags as `tags:SHA256`."""
    region: tuple[int, int, int, int] | None = None
    """top, left, bottom, right; None: the whole image."""
    top: int = 5
    """How many labels."""


class Explain(Message, frozen=True, kw_only=True):
    """Show where the image speaks for a label; answered by `Explained`."""

    request: int
    image: str
    model: str
    """As in `Classify`."""
    label: str
    region: tuple[int, int, int, int] | None = None


class TagImage(Message, frozen=True, kw_only=True):
    """An image to learn a tag from."""

    image: str
    label: int
    """Index in `TrainTags.labels`."""
    held_out: bool
    """Only ever checked on."""


class TrainTags(Message, frozen=True, kw_only=True):
    """Teach a classifier the project's tags; `TrainProgress` comes, then `Trained`.

    `TrainProgress.iou` is then the held-out accuracy.
    """

    request: int
    network: str
    pretrained: bool
    """Begin from published weights, where there are some."""
    labels: tuple[str, ...]
    images: tuple[TagImage, ...]
    seconds: float | None = None
    steps: int | None = None
    seed: int = 0


class CheckWeights(Message, frozen=True, kw_only=True):
    """Whether a person's weight file fits; answered by `Checked` or `Failed`.

    The file is asked for by `Want` as `candidate:NAME`.
    """

    request: int
    name: str
    """In the catalogue of published weights."""


class Describe(Message, frozen=True, kw_only=True):
    """Say what a network is made of; answered by `Described`."""

    request: int
    network: str = ""
    """Empty: which networks there are, and what they are compared by; answered by `Overview`."""
    classifier: bool = False


class LookInside(Message, frozen=True, kw_only=True):
    """Show what a network looks for, and what one layer makes of an image.

    Answered by `Inside`.
    """

    request: int
    image: str
    """Content hash, as in `Propose`."""
    model: str
    """As in `Propose` or in `Classify`."""
    classes: tuple[str, ...]
    """As in `Propose`; a classifier passes over them."""
    layer: str
    """Its name in the network's description."""


class Cancel(Message, frozen=True, kw_only=True):
    """Stop a job; answered by `Cancelled` unless it ended first."""

    request: int


class Supply(Message, frozen=True, kw_only=True):
    """Answers `Want`.

    Blocks: for an image, or for published weights, the bytes of its file; for other weights the
    card (JSON) and the weights (safetensors); none where `what` says why not. The engine refuses
    bytes whose sha256 is not the one in the key, or that published weights should have.
    """

    key: str
    path: str | None = None
    """Where the bytes come from: named when they cannot be used."""
    what: str = ""
    """As in `UserError`; empty where the blocks are there."""
    remedy: str = ""


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


class NetworkFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may want to know before choosing a network."""

    name: str
    classifier: bool
    """It says labels of whole images; else it proposes masks."""
    text: str
    parameters: int
    weights: str
    """The name of its published weights; empty where there are none."""
    known: tuple[str, ...] = ()
    """Classes that it proposes with those weights before it is taught."""
    coarser: str = ""
    """The network that it goes on from in staged training."""
    choices: dict[str, tuple[bool | int | str, ...]]
    """The values of its options, the default first."""


class Networks(Message, frozen=True, kw_only=True):
    """Sent once, soon after `Ready`: what there is to choose from."""

    networks: tuple[NetworkFacts, ...]


class Want(Message, frozen=True, kw_only=True):
    """The engine lacks these bytes: an image's content hash, the weights of a revision as
    `weights:SHA256` or of a taught classifier as `tags:SHA256`, published ones as
    `pretrained:NAME`, or a file that is to be checked as `candidate:NAME`."""

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
    """Of the step; NaN at step 0, before the first one."""
    iou: float | None = None
    """Mean IoU on the held-out images where it was just measured."""


class Trained(Message, frozen=True, kw_only=True):
    """A fine-tune has ended. Blocks: the card (JSON) and the weights (safetensors)."""

    request: int


class Classified(Message, frozen=True, kw_only=True):
    """What a classifier says, the likeliest first."""

    request: int
    image: str
    model: str
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    """0…1, of the labels."""
    seconds: float


class Explained(Message, frozen=True, kw_only=True):
    """Where an image speaks for a label. Block: heat uint8[rows, columns], 255 speaks most."""

    request: int
    image: str
    model: str
    label: str
    rows: int
    columns: int
    region: tuple[int, int, int, int]
    """top, left, bottom, right of the rectangle that the heat covers; it may reach beyond the
    image."""


class Checked(Message, frozen=True, kw_only=True):
    """The weights fit."""

    request: int


class Overview(Message, frozen=True, kw_only=True):
    """All networks, and numbers that speak for one or the other."""

    request: int
    networks: tuple[NetworkName, ...]
    kernels: tuple[KernelComparison, ...]
    overlaps: tuple[Overlap, ...]


class Described(Message, frozen=True, kw_only=True):
    """What a network is made of."""

    request: int
    description: NetworkDescription


class Inside(Message, frozen=True, kw_only=True):
    """What goes on inside a network.

    Blocks: the first convolution's kernels uint8[*filters, 3], and the maps uint8[*maps] of the
    channels that vary most, each from its least value, 0, to its largest, 255.
    """

    request: int
    image: str
    model: str
    layer: str
    filters: tuple[int, int, int]
    """How many, rows, columns; 0 where that convolution does not look at three channels."""
    maps: tuple[int, int, int]
    """How many, height, width."""
    channels: tuple[int, ...]
    """Which of the layer's channels the maps are."""
    of: int
    """How many channels the layer has."""


class Cancelled(Message, frozen=True, kw_only=True):
    """The job was stopped as asked; nothing of it remains."""

    request: int


class Failed(Message, frozen=True, kw_only=True):
    """The job met a `UserError`; the engine goes on.

    With `request` 0 it is the engine itself that cannot start, or cannot read its pipe: it ends.
    """

    request: int
    what: str
    path: str | None = None
    remedy: str = ""


Request = Propose | Train | Classify | Explain | TrainTags | CheckWeights | Describe | LookInside
"""What the window asks for, and gets exactly one end of."""

AnyMessage = (
    Propose
    | Train
    | Classify
    | Explain
    | TrainTags
    | CheckWeights
    | Describe
    | LookInside
    | Cancel
    | Supply
    | Ready
    | Networks
    | Want
    | ProposedTile
    | Proposed
    | TrainProgress
    | Trained
    | Classified
    | Explained
    | Checked
    | Overview
    | Described
    | Inside
    | Cancelled
    | Failed
)


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
