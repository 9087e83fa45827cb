"""The card of a classifier: what its labels are, what it learnt from, and how well it does."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cnnseg_gui.core.errors import UserError

_MAX_LABELS = 100_000  # the largest list in use, ImageNet-22k, has 21,841


class LabelCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Stands beside the weights as JSON. Unknown fields, from newer versions, are passed over."""

    network: str
    """A name in `cnnseg_models.classifiers`."""
    labels: tuple[str, ...]
    """By index in the logits."""
    side: int = 0
    """Pixels of the square it has learnt on; 0: as its published weights did."""
    sha256: str = ""
    """Of the weights' file."""
    pretrained: bool = True
    """It began from published weights."""
    created: str = ""
    """ISO 8601, UTC."""
    seed: int = 0
    steps: int = 0
    seconds: float = 0.0
    """Of learning."""
    images: int = 0
    """It learnt from."""
    held_out: int = 0
    """Images it was only checked on."""
    accuracy: float | None = None
    """Share of the held-out images whose likeliest label is theirs; None where there are none."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """Held-out images by their label (rows) and by what was said (columns)."""

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @classmethod
    def from_json(cls, data: bytes, path: Path | str | None = None) -> LabelCard:
        """The inverse of `to_json`.

        Raises:
            UserError: not a card; `path` is named.
        """
        try:
            card = msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UserError(f"the classifier's card is damaged ({error})", path=path) from error
        if not 1 <= len(card.labels) <= _MAX_LABELS:
            raise UserError(f"a classifier of {len(card.labels)} labels", path=path)
        return card
