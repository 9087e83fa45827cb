"""What networks there are, and what is inside them."""

from __future__ import annotations

import msgspec

from cnnseg_gui.core.architecture import (
    KernelComparison,
    NetworkDescription,
    NetworkName,
    Overlap,
)
from cnnseg_gui.engine.messages.base import Message


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
