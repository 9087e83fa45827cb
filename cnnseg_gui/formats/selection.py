"""What of a project goes out, and how: everything a person can choose before an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import APPROVED, ImageRecord
from cnnseg_gui.formats.splits import SplitRule

WHICH = ("decided", "approved", "all")
"""Images with a decided pixel, wholly background ones among them; approved ones; every one."""

IMAGES = ("copy", "link", "refer")
"""Image files are copied, hard-linked where the disk can, or stay where they are."""


@dataclass(frozen=True)
class ExportOptions:
    """How a project is exported.

    Args:
        which: one of `WHICH`.
        classes: pairs "old=new", see `class_mapping.map_classes`.
        order: names of classes in their new order.
        split: None: not split.
        images: one of `IMAGES`.
        tile: side of the tiles in pixels; 0: whole images.
        tags: whether tags go out.
        choices: the format's own, see `Format.choices`.
        licence: of the data set, for its card.
        replace: an earlier export at the same place is replaced.
    """

    which: str = "decided"
    classes: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    split: SplitRule | None = None
    images: str = "copy"
    tile: int = 0
    tags: bool = True
    choices: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    replace: bool = False


def chosen(
    records: Sequence[ImageRecord], which: str, *, labels_only: bool = False
) -> list[ImageRecord]:
    """The images that go out.

    An image of which everything is background is a true negative and goes out as any other.

    Args:
        labels_only: a tag is as good as a decided pixel.

    Raises:
        UserError: there is no such choice.
    """
    if which not in WHICH:
        raise UserError(
            f"there is no choice of images “{which}”", remedy=f"Use one of: {', '.join(WHICH)}."
        )
    if which == "all":
        return list(records)
    if which == "approved":
        return [record for record in records if record.status == APPROVED]
    return [record for record in records if record.decided or (labels_only and record.tags)]
