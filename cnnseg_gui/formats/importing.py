"""A labelled data set goes into a project: its masks, tags and splits, image by image.

Reading (`DataSetReader`) may run beside the window; `Import.put` is used where the project is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.mask import UNLABELLED, Mask
from cnnseg_gui.core.patch import Patch, PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.dataset import DataSet, Format
from cnnseg_gui.formats.import_classes import ClassPlan, first_classes, plan_classes
from cnnseg_gui.formats.import_reading import DataSetReader, FoundImage, ImageMatcher
from cnnseg_gui.formats.registry import FORMATS

Progress = Callable[[int, int], None]
"""Images done so far, and of how many."""


@dataclass(frozen=True)
class ImportOptions:
    """How a data set goes in.

    Args:
        mapping: the data set's class names to the project's; an empty one leaves pixels undecided.
        replace: the data set's pixels take the place of decided ones, which are kept otherwise.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    replace: bool = False


@dataclass
class ImportReport:
    """What has become of a data set."""

    matched: int = 0
    """Images that the project had."""
    added: int = 0
    skipped: int = 0
    """Images that were left out; why is in `refused`."""
    masks: int = 0
    """Images whose mask has changed."""
    pixels: int = 0
    """That are another value now."""
    kept: int = 0
    """Pixels that were decided otherwise before, and still are."""
    tags: int = 0
    splits: int = 0
    classes_added: tuple[str, ...] = ()
    refused: list[UserError] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    stopped: bool = False
    """Before the last image."""


def recognise(path: Path) -> Format | None:
    """The format that a folder or file looks like, or None."""
    try:
        return next((format_ for format_ in FORMATS.values() if format_.recognises(path)), None)
    except OSError:
        return None


def read_data_set(path: Path, name: str | None = None) -> tuple[Format, DataSet]:
    """Opens a data set: its lists, no masks.

    Args:
        name: of its format; None: the one that it looks like.

    Raises:
        UserError: it looks like none, or is not to be read.
    """
    if not path.exists():
        raise UserError("there is no such folder or file", path=path, remedy="Choose another.")
    format_ = FORMATS[name] if name is not None else recognise(path)
    if format_ is None:
        raise UserError(
            "this looks like no data set that is known",
            path=path,
            remedy=f"Say what it is: {', '.join(FORMATS)}.",
        )
    try:
        return format_, format_.read(path)
    except OSError as error:
        raise from_os_error(error, doing="reading the data set", path=path) from error


def make_project(folder: Path, data_set: DataSet, mapping: Mapping[str, str]) -> Project:
    """An empty project with the data set's classes.

    Raises:
        UserError: there is one already, or it cannot be written.
    """
    classes = first_classes(data_set.classes, mapping)
    project = Project.create(folder, [cls.name for cls in classes.live])
    project.set_classes(classes.live)
    return project


class Import:
    """One data set on its way into a project.

    Raises:
        UserError: its classes do not fit into the project's list; nothing has changed.
    """

    def __init__(
        self, project: Project, data_set: DataSet, options: ImportOptions, *, title: str
    ) -> None:
        self._project = project
        self._options = options
        self._data_set = data_set
        self.gesture = f"Import from {title}"
        self.plan = plan_classes(data_set.classes, project.class_list, options.mapping)
        self.report = ImportReport(refused=list(data_set.refused), notes=data_set.notes)
        self.report.skipped = len(data_set.refused)

    def reader(self) -> DataSetReader:
        """What reads the images; it may be used in a worker."""
        matcher = ImageMatcher(self._project.images(), self._project.looks())
        return DataSetReader(self._data_set, matcher)

    def put_classes(self) -> None:
        """Adds the classes that are missing, as one step of the history.

        Raises:
            UserError: they could not be stored.
        """
        self.plan = _planned_again(self.plan, self._project.class_list, self._options.mapping)
        if self.plan.added:
            self._project.edit_classes(self.plan.after, name="Import classes")
            self.report.classes_added = tuple(cls.name for cls in self.plan.added)

    def refuse(self, error: UserError) -> None:
        """An image is left out."""
        self.report.refused.append(error)
        self.report.skipped += 1

    def put(self, found: FoundImage, *, mask: Mask | None = None) -> tuple[int, Patch | None]:
        """Stores an image: whole, or not at all.

        Args:
            mask: the project's, if somebody holds it; it is changed along with the stored one.

        Returns:
            The image's number and what has changed of its mask.

        Raises:
            UserError: it could not be stored.
        """
        project, report = self._project, self.report
        number = found.image_id
        if number is None:
            assert found.facts is not None  # or the reader had refused it
            (number,) = project.add_images([found.facts])
        patch = self._put_mask(number, found, mask)
        self._put_tags(number, found)
        before = project.image(number)
        if found.entry.split and (not before.split or self._options.replace):
            project.set_split(number, found.entry.split)
            report.splits += before.split != found.entry.split
        if found.image_id is None:
            report.added += 1
        else:
            report.matched += 1
        return number, patch

    def _put_mask(self, number: int, found: FoundImage, mask: Mask | None) -> Patch | None:
        if found.mask is None:
            return None
        mask = mask if mask is not None else self._project.load_mask(number)
        if mask.shape != found.mask.shape:
            raise UserError(f"the mask of {found.entry.name} is of another size than its image")
        values = self.plan.table[found.mask]
        before = mask.read(mask.bounds)
        writes = (values != UNLABELLED) & (values != before)
        if not self._options.replace:
            decided = before != UNLABELLED
            self.report.kept += int(np.count_nonzero(writes & decided))
            writes &= ~decided
        builder = PatchBuilder(mask)
        builder.paint(0, 0, writes, values)
        patch = builder.finish()
        if patch is None:
            return None
        try:
            self._project.commit(patch, mask, name=self.gesture)
        except UserError:
            patch.revert(mask)
            raise
        self.report.masks += 1
        self.report.pixels += patch.changed_pixels()
        return patch

    def _put_tags(self, number: int, found: FoundImage) -> None:
        have = set(self._project.tags.of(number))
        for tag in found.entry.tags:
            try:
                self._project.tags.add(number, tag)
            except UserError as error:
                error = UserError(f"{found.entry.name}: {error.what}", remedy=error.remedy)
                self.report.refused.append(error)
        self.report.tags += len(set(self._project.tags.of(number)) - have)


def import_all(
    work: Import,
    *,
    on_progress: Progress = lambda done, of: None,
    stop: Callable[[], bool] = lambda: False,
) -> ImportReport:
    """Everything, here and now. After `stop` no further image goes in; those that are in stay.

    Raises:
        UserError: it could not be stored.
    """
    reader = work.reader()
    work.put_classes()
    for place in range(len(reader)):
        if stop():
            work.report.stopped = True
            break
        on_progress(place, len(reader))
        try:
            found = reader.read(place)
        except UserError as error:
            work.refuse(error)
            continue
        work.put(found)
    return work.report


def _planned_again(plan: ClassPlan, now: ClassList, mapping: Mapping[str, str]) -> ClassPlan:
    """The list may have been edited since."""
    return plan_classes([one.source for one in plan.classes], now, mapping)
