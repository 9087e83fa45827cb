"""Writing an export: images and masks into a new folder, read back, with a data card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_io import LoadedImage
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.formats.data_card import JSON_NAME, Card, CardImage, write_card
from cnnseg_gui.formats.dataset import Entry, Format, WriteOptions, Writer
from cnnseg_gui.formats.export_job import ExportItem, ExportJob
from cnnseg_gui.formats.export_names import unique_stems
from cnnseg_gui.formats.export_report import (
    ExportReport,
    ExportStopped,
    check_job,
    find_format,
    refuse_sources_inside,
)
from cnnseg_gui.formats.export_verifying import MaskSpool, Verified, verify
from cnnseg_gui.formats.image_copy import cut, link_image, read_fitting, write_upright
from cnnseg_gui.formats.staging import staged_folder
from cnnseg_gui.formats.tag_table import write_tags
from cnnseg_gui.formats.tiling import tiles_of

Progress = Callable[[int, int], None]


def write(
    job: ExportJob,
    format_name: str,
    folder: Path,
    *,
    on_progress: Progress | None = None,
    on_checked: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ExportReport:
    """Writes the data set into a new folder, reads it back; may run in any thread.

    Args:
        format_name: a key of `FORMATS`.
        folder: must not exist, unless it is an earlier export that may be replaced; missing
            parents are made.
        on_progress: called with (images done, images in all).
        on_checked: the same for the images that are read back.
        should_stop: asked before every image and before the folder gets its name.

    Raises:
        UserError: there is something at `folder`, every image is missing, changed or unreadable,
            a mask is damaged or holds a class that is not listed, or the disk refuses. Nothing
            remains.
        ExportStopped: `should_stop` said so. Nothing remains.
    """
    format_ = find_format(format_name)
    check_job(job, format_)
    folder = folder.absolute()
    replaces = JSON_NAME if job.options.replace else ""
    if replaces:
        refuse_sources_inside(job, folder)
    try:
        with staged_folder(folder, replaces=replaces) as stage, MaskSpool() as spool:
            writing = _Writing(job, format_, stage, spool)
            for done, (item, stems) in enumerate(writing.named_items()):
                _check_stop(should_stop)
                writing.add(item, stems)
                if on_progress is not None:
                    on_progress(done + 1, len(job.items))
            if len(writing.refused) == len(job.items):
                raise writing.refused[0]
            _check_stop(should_stop)
            verified = writing.finish(on_checked, should_stop)
            _check_stop(should_stop)
    except OSError as error:
        raise from_os_error(error, doing="exporting the data set", path=folder) from error
    return ExportReport(
        folder,
        len(writing.entries),
        job.left_out,
        tuple(writing.renamed),
        tuple(writing.turned),
        tuple(writing.refused),
        writing.copied,
        verified,
    )


class _Writing:
    """An export under way, in its staged folder."""

    def __init__(self, job: ExportJob, format_: Format, stage: Path, spool: MaskSpool) -> None:
        self._job, self._format, self._stage, self._spool = job, format_, stage, spool
        self._options = WriteOptions(job.classes, job.options.choices)
        begin = format_.writer
        if begin is None:
            raise ValueError(f"{format_.name} is only read")
        self._writer: Writer = begin(stage, self._options)
        self._tags: dict[str, tuple[str, ...]] = {}
        self._rows: list[CardImage] = []
        self.entries: list[Entry] = []
        self.renamed: list[tuple[Path, str]] = []
        self.turned: list[str] = []
        self.refused: list[UserError] = []
        self.copied = 0

    def named_items(self) -> Iterator[tuple[ExportItem, list[tuple[str, str]]]]:
        """Each item with (wanted, given) stems of its images in the data set."""
        size = self._job.options.tile
        wanted: list[Path] = []
        counts: list[int] = []
        for item in self._job.items:
            name = item.wanted_name
            if not size:
                wanted.append(name)
                counts.append(1)
                continue
            height, width = item.shape or item.read_mask().shape
            tiles = [
                name.with_name(f"{name.stem}_{r}_{c}.png")
                for r, c, _ in tiles_of(height, width, size)
            ]
            wanted += tiles
            counts.append(len(tiles))
        stems = iter(zip(wanted, unique_stems(wanted), strict=True))
        for item, count in zip(self._job.items, counts, strict=True):
            yield item, [(path.stem, stem) for path, stem in (next(stems) for _ in range(count))]

    def add(self, item: ExportItem, stems: Sequence[tuple[str, str]]) -> None:
        """Reads an image and adds it, or notes why it cannot be."""
        mask = self._job.mask_of(item)
        _check_classes(mask, self._job.classes, item.image)
        try:
            data, image = read_fitting(item.image, item.sha256, mask.shape, page=item.page)
        except UserError as error:
            self.refused.append(error)
            return
        proposed = np.zeros((0, 0), np.bool_)
        if self._job.proposer is not None:
            proposed = item.read_mask() == UNLABELLED  # not what is decided and left out
            try:
                mask = self._filled(item, mask, proposed, image)
            except UserError as error:
                self.refused.append(error)
                return
            proposed &= mask != UNLABELLED
        size = self._job.options.tile
        whole = (mask.shape[0], mask.shape[1])
        for (wanted, stem), (_, _, rect) in zip(stems, tiles_of(*whole, size), strict=True):
            part = np.ascontiguousarray(mask[rect.slices])
            filled = int(np.count_nonzero(proposed[rect.slices]))
            entry = self._put(item, wanted, stem, data, image, rect if size else None)
            self._writer.add(entry, part)
            self._spool.add(part)
            self.entries.append(entry)
            self._rows.append(_row(item, entry, part, filled, labels_only=self._format.labels_only))

    def _filled(
        self, item: ExportItem, mask: Pixels, undecided: npt.NDArray[np.bool_], image: LoadedImage
    ) -> Pixels:
        assert self._job.proposer is not None
        proposal = self._job.proposer.propose(item, image.pixels)
        if self._job.mapping is not None:
            proposal = self._job.mapping.table[proposal]
        filled: Pixels = np.where(undecided, proposal, mask)
        return filled

    def _put(
        self,
        item: ExportItem,
        wanted: str,
        stem: str,
        data: bytes,
        image: LoadedImage,
        rect: Rect | None,
    ) -> Entry:
        """Puts an image, or a tile of it, into its place."""
        suffix = item.wanted_name.suffix
        if rect is not None:
            suffix, data, image = cut(image, rect)
        shape = (image.pixels.shape[0], image.pixels.shape[1])
        as_it_is = rect is None and item.page is None and not image.turned
        if self._job.options.images == "refer" and as_it_is:
            source = PurePosixPath(item.image.absolute().as_posix())
            self._tags[str(source)] = item.tags
            return Entry(source, shape, item.tags, item.split)
        place = self._writer.place(stem + suffix, item.split, item.tags)
        target = self._stage / place
        target.parent.mkdir(parents=True, exist_ok=True)
        name = place.name
        linked = self._job.options.images == "link" and as_it_is
        if not (linked and link_image(item.image, target)):
            name = write_upright(target.parent, place.name, data, image)
            self.copied += self._job.options.images != "copy"
        if stem != wanted or not name.startswith(stem):
            self.renamed.append((item.image, name))
        if image.turned:
            self.turned.append(name)
        self._tags[name] = item.tags
        return Entry(place.parent / name, shape, item.tags, item.split)

    def finish(
        self, on_checked: Progress | None, should_stop: Callable[[], bool] | None
    ) -> Verified | None:
        """Ends the data set, reads it back and writes its card."""
        self._writer.finish()
        write_tags(self._stage, self._tags)

        def on_image(number: int) -> None:
            if number:
                _check_stop(should_stop)
            if on_checked is not None:
                on_checked(number, len(self.entries))

        verified = verify(
            self._format, self._stage, self._options, self.entries, self._spool, on_image=on_image
        )
        write_card(self._stage, self._card(verified), self._rows)
        return verified

    def _card(self, verified: Verified | None) -> Card:
        job, rule = self._job, self._job.options.split
        split = ""
        if rule is not None:
            ratios = " / ".join(f"{ratio:g}" for ratio in rule.ratios)
            split = f"train / val / test {ratios} by {rule.group}, seed {rule.seed}"
        choices = {
            name: self._options.choice(self._format.choices, name) for name in self._format.choices
        }
        options = asdict(job.options) | {"format": self._format.name, "choices": choices}
        return Card(
            job.title,
            self._format.title,
            () if self._format.labels_only else job.classes,
            options,
            job.options.licence,
            split,
            job.proposer.revision if job.proposer is not None else "",
            verified,
        )


# ---------------------------------------------------------------------- inside


def _row(
    item: ExportItem, entry: Entry, mask: Pixels, proposed: int, *, labels_only: bool
) -> CardImage:
    counts = np.bincount(mask.ravel(), minlength=256)
    return CardImage(
        str(entry.image),
        item.image.name,
        item.sha256,
        *entry.shape,
        entry.split,
        entry.tags,
        item.status,
        {}
        if labels_only
        else {int(index): int(counts[index]) for index in np.flatnonzero(counts[:UNLABELLED])},
        item.effort.painted if item.effort is not None else 0,
        item.effort.accepted if item.effort is not None else 0,
        proposed,
        item.page,
    )


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
