"""A labelled data set goes into a project: its masks, tags and splits, image by image.

Reading (`DataSetReader`) may run beside the window; `Import.put` is used where the project is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_table import FORMER
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.patch import Patch
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.tags import clean_tag
from cnnseg_gui.formats.dataset import DataSet, Format
from cnnseg_gui.formats.import_change import Existing, MaskChange, change_mask
from cnnseg_gui.formats.import_classes import ClassPlan, first_classes, plan_classes
from cnnseg_gui.formats.import_plan import reader_for
from cnnseg_gui.formats.import_reading import DataSetReader, FoundImage
from cnnseg_gui.formats.registry import FORMATS

Progress = Callable[[int, int], None]
"""Images done so far, and of how many."""


class EditClasses(Protocol):
    """Changes a project's list of classes as one step, named for the undo menu."""

    def __call__(self, after: ClassList, *, name: str) -> None: ...


class LeftOut(UserError):
    """An image cannot go into the project; the others can."""


@dataclass(frozen=True)
class ImportOptions:
    """How a data set goes in.

    Args:
        mapping: the data set's class names to the project's; an empty one leaves pixels undecided.
        existing: what becomes of masks that are there; parts that are fixed change with `REPLACE`.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    existing: Existing = Existing.FILL


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
        return reader_for(self._data_set, self._project)

    def put_classes(self, edit: EditClasses | None = None) -> None:
        """Adds the classes that are missing, as one step of the history.

        Args:
            edit: changes the project's list; None: `Project.edit_classes`.

        Raises:
            UserError: they could not be stored.
        """
        self.plan = _planned_again(self.plan, self._project.class_list, self._options.mapping)
        if self.plan.added:
            (edit or self._project.edit_classes)(self.plan.after, name="Import classes")
            self.report.classes_added = tuple(cls.name for cls in self.plan.added)

    def refuse(self, error: UserError) -> None:
        """An image is left out."""
        self.report.refused.append(error)
        self.report.skipped += 1

    def mask_of(self, found: FoundImage) -> Mask:
        """The project's mask of an image; an undecided one of an image that it has not.

        Raises:
            UserError: the stored one is damaged.
        """
        if found.image_id is not None:
            return self._project.load_mask(found.image_id)
        assert found.facts is not None  # or the reader had refused it
        return Mask(found.facts.height, found.facts.width)

    def change(self, found: FoundImage, mask: Mask) -> MaskChange | None:
        """What becomes of a mask, which stays as it is; a worker's job on a snapshot.

        Raises:
            UserError: the data set's mask is of another size.
        """
        if found.mask is None:
            return None
        if mask.shape != found.mask.shape:
            raise UserError(f"the mask of {found.entry.name} is of another size than its image")
        return change_mask(mask, self.plan.table[found.mask], self._options.existing)

    def put(
        self, found: FoundImage, mask: Mask, change: MaskChange | None
    ) -> tuple[int, Patch | None]:
        """Stores an image with its mask, tags and split: whole, or not at all.

        Args:
            mask: the one that `change` was made of, or that a snapshot was taken of; it is changed
                along with the stored one.

        Returns:
            The image's number and what has changed of its mask.

        Raises:
            LeftOut: it does not belong there; others may.
            UserError: it could not be stored; nothing of it is, and the mask is as before.
        """
        project, patch = self._project, None
        tags, refused = _clean_tags(found)
        try:
            with project.together():
                number = self._number(found)
                before = project.image(number)
                new = [tag for tag in tags if tag not in before.tags]
                split = found.entry.split
                if before.split and self._options.existing is not Existing.REPLACE:
                    split = ""
                if change is not None:
                    mask.image_id = number
                    patch = change.prepared.put_in(mask)
                if patch is not None:
                    project.commit(patch, mask, name=self.gesture)
                for tag in new:
                    project.tags.add(number, tag)
                if split:
                    project.set_split(number, split)
        except BaseException:
            if patch is not None:
                patch.revert(mask)
            raise
        report = self.report
        report.matched += found.image_id is not None
        report.added += found.image_id is None
        report.kept += change.kept if change is not None else 0
        report.masks += patch is not None
        report.pixels += patch.changed_pixels() if patch is not None else 0
        report.tags += len(new)
        report.splits += split not in ("", before.split)
        report.refused += refused
        return number, patch

    def _number(self, found: FoundImage) -> int:
        if found.image_id is not None:
            return found.image_id
        assert found.facts is not None  # or the reader had refused it
        (number,) = self._project.add_images([found.facts])
        record = self._project.image(number)
        if record.sha256 != found.facts.sha256 or record.status == FORMER:
            raise LeftOut(
                "the project knows this file as another picture",
                path=found.facts.path,
                remedy="Open it there and say what it is, then import again.",
            )
        return number


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
            mask = work.mask_of(found)
            change = work.change(found, mask)
        except UserError as error:
            work.refuse(error)
            continue
        try:
            work.put(found, mask, change)
        except LeftOut as error:
            work.refuse(error)
    return work.report


def _planned_again(plan: ClassPlan, now: ClassList, mapping: Mapping[str, str]) -> ClassPlan:
    """The list may have been edited since."""
    return plan_classes([one.source for one in plan.classes], now, mapping)


def _clean_tags(found: FoundImage) -> tuple[list[str], list[UserError]]:
    """Tags as they are stored, and what is wrong with the others."""
    tags: list[str] = []
    refused: list[UserError] = []
    for tag in found.entry.tags:
        try:
            tags.append(clean_tag(tag))
        except UserError as error:
            refused.append(UserError(f"{found.entry.name}: {error.what}", remedy=error.remedy))
    return list(dict.fromkeys(tags)), refused
