"""A mask made of its tiles as they are stored: away from the project, in any thread."""

from __future__ import annotations

from collections.abc import Iterable

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import Mask, Pixels, unpack_tile


def mask_of_tiles(
    record: ImageRecord, tiles: Iterable[tuple[int, int, bytes]], meaning: Pixels
) -> Mask:
    """The mask of an image, to be changed and stored again.

    Args:
        tiles: (row, column, packed tile), see `Project.packed_tiles`.
        meaning: uint8[256], see `ClassList.meaning`.

    Raises:
        UserError: a stored tile is damaged.
    """
    mask = Mask(record.height, record.width)
    mask.image_id, mask.meaning = record.id, meaning
    for row, column, data in tiles:
        try:
            mask.put_tile(row, column, unpack_tile(data))
        except (TypeError, ValueError) as error:
            raise UserError(
                f"the mask of {record.name} is damaged ({error})",
                path=record.path,
                remedy="Keep the project as it is and restore a copy of it.",
            ) from error
    return mask
