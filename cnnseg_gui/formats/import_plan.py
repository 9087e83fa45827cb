"""What an import would do, before anything is stored: counts, and what to know about them.

A data set is read once and compared with the project's masks; what another choice of classes, or
of what becomes of masks that are there, would do follows from that without reading it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import APPROVED, ImageRecord
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.dataset import DataSet
from cnnseg_gui.formats.import_change import Existing
from cnnseg_gui.formats.import_classes import ClassPlan
from cnnseg_gui.formats.import_reading import DataSetReader, FoundImage, ImageMatcher

_ROWS = 256  # counted at once


@dataclass(frozen=True)
class Compared:
    """An image of a data set beside the project's.

    Args:
        name: in the data set.
        record: the project's image; None: it would be added.
        tags: how many of its tags the project's image has not.
        split: the part that it belongs to in the data set, or empty.
        pairs: int64[n, 3], a row for each pair that occurs: the value there, the value here, and
            in how many pixels; None: the data set has no mask for it.
    """

    name: str
    record: ImageRecord | None
    tags: int
    split: str
    pairs: npt.NDArray[np.int64] | None


@dataclass(frozen=True)
class ImportPlan:
    """A dry run.

    Args:
        matched: images that the project has.
        added: images that it gets.
        masks: images whose mask would change.
        pixels: that would be another value.
        by_class: pixels and images that a class of the project would get, by its name.
        warnings: what to know, a line each.
    """

    matched: int
    added: int
    masks: int
    pixels: int
    by_class: dict[str, tuple[int, int]]
    tags: int
    splits: int
    warnings: tuple[str, ...]


def reader_for(data_set: DataSet, project: Project | None) -> DataSetReader:
    """Reads a data set once; None: as for a project without images."""
    if project is None:
        return DataSetReader(data_set, ImageMatcher((), {}))
    return DataSetReader(data_set, ImageMatcher(project.images(), project.looks()))


def survey(
    reader: DataSetReader, project: Project | None
) -> Iterator[tuple[FoundImage, Compared] | UserError]:
    """Reads a data set and compares it with a project, image by image; a worker's job."""
    for place in range(len(reader)):
        try:
            found = reader.read(place)
            record = mine = None
            if project is not None and found.image_id is not None:
                record = project.image(found.image_id)
                if found.mask is not None:
                    mask = project.load_mask(record.id)
                    mine = mask.read(mask.bounds)
            yield found, compare(found, record, mine)
        except UserError as error:
            yield error


def compare(found: FoundImage, record: ImageRecord | None, mine: Pixels | None) -> Compared:
    """Counts the pairs of values.

    Args:
        mine: the project's mask, uint8[H, W] in its classes' indices; None: all undecided.
    """
    have = record.tags if record is not None else ()
    tags = len({tag.strip() for tag in found.entry.tags} - set(have))
    pairs = None
    if found.mask is not None:
        counts = np.zeros(1 << 16, np.int64)
        for top in range(0, found.mask.shape[0], _ROWS):
            rows = slice(top, top + _ROWS)
            pair = found.mask[rows].astype(np.uint16) << 8
            pair |= UNLABELLED if mine is None else mine[rows]
            counts += np.bincount(pair.ravel(), minlength=1 << 16)
        (where,) = np.nonzero(counts)
        pairs = np.stack([where >> 8, where & 255, counts[where]], axis=1)
    return Compared(found.entry.name, record, tags, found.entry.split, pairs)


def plan_import(
    compared: Iterable[Compared], classes: ClassPlan, existing: Existing, notes: Iterable[str] = ()
) -> ImportPlan:
    """Counts what would be stored.

    Args:
        notes: of the data set.
    """
    compared = list(compared)
    names = {cls.index: cls.name for cls in classes.after.live}
    pixels: Counter[int] = Counter()
    holding: Counter[int] = Counter()
    found = _Counts()
    splits = 0
    for one in compared:
        before = one.record.split if one.record is not None else ""
        fixed = bool(before) and existing is not Existing.REPLACE
        splits += one.split not in ("", before) and not fixed
        found.moved += fixed and one.split not in ("", before)
        if one.pairs is None:
            found.without += not one.tags
            continue
        own = _changes(one.pairs, classes.table, existing, found)
        for index, count in own.items():
            pixels[index] += count
            holding[index] += 1
        if own:
            found.masks += 1
            found.approved += one.record is not None and one.record.status == APPROVED
    matched = sum(one.record is not None for one in compared)
    tags = sum(one.tags for one in compared)
    added = len(compared) - matched
    total = sum(pixels.values())
    warnings = [*notes, *_warnings(found)]
    if compared and not (added or total or tags or splits):
        warnings.append("nothing would change: the project has all of it, or keeps its own")
    return ImportPlan(
        matched,
        added,
        found.masks,
        total,
        {names[index]: (pixels[index], holding[index]) for index in names if pixels[index]},
        tags,
        splits,
        tuple(warnings),
    )


# ---------------------------------------------------------------------- inside


@dataclass
class _Counts:
    """Of images, unless it is said."""

    masks: int = 0
    without: int = 0
    kept: int = 0
    kept_pixels: int = 0
    replaced: int = 0
    replaced_pixels: int = 0
    approved: int = 0
    moved: int = 0


def _changes(
    pairs: npt.NDArray[np.int64], table: Pixels, existing: Existing, found: _Counts
) -> dict[int, int]:
    """How many pixels of one mask get which value."""
    wanted, mine, count = table[pairs[:, 0]], pairs[:, 1], pairs[:, 2]
    writes = (wanted != UNLABELLED) & (wanted != mine)
    decided = mine != UNLABELLED
    over = int(count[writes & decided].sum())
    if existing is Existing.REPLACE:
        found.replaced += over > 0
        found.replaced_pixels += over
    else:
        found.kept += over > 0
        found.kept_pixels += over
        writes &= ~decided
        if existing is Existing.KEEP and decided.any():
            writes[:] = False
    sums = np.bincount(wanted[writes], weights=count[writes], minlength=256).astype(np.int64)
    return {int(index): int(sums[index]) for index in np.flatnonzero(sums)}


def _warnings(found: _Counts) -> Iterator[str]:
    if found.replaced:
        yield (
            f"{_pixels(found.replaced_pixels)} that you decided otherwise in "
            f"{_images(found.replaced)} would be replaced"
        )
    if found.kept:
        yield (
            f"{_pixels(found.kept_pixels)} in {_images(found.kept)} that the data set says "
            "otherwise of stay as you decided"
        )
    if found.approved:
        yield f"{_images(found.approved)} that you approved would be in work again"
    if found.moved:
        yield f"{_images(found.moved)} stay in the part (train, val, test) that is fixed here"
    if found.without:
        yield f"{_images(found.without)} without labels"


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"


def _pixels(count: int) -> str:
    return f"{count:,} pixel{'' if count == 1 else 's'}"
