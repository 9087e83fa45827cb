"""What every tool shares: a press begins a gesture, moves extend it, a release makes its patch.

Tools see the mask in image coordinates and know no widget. A gesture's settings are frozen at
the press.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.patch import Patch
from cnnseg_gui.core.rect import Rect


class ImagePoint(NamedTuple):
    """A place in the image: y down, x right, in pixels; (0.5, 0.5) is the first pixel's centre."""

    y: float
    x: float


@dataclass(frozen=True)
class ToolSettings:
    """What the person has chosen: the class to paint, and the brush's diameter in pixels."""

    class_index: int
    diameter: float


class Gesture(Protocol):
    """One press-move-release. Each step returns the rectangle to redraw."""

    name: str

    def move(self, to: ImagePoint) -> Rect: ...

    def finish(self) -> Patch | None:
        """The patch, or None where nothing changed."""
        ...

    def cancel(self) -> Rect:
        """Puts everything back."""
        ...


class Tool(Protocol):
    """A tool of the palette: `key` names its icon and its action."""

    key: str
    label: str

    def press(self, mask: Mask, at: ImagePoint, settings: ToolSettings) -> tuple[Gesture, Rect]: ...
