"""What every job may meet: bytes that are lacking, a cancel, an error; and the engine itself."""

from __future__ import annotations

from cnnseg_gui.engine.messages.base import Message


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


class Ping(Message, frozen=True, kw_only=True):
    """Are you there? Answered by `Pong` at once, by the thread that reads, whatever is computed."""


class Pong(Message, frozen=True, kw_only=True):
    """The engine is there."""


class Want(Message, frozen=True, kw_only=True):
    """The engine lacks these bytes: an image's content hash, the weights of a revision as
    `weights:SHA256` or of a taught classifier as `tags:SHA256`, published ones as
    `pretrained:NAME`, a file that is to be checked as `candidate:NAME`, or the state of an
    interrupted fine-tune as `unfinished:SHA256`."""

    key: str


class Supply(Message, frozen=True, kw_only=True):
    """Answers `Want`.

    Blocks: for an image, published weights or an unfinished state the bytes of its file; for other
    weights the card (JSON) and the weights (safetensors); none where `what` says why not, or where
    `files` has them: an engine on the same machine reads large files itself. The
    engine refuses bytes whose sha256 is not the one in the key, or that published weights should
    have.
    """

    key: str
    path: str | None = None
    """Where the bytes come from: named when they cannot be used."""
    files: tuple[str, ...] = ()
    """Where the blocks are to be read."""
    what: str = ""
    """As in `UserError`; empty where the blocks are there."""
    remedy: str = ""


class Cancel(Message, frozen=True, kw_only=True):
    """Stop a job; answered by `Cancelled` unless it ended first."""

    request: int


class Lightened(Message, frozen=True, kw_only=True):
    """Memory ran out, and the job goes on with less of it."""

    request: int
    what: str
    """What is another now, in one line."""


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
