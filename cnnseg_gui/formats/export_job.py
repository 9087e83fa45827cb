"""What an export is made of: read from the project in its own thread, written in any other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.effort import ImageEffort
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import Mask, Pixels, unpack_tile
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.class_mapping import ClassMapping, map_classes
from cnnseg_gui.formats.dataset import Format
from cnnseg_gui.formats.export_names import page_stem
from cnnseg_gui.formats.selection import ExportOptions, chosen
from cnnseg_gui.formats.splits import Split, split_images
from cnnseg_gui.formats.tiling import check_size, tile_count


@dataclass(frozen=True)
class ExportItem:
    """An image and its mask.

    Args:
        image: the image's file.
        read_mask: gives the mask, uint8[H, W]; called in the thread that writes.
        sha256: of the file that the mask was painted on, in hex; empty: not checked.
        tags: what the image is called.
        page: of a file of which several images are in the project, from 0: it is written alone.
        shape: height and width, where they are known beforehand.
        split: the part of the data set; empty: none.
        status: how far the work on it is.
        decided: its decided pixels by class of the data set, as the project counts them.
        effort: what it has cost; None: nobody painted on it here.
    """

    image: Path
    read_mask: Callable[[], Pixels]
    sha256: str = ""
    tags: tuple[str, ...] = ()
    page: int | None = None
    shape: tuple[int, int] | None = None
    split: str = ""
    status: str = ""
    decided: Mapping[int, int] = field(default_factory=dict)
    effort: ImageEffort | None = None

    @property
    def wanted_name(self) -> Path:
        """What it would be called in the data set."""
        if self.page is None:
            return self.image
        return self.image.with_name(f"{page_stem(self.image.stem, self.page)}.tif")

    def tiles(self, size: int) -> int:
        """How many images of the data set it makes."""
        if not size:
            return 1
        height, width = self.shape or self.read_mask().shape
        return tile_count(height, width, size)


@dataclass(frozen=True)
class Proposer:
    """Fills undecided pixels as a model proposes them.

    Args:
        revision: which one, for the card.
        propose: class indices uint8[H, W], of the project's classes without gaps, for an image
            and its pixels uint8[H, W, 3]; called in the thread that writes.
    """

    revision: str
    propose: Callable[[ExportItem, Pixels], Pixels]


@dataclass(frozen=True)
class ExportJob:
    """What an export needs, apart from its project.

    Args:
        classes: of the data set.
        left_out: images that were not chosen, as they have no decided pixel.
        title: of the data set.
        mapping: from the project's classes; None: masks have the data set's.
        split: how images are split, where they are.
    """

    items: tuple[ExportItem, ...]
    classes: tuple[PixelClass, ...]
    left_out: int = 0
    title: str = ""
    options: ExportOptions = field(default_factory=ExportOptions)
    mapping: ClassMapping | None = None
    split: Split | None = None
    proposer: Proposer | None = None

    def mask_of(self, item: ExportItem) -> Pixels:
        """Its mask as it is decided, in the data set's classes."""
        mask = item.read_mask()
        return mask if self.mapping is None else self.mapping.table[mask]


def gather(
    project: Project,
    *,
    with_undecided: bool = False,
    options: ExportOptions | None = None,
    format_: Format | None = None,
    proposer: Proposer | None = None,
) -> ExportJob:
    """What an export needs of a project: its masks stay packed, no image is opened.

    Args:
        with_undecided: takes images without a decided pixel too, whatever the options say.

    Raises:
        UserError: the options do not fit the project.
    """
    options = options or ExportOptions()
    check_size(options.tile)
    records, classes = project.images(), project.class_list
    labels_only = format_ is not None and format_.labels_only
    which = "all" if with_undecided else options.which
    taken = chosen(records, which, labels_only=labels_only)
    mapping = map_classes(classes.dense_classes, options.classes, options.order)
    split = None
    if options.split is not None:
        looks = project.looks() if options.split.group == "look" else {}
        split = split_images(taken, options.split, looks)
    efforts = {effort.image_id: effort for effort in project.effort.all()}
    of_file = Counter(record.path for record in records)

    def item(record: ImageRecord) -> ExportItem:
        shape = record.height, record.width
        tiles = project.packed_tiles(record.id)
        dense = {int(classes.dense[index]): n for index, n in record.decided.items()}
        return ExportItem(
            record.path,
            partial(_unpack, record.name, shape, tiles, classes.dense),
            record.sha256,
            record.tags if options.tags else (),
            record.page if of_file[record.path] > 1 or record.page else None,
            shape,
            "" if split is None else split.of_image[record.id],
            record.status,
            mapping.count(dense),
            efforts.get(record.id),
        )

    return ExportJob(
        tuple(item(record) for record in taken),
        mapping.classes,
        len(records) - len(taken),
        project.folder.name,
        options,
        mapping,
        split,
        proposer,
    )


def _unpack(
    name: str, shape: tuple[int, int], tiles: Sequence[tuple[int, int, bytes]], values: Pixels
) -> Pixels:
    mask = Mask(*shape)
    for row, column, data in tiles:
        try:
            mask.put_tile(row, column, values[unpack_tile(data)])
        except ValueError as error:
            raise UserError(
                f"the mask of {name} is damaged ({error})",
                remedy="Keep the project as it is and restore a copy of it.",
            ) from error
    return mask.to_array()
