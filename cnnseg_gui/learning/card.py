"""A model's card: what it is, what it learnt from, and how well it does."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cnnseg_gui.core.errors import UserError

Option = bool | int | float | str


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Stands beside the weights as JSON. Unknown fields, from newer versions, are passed over."""

    network: str
    """A name in `cnnseg_models.registry`."""
    classes: tuple[str, ...]
    """By index in the logits."""
    options: dict[str, Option] = {}
    """The network's own."""
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
    images: int = 0
    """It learnt from."""
    held_out: int = 0
    """Images it was only validated on."""
    decided: dict[str, int] = {}
    """Pixels it learnt from, by class."""
    metrics: dict[str, float] = {}
    """e.g. "iou" (mean, on the held-out images) and "iou_before"."""
    data: str = ""
    """The data set's name and source."""
    command: str = ""
    """What made it."""
    licence: str = ""
    notes: str = ""

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
        if not 1 <= len(card.classes) <= 255:
            raise UserError(f"a card of {len(card.classes)} classes", path=path)
        return card
