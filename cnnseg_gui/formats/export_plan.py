"""What an export would hold, before anything is written: counts, and what to know about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats.dataset import Format, WriteOptions
from cnnseg_gui.formats.export_job import ExportJob
from cnnseg_gui.formats.image_copy import not_there

TINY = 4
"""Objects of fewer pixels are told of: mostly slips of the brush."""

_NAMED = 3


@dataclass(frozen=True)
class ExportPlan:
    """A dry run.

    Args:
        images: of the data set, tiles counted each.
        left_out: images of the project that were not chosen.
        pixels: by class of the data set; of decided pixels.
        holding: images of the project that have any of a class.
        splits: images of the project in each part; empty where it is not split.
        unlabelled: images without a decided pixel; background: those with nothing but background.
        tiny: objects below `TINY` pixels; None where they were not looked for.
        warnings: what to know, a line each.
    """

    images: int
    left_out: int
    pixels: dict[int, int]
    holding: dict[int, int]
    splits: dict[str, int]
    unlabelled: int
    background: int
    tiny: int | None = None
    warnings: tuple[str, ...] = field(default=())


def plan(
    job: ExportJob, format_: Format, *, should_stop: Callable[[], bool] | None = None
) -> ExportPlan:
    """Counts what would be written; may run in any thread.

    Args:
        should_stop: asked before every mask; objects are not counted any more then.

    Raises:
        UserError: a mask is damaged, or the options do not fit the format.
    """
    pixels: Counter[int] = Counter()
    holding: Counter[int] = Counter()
    for item in job.items:
        pixels.update(item.decided)
        holding.update(index for index, count in item.decided.items() if count)
    tiny = None if format_.labels_only else _tiny_objects(job, should_stop)
    found = ExportPlan(
        sum(item.tiles(job.options.tile) for item in job.items),
        job.left_out,
        dict(pixels),
        dict(holding),
        {} if job.split is None else job.split.counts(),
        sum(1 for item in job.items if not item.decided),
        sum(1 for item in job.items if set(item.decided) == {0}),
        tiny,
    )
    return ExportPlan(**{**vars(found), "warnings": tuple(_warnings(job, format_, found))})


def _warnings(job: ExportJob, format_: Format, found: ExportPlan) -> Iterator[str]:
    missing = [item.image.name for item in job.items if not_there(item.image)]
    if missing:
        yield f"{_images(len(missing))} not there, and would be left out: {_some(missing)}"
    if format_.labels_only:
        untagged = sum(1 for item in job.items if not item.tags)
        if untagged:
            yield f"{_images(untagged)} without a tag"
    else:
        yield from _about_masks(job, format_, found)
    if job.split is not None:
        if job.split.leaking:
            names = [name.partition(" ")[2] or name[:12] for name in job.split.leaking]
            yield (
                f"{len(names):,} groups are in more than one part already, as it was fixed before: "
                f"{_some(names)}"
            )
        rule = job.options.split
        ratios = rule.ratios if rule is not None else ()
        for (name, count), ratio in zip(found.splits.items(), ratios, strict=True):
            if ratio and not count:
                yield f"no image is in {name}: there are too few groups, or another seed is needed"


def _about_masks(job: ExportJob, format_: Format, found: ExportPlan) -> Iterator[str]:
    if found.unlabelled and job.proposer is None:
        yield f"{_images(found.unlabelled)} without a decided pixel"
    absent = [cls.name for cls in job.classes if not found.pixels.get(cls.index)]
    if absent and job.proposer is None:
        yield f"no pixel is of the class {_some(absent)}"
    if found.tiny:
        noun = "object has" if found.tiny == 1 else "objects have"
        yield f"{found.tiny:,} {noun} fewer than {TINY} pixels"
    if not format_.is_exact(WriteOptions(job.classes, job.options.choices)):
        yield f"{format_.title} keeps outlines: borders may differ; you will be told by how much"
    sample = np.array([[UNLABELLED]], np.uint8)
    keeps = bool((format_.kept(sample) == UNLABELLED).all())
    if not keeps and _undecided(job):
        yield f"{format_.title} has no undecided pixels: they become background"


def _undecided(job: ExportJob) -> bool:
    return any(
        item.shape is not None and sum(item.decided.values()) < item.shape[0] * item.shape[1]
        for item in job.items
    )


def _tiny_objects(job: ExportJob, should_stop: Callable[[], bool] | None) -> int | None:
    count = 0
    for item in job.items:
        if should_stop is not None and should_stop():
            return None
        if any(index for index in item.decided):
            count += tiny_objects(job.mask_of(item))
    return count


def tiny_objects(mask: Pixels) -> int:
    """How many objects of fewer than `TINY` pixels a mask has, corners touching."""
    count = 0
    for value, place in enumerate(ndimage.find_objects(mask), start=1):
        if value != UNLABELLED and place is not None:
            labels, _ = ndimage.label(mask[place] == value, np.ones((3, 3), np.bool_))
            sizes = np.bincount(labels.ravel())[1:]
            count += int(np.count_nonzero(sizes < TINY))
    return count


def _images(count: int) -> str:
    return f"{count:,} image{' is' if count == 1 else 's are'}"


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
