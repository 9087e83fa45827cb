"""Exporting a labelled data set: exactly what was painted, complete or not there.

Two steps, because a project belongs to one thread: `gather` reads what is needed from it, `write`
works on that alone and may run in another thread.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels, unpack_tile
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats import coco, png
from cnnseg_gui.formats.image_copy import read_fitting, write_upright
from cnnseg_gui.formats.staging import staged_folder
from cnnseg_gui.formats.tag_table import write_tags


class Writer(Protocol):
    """Writes the masks of one data set into a folder; the images lie in its images/ already."""

    def add(self, image_file: str, mask: Pixels, tags: tuple[str, ...] = ()) -> None: ...

    def finish(self) -> None: ...


@dataclass(frozen=True)
class Format:
    """A data-set format: one line for people, how to write it, and how to read it back."""

    name: str
    title: str
    description: str
    writer: Callable[[Path, Sequence[PixelClass]], Writer]
    read_back: Callable[[Path], dict[str, Pixels]]
    """The masks of an exported folder, uint8[H, W] by the images' file names there."""


FORMATS: dict[str, Format] = {
    entry.name: entry
    for entry in (
        Format(
            "png",
            "Indexed PNG",
            "One PNG mask per image: pixel value = class, 255 = unlabelled.",
            png.PngWriter,
            png.read_back,
        ),
        Format(
            "coco",
            "COCO",
            "annotations.json with one run-length encoded mask per object.",
            coco.CocoWriter,
            coco.read_back,
        ),
    )
}


class ExportStopped(Exception):
    """Leaves an export that was cancelled; nothing of it remains."""


@dataclass(frozen=True)
class ExportItem:
    """An image and its mask.

    Args:
        image: the image's file.
        read_mask: gives the mask, uint8[H, W]; called in the thread that writes.
        sha256: of the file that the mask was painted on, in hex; empty: not checked.
        tags: what the image is called.
    """

    image: Path
    read_mask: Callable[[], Pixels]
    sha256: str = ""
    tags: tuple[str, ...] = ()
    page: int | None = None
    """Of a file of which several images are in the project, from 0: it is written alone."""

    @property
    def wanted_name(self) -> Path:
        """What it would be called in the data set."""
        if self.page is None:
            return self.image
        return self.image.with_name(f"{self.image.stem}.{self.page + 1:03d}.tif")


@dataclass(frozen=True)
class ExportJob:
    """What an export needs, apart from its project; `left_out` images have no decided pixel."""

    items: tuple[ExportItem, ...]
    classes: tuple[PixelClass, ...]
    left_out: int = 0


@dataclass(frozen=True)
class ExportReport:
    """What was written where.

    Args:
        folder: the new folder.
        images: how many images it holds.
        left_out: how many were left out because they have no decided pixel.
        renamed: images whose name was taken, with their name in images/.
        turned: names in images/ of those that EXIF turns: their pixels were written upright, as
            8-bit RGB PNG; all others are copied byte for byte.
        refused: why images are not in it: missing, changed since they were painted on, unreadable.
    """

    folder: Path
    images: int
    left_out: int
    renamed: tuple[tuple[Path, str], ...]
    turned: tuple[str, ...]
    refused: tuple[UserError, ...] = ()


def export_project(
    project: Project,
    format_name: str,
    folder: Path,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ExportReport:
    """`gather` and `write` in one, for the thread that owns the project."""
    return write(
        gather(project), format_name, folder, on_progress=on_progress, should_stop=should_stop
    )


def gather(project: Project, *, with_undecided: bool = False) -> ExportJob:
    """What an export needs of a project: its masks stay packed, no image is opened.

    Args:
        with_undecided: takes images without a decided pixel too.
    """
    records, classes = project.images(), project.class_list
    taken = [record for record in records if record.decided or with_undecided]
    of_file = Counter(record.path for record in records)
    items = [
        ExportItem(
            record.path,
            partial(
                _unpack,
                record.name,
                (record.height, record.width),
                project.packed_tiles(record.id),
                classes.dense,
            ),
            record.sha256,
            record.tags,
            record.page if of_file[record.path] > 1 or record.page else None,
        )
        for record in taken
    ]
    return ExportJob(tuple(items), classes.dense_classes, len(records) - len(taken))


def write(
    job: ExportJob,
    format_name: str,
    folder: Path,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ExportReport:
    """Writes the data set into a new folder; may run in any thread.

    Args:
        format_name: a key of `FORMATS`.
        folder: must not exist; missing parents are made.
        on_progress: called with (images done, images in all).
        should_stop: asked before every image and before the folder gets its name.

    Raises:
        UserError: there is something at `folder`, every image is missing, changed or unreadable,
            a mask is damaged or holds a class that is not listed, or the disk refuses. Nothing
            remains.
        ExportStopped: `should_stop` said so. Nothing remains.
    """
    if format_name not in FORMATS:
        raise UserError(
            f"there is no format “{format_name}”", remedy=f"Use one of: {', '.join(FORMATS)}."
        )
    if not job.items:
        raise UserError(
            "there is nothing to export: no image has decided pixels",
            remedy="Paint on an image or approve its proposal first.",
        )
    folder = folder.absolute()
    try:
        with staged_folder(folder) as stage:
            (stage / "images").mkdir()
            writer = FORMATS[format_name].writer(stage, job.classes)
            renamed: list[tuple[Path, str]] = []
            turned: list[str] = []
            tags: dict[str, tuple[str, ...]] = {}
            refused: list[UserError] = []
            for done, (item, stem) in enumerate(
                zip(job.items, unique_stems([item.wanted_name for item in job.items]), strict=True)
            ):
                _check_stop(should_stop)
                mask = item.read_mask()
                _check_classes(mask, job.classes, item.image)
                try:
                    data, image = read_fitting(item.image, item.sha256, mask.shape, page=item.page)
                except UserError as error:
                    refused.append(error)
                else:
                    name = write_upright(
                        stage / "images", stem + item.wanted_name.suffix, data, image
                    )
                    writer.add(name, mask, item.tags)
                    if stem != item.wanted_name.stem:
                        renamed.append((item.image, name))
                    if image.turned:
                        turned.append(name)
                    tags[name] = item.tags
                if on_progress is not None:
                    on_progress(done + 1, len(job.items))
            if len(refused) == len(job.items):
                raise refused[0]
            writer.finish()
            write_tags(stage, tags)
            _check_stop(should_stop)
    except OSError as error:
        raise from_os_error(error, doing="exporting the data set", path=folder) from error
    return ExportReport(
        folder,
        len(job.items) - len(refused),
        job.left_out,
        tuple(renamed),
        tuple(turned),
        tuple(refused),
    )


def unique_stems(images: Sequence[Path]) -> list[str]:
    """A file name without ending for each image, all different, on any file system.

    The first image keeps its own; a later one whose name is taken gets "-2", "-3", ….
    """
    own = {_folded(image.stem) for image in images}
    taken: set[str] = set()
    stems = []
    for image in images:
        stem, number = image.stem, 1
        while _folded(stem) in taken or (number > 1 and _folded(stem) in own):
            number += 1
            stem = f"{image.stem}-{number}"
        taken.add(_folded(stem))
        stems.append(stem)
    return stems


# ---------------------------------------------------------------------- inside


def _check_classes(mask: Pixels, classes: Sequence[PixelClass], image: Path) -> None:
    listed = np.zeros(256, np.bool_)
    listed[[UNLABELLED, *(cls.index for cls in classes)]] = True
    unlisted = mask[~listed[mask]]
    if unlisted.size:
        raise UserError(
            f"the mask holds class {unlisted[0]}, which is not in the list of classes",
            path=image,
            remedy="Add the class again, or erase its pixels.",
        )


def _check_stop(should_stop: Callable[[], bool] | None) -> None:
    if should_stop is not None and should_stop():
        raise ExportStopped


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


def _folded(stem: str) -> str:
    """Equal for names that Windows or macOS would take for the same."""
    return unicodedata.normalize("NFC", stem.casefold())
