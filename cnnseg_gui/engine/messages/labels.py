"""Labels of whole images, and learning them."""

from __future__ import annotations

from cnnseg_gui.engine.messages.base import Message


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
