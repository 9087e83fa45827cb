"""A model's card: what it is, what it learnt from, and how well it does."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.promotion import Verdict
from cnnseg_gui.learning.calibrate import Calibration

Option = bool | int | float | str


class ClassScores(msgspec.Struct, frozen=True, kw_only=True):
    """Of one class, on all held-out pixels."""

    iou: float
    dice: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Of the curve of a fine-tune: how good it was on what is held out."""

    step: int
    seconds: float
    """Of learning."""
    iou: float
    """Mean over the classes that held-out pixels have."""
    by_class: dict[str, float]
    """IoU of each of these."""


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Stands beside the weights as JSON. Unknown fields, from newer versions, are passed over."""

    network: str
    """A name in `cnnseg_models.registry`."""
    classes: tuple[str, ...]
    """By index in the logits."""
    options: dict[str, Option] = {}
    """The network's own."""
    stretched: bool = False
    """It is shown images from their darkest to their brightest pixels: see `levels`."""
    name: str = ""
    """Of a starter."""
    sha256: str = ""
    """Of the weights' file."""
    parent: str = ""
    """The sha256 of the weights it began from."""
    created: str = ""
    """ISO 8601, UTC."""
    seed: int = 0
    steps: int = 0
    seconds: float = 0.0
    """Of learning."""
    resumed: int = 0
    """How often that was interrupted and gone on with."""
    device: str = ""
    """That it learnt on, as its maker calls it."""
    precision: str = ""
    """Of its convolutions while it learnt, e.g. "bfloat16"."""
    images: int = 0
    """It learnt from."""
    held_out: int = 0
    """Images it was only validated on."""
    decided: dict[str, int] = {}
    """Pixels it learnt from, by class."""
    metrics: dict[str, float] = {}
    """e.g. "iou" (mean, on the held-out images) and "iou_before"."""
    check: Verdict | None = None
    """What held-out pixels say of it, beside what proposed before; None: it was not checked."""
    dice: float | None = None
    """Mean, on the held-out images, over the classes that they hold."""
    by_class: dict[str, ClassScores] = {}
    """Without classes that no held-out pixel has."""
    curve: tuple[Point, ...] = ()
    """From before the first step to after the last; empty where nothing is held out."""
    by_image: dict[str, tuple[float, float]] = {}
    """Mean IoU of what proposed before and of this one, by held-out image."""
    calibration: Calibration | None = None
    data: str = ""
    """The data set's name and source."""
    command: str = ""
    """What made it."""
    licence: str = ""
    notes: str = ""

    @property
    def temperature(self) -> float:
        """What logits are divided by, so that confidence means what it says."""
        return self.calibration.temperature if self.calibration else 1.0

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @classmethod
    def from_json(cls, data: bytes, path: Path | str | None = None) -> Card:
        """The inverse of `to_json`.

        Raises:
            UserError: not a card; `path` is named.
        """
        try:
            card = msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UserError(f"the model's card is damaged ({error})", path=path) from error
        if not 0 < card.temperature < float("inf"):
            raise UserError("the model's card is damaged (its temperature)", path=path)
        if not 1 <= len(card.classes) <= 255:
            raise UserError(f"a card of {len(card.classes)} classes", path=path)
        return card


def with_check(
    card: Card,
    check: Verdict | None,
    *,
    dice: float | None = None,
    by_class: dict[str, ClassScores] | None = None,
    by_image: dict[str, tuple[float, float]] | None = None,
    calibration: Calibration | None = None,
) -> Card:
    """The card with another check, and nothing left of the one before."""
    return msgspec.structs.replace(
        card,
        check=check,
        dice=dice,
        by_class=by_class or {},
        by_image=by_image or {},
        calibration=calibration,
    )
