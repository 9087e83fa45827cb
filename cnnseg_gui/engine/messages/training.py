"""Learning from masks, and what is told of any learning."""

from __future__ import annotations

from cnnseg_gui.engine.messages.base import Message


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
    accepted: bytes = b""
    """The values in the tiles that stand for accepted pixels: see `core.accepted_borders`."""
    proposing: str = ""
    """What proposes meanwhile, where it is another model: scored on the same held-out pixels."""
    seconds: float | None = None
    steps: int | None = None
    seed: int = 0
    borders: bool = False
    """The background between two close objects counts more: `core.border_weights`."""
    keep_every: float = 0.0
    """Seconds between two `Unfinished`, at least; 0: none are sent."""
    unfinished: str = ""
    """sha256 of an `Unfinished` to go on from (asked for by `Want`); empty: it begins anew."""


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
    by_class: tuple[float, ...] = ()
    """Of each of the request's classes with it; NaN where no held-out pixel has one."""


class TrainMaterial(Message, frozen=True, kw_only=True):
    """What a fine-tune learns from and where: before its first step, and when that is another."""

    request: int
    images: int
    """With decided pixels to learn from."""
    held_out: int
    """Images that it is only checked on."""
    tiled: int
    """Images of which tiles are held out, as long as too few whole ones are."""
    decided: tuple[int, ...]
    """Pixels to learn from, of each of the request's classes."""
    device: str
    precision: str
    """Of the convolutions, e.g. "bfloat16"."""


class Trained(Message, frozen=True, kw_only=True):
    """A fine-tune has ended. Blocks: the card (JSON) and the weights (safetensors)."""

    request: int


class Unfinished(Message, frozen=True, kw_only=True):
    """How far a fine-tune has come, to go on from after a fault. Block: its state (safetensors)."""

    request: int
    step: int
    seconds: float
    """Spent so far, of the budget."""


class Unusable(Message, frozen=True, kw_only=True):
    """A fine-tune cannot go on from what it was given, and begins anew.

    The fields of a `UserError`.
    """

    request: int
    what: str
    path: str | None = None
    remedy: str = ""
