"""`cnnseg new`: a project from images, and from masks where there are some."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cnnseg_gui.commands.arguments import class_names, classes_by_value, value_names
from cnnseg_gui.commands.output import Ticker, answer, counted, note
from cnnseg_gui.commands.stems import by_stem
from cnnseg_gui.core.database import FILE_NAME
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_hash import difference_hash
from cnnseg_gui.core.image_io import find_images, read_image
from cnnseg_gui.core.image_table import ImageFacts, ImageRecord, probe_pages
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.mask_io import apply_value_map, read_mask
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.export_names import page_stem

HELP = "make a project from images, and from masks where there are some"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT", help="the folder to make it in")
    parser.add_argument(
        "--images", type=Path, nargs="+", required=True, metavar="PATH", help="files and folders"
    )
    parser.add_argument(
        "--masks", type=Path, metavar="DIR", help="masks with the images' names, endings aside"
    )
    parser.add_argument(
        "--classes",
        type=class_names,
        default=("background", "object"),
        metavar="NAMES",
        help="in the order of their indices, e.g. background,nucleus",
    )
    parser.add_argument(
        "--mask-values",
        type=value_names,
        metavar="MAP",
        help="what the masks' values mean, e.g. 0=background,255=nucleus; without it they are "
        "class indices. Other values become unlabelled",
    )


def run(options: argparse.Namespace) -> int:
    """Makes the project; its images and masks are there whole or not at all.

    Raises:
        UserError: there is one already, no image can be read, or no mask has an image's name.
    """
    meaning = classes_by_value(options.mask_values, options.classes, options.usage_error)
    if (options.project / FILE_NAME).exists():
        raise UserError(
            "there is a project already", path=options.project, remedy="Choose another name."
        )
    paths = find_images(options.images)
    masks = _find_masks(options.masks, paths) if options.masks else {}
    facts = _read(paths)
    project = Project.create(options.project, options.classes)
    try:
        imported = _Imported(meaning)
        with project.together():  # no window can open it meanwhile: it shows whole masks
            project.add_images(facts)
            _take_all(project, imported, masks)
        imported.tell(options.classes, left_over=len(masks))
        _answer(
            options,
            project,
            left_out=len(paths) - len({fact.path for fact in facts}),
            imported=imported,
        )
    finally:
        project.close()
    return 0


def _take_all(project: Project, imported: _Imported, masks: dict[str, Path]) -> None:
    """The masks by stem that images have; those that no image has are left in it."""
    ticker = Ticker()
    records = project.images()
    of_file = Counter(record.path for record in records)
    for number, record in enumerate(records, start=1):
        stem = record.path.stem
        if of_file[record.path] > 1:  # as an export calls the pages of a stack
            stem = page_stem(stem, record.page)
        if stem in masks:
            imported.take(project, record, masks.pop(stem))
        ticker.note(f"{number} of {len(records)} masks")


def _find_masks(folder: Path, images: list[Path]) -> dict[str, Path]:
    """Masks by stem; refused where none, or more than one, could be an image's."""
    masks = by_stem(find_images([folder]), noun="mask")
    stems = by_stem(images, noun="image").keys()
    of_pages = {stem.rpartition(".")[0] for stem in masks if stem.rpartition(".")[2].isdecimal()}
    if not stems & (masks.keys() | of_pages):
        raise UserError(
            "no mask has the name of an image",
            path=folder,
            remedy="Masks are matched by name, endings aside: cell1.png belongs to cell1.jpg.",
        )
    return masks


def _read(paths: list[Path]) -> list[ImageFacts]:
    """Those that can be read to their end; the others are named on stderr."""
    facts: list[ImageFacts] = []
    ticker = Ticker()
    for number, path in enumerate(paths, start=1):
        try:
            found = probe_pages(path)
            for page in found:  # the header does not tell a file that was cut off
                look = difference_hash(read_image(path, page.page).pixels)
                facts.append(replace(page, look=look))
        except UserError as error:
            note(error)
        ticker.note(f"{number} of {len(paths)} images")
    if not facts:
        raise UserError("none of the images can be read", remedy="Choose others.")
    return facts


@dataclass
class _Imported:
    """Turns masks into decided pixels, and counts what could not be taken."""

    classes_by_value: dict[int, int]
    masks: int = 0
    refused: int = 0
    unnamed: Counter[int] = field(default_factory=Counter)
    """Pixels by value that is no class."""
    void: int = 0
    """Pixels of value 255, where that is no class."""

    def take(self, project: Project, record: ImageRecord, path: Path) -> None:
        """One gesture; a mask that is broken or of another size is named on stderr instead."""
        try:
            values = read_mask(path)
            if values.shape != (record.height, record.width):
                raise UserError(
                    f"the mask is {values.shape[1]} × {values.shape[0]} pixels, "
                    f"its image {record.width} × {record.height}",
                    path=path,
                    remedy="It was left out: it belongs to another image or size.",
                )
        except UserError as error:
            note(error)
            self.refused += 1
            return
        pixels, unnamed = apply_value_map(values, self.classes_by_value)
        self.unnamed.update(unnamed)
        if UNLABELLED not in self.classes_by_value:
            self.void += int(np.count_nonzero(values == UNLABELLED))
        mask = project.load_mask(record.id)
        builder = PatchBuilder(mask)
        builder.paint(0, 0, pixels != UNLABELLED, pixels)
        patch = builder.finish()
        if patch is not None:
            project.commit(patch, mask, name="Import mask")
        self.masks += 1

    def tell(self, classes: tuple[str, ...], *, left_over: int) -> None:
        """What a person should know before trusting the import."""
        for value, pixels in sorted(self.unnamed.items()):
            note(f"the value {value} is no class: {counted(pixels, 'pixel')} became unlabelled")
        if self.void:
            note(
                f"the value 255 means unlabelled: {counted(self.void, 'pixel')}. Where it is a "
                f"class, say so: --mask-values 0={classes[0]},255={classes[-1]}"
            )
        if left_over:
            note(f"{counted(left_over, 'mask')} without an image")


def _answer(
    options: argparse.Namespace, project: Project, *, left_out: int, imported: _Imported
) -> None:
    records = project.images()
    decided: Counter[int] = Counter()
    for record in records:
        decided.update(record.decided)
    by_class = {cls.name: decided[cls.index] for cls in project.classes}
    held_out = sum(record.held_out for record in records)
    lines = [
        f"{project.folder}: {counted(len(records), 'image')}, {imported.masks} with a mask, "
        f"{held_out} held out; {left_out} could not be read"
    ]
    if imported.masks:
        lines += [f"{name}: {counted(pixels, 'pixel')}" for name, pixels in by_class.items()]
    data = {
        "project": str(project.folder),
        "images": len(records),
        "left_out": left_out,
        "masks": imported.masks,
        "masks_refused": imported.refused,
        "held_out": held_out,
        "decided": by_class,
        "unnamed_values": dict(imported.unnamed),
        "void_pixels": imported.void,
    }
    answer(options, data, lines)
