"""What there is to learn from in a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.image_table import FORMER, ImageRecord
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.proposing import LARGEST, too_large
from cnnseg_gui.engine.packing import PackedImage


@dataclass(frozen=True)
class TrainingSet:
    """What there is to learn from: images to train on, images held out, pixels by class index."""

    images: int
    held_out: int
    pixels: dict[int, int]

    @classmethod
    def of(cls, project: Project) -> Self:
        """Counts what is decided in a project."""
        meaning = project.class_list.meaning
        live = [int(value) for value in np.flatnonzero(meaning != UNLABELLED)]
        decided = project.listing.decided_pixels(values=live, max_pixels=LARGEST)
        pixels: dict[int, int] = {}
        for value, count in decided.by_value.items():
            index = int(meaning[value])
            pixels[index] = pixels.get(index, 0) + count
        return cls(decided.images, decided.held_out, pixels)

    def missing(self, classes: Sequence[PixelClass]) -> str:
        """What has to be painted before two classes can be told apart; empty: nothing.

        Args:
            classes: the project's, the background first.
        """
        wanted = [cls.name for cls in classes if not self.pixels.get(cls.index)]
        painted = len(classes) - len(wanted)
        if painted >= 2:
            return ""
        if len(classes) < 2:
            return "Add a class and paint some of each, then it learns"
        if painted == 0:
            what = f"some {wanted[1]} and some {wanted[0]}"
            return f"Paint {what if len(classes) == 2 else 'some of two classes'}, then it learns"
        if len(wanted) == 1 or wanted[0] == classes[0].name:
            return f"Paint some {wanted[0]} too, then it learns"
        return "Paint some of another class too, then it learns"


def to_learn_from(project: Project) -> list[ImageRecord]:
    """The images to learn from, and to check on."""
    records = map(project.image, project.listing.decided())
    return [record for record in records if is_learnt_from(record)]


def is_learnt_from(record: ImageRecord) -> bool:
    """Whether something is decided on an image, and a network can be shown it."""
    return bool(record.decided) and record.status != FORMER and not too_large(record)


def packed_image(project: Project, record: ImageRecord) -> PackedImage:
    """The mask of an image as the engine is sent it."""
    return PackedImage(
        image=record.content,
        shape=(record.height, record.width),
        tiles=tuple(project.packed_tiles(record.id)),
        held_out=record.held_out,
    )
