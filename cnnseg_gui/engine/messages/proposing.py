"""Proposing masks."""

from __future__ import annotations

from cnnseg_gui.engine.messages.base import Message


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
