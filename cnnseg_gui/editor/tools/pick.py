"""Pick: takes the class under the pointer as the active one."""

from __future__ import annotations

import math

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import NOWHERE, Gesture, ImagePoint, Scene, ToolSettings


class Look(Gesture):
    """Follows the pointer; what is under it at the release is picked."""

    def __init__(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> None:
        super().__init__("Pick class", scene, settings)
        self.move(at)

    def move(self, to: ImagePoint, pressure: float = 1.0) -> Rect:
        row, column = math.floor(to.y), math.floor(to.x)
        here = Rect(row, column, row + 1, column + 1)
        decided = int(self.scene.mask.read(here)[0, 0])
        proposed = int(self.scene.proposal.classes.read(here)[0, 0])
        value = decided if decided != UNLABELLED else proposed
        self.picked = value if value != UNLABELLED else None
        return NOWHERE


class Pick:
    """The class that is decided or proposed there."""

    key = "pick"
    label = "Pick Class"

    def press(self, scene: Scene, at: ImagePoint, settings: ToolSettings) -> tuple[Look, Rect]:
        return Look(scene, at, settings), NOWHERE
