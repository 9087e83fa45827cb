"""Masks on their way into a `Train` and out of it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from cnnseg_gui.core.accepted_borders import without_accepted_borders
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import AS_PAINTED, UNLABELLED, Mask, pack_tile, unpack_tile
from cnnseg_gui.engine.messages import TrainImage


@dataclass(frozen=True)
class PackedImage:
    """One image to learn from, with its mask as the project stores it."""

    image: str
    """Content hash (sha256, hex) of the image's file."""
    shape: tuple[int, int]
    tiles: tuple[tuple[int, int, bytes], ...]
    """(row, column, packed tile), as `Project.packed_tiles` has them."""
    held_out: bool = False
    """Only ever validated on."""

    @classmethod
    def from_mask(cls, image: str, mask: Mask, *, held_out: bool = False) -> Self:
        """Packs a mask in memory, 0.2 ms a tile; undecided tiles are left out."""
        tiles = tuple(
            (row, column, pack_tile(tile))
            for (row, column), tile in mask.tiles()
            if (tile != UNLABELLED).any()
        )
        return cls(image, mask.shape, tiles, held_out)


def pack(images: Sequence[PackedImage]) -> tuple[tuple[TrainImage, ...], list[bytes]]:
    """What a `Train` says about the images, and its blocks."""
    parts = tuple(
        TrainImage(
            image=image.image,
            height=image.shape[0],
            width=image.shape[1],
            held_out=image.held_out,
            tiles=tuple((row, column) for row, column, _ in image.tiles),
        )
        for image in images
    )
    return parts, [data for image in images for _, _, data in image.tiles]


def unpack(
    images: Sequence[TrainImage],
    blocks: Sequence[bytes],
    values: bytes = b"",
    accepted: bytes = b"",
) -> list[Mask]:
    """The masks of a `Train` as they are learnt from, in the order of its images.

    Args:
        values: as `Train.values`.
        accepted: as `Train.accepted`.

    Raises:
        UserError: the tiles are damaged, or not those the message speaks of.
    """
    expected = sum(len(image.tiles) for image in images)
    if expected != len(blocks):
        raise UserError(f"the request speaks of {expected} mask tiles and brings {len(blocks)}")
    if len(values) not in (0, 256):
        raise UserError(f"the request names {len(values)} values of a mask, not 256")
    meaning = np.frombuffer(values, np.uint8) if values else AS_PAINTED
    remaining = iter(blocks)
    masks = []
    for image in images:
        try:
            mask = Mask(image.height, image.width)
            for row, column in image.tiles:
                mask.put_tile(row, column, unpack_tile(next(remaining)))
        except ValueError as error:
            raise UserError(f"the mask of image {image.image[:8]} is unusable ({error})") from error
        mask.meaning = meaning
        taught = without_accepted_borders(mask, accepted)
        for cell, stored in taught.tiles():
            mask.put_tile(*cell, meaning[stored])
        mask.meaning = AS_PAINTED
        masks.append(mask)
    return masks
