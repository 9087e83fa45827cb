"""Reads a data set in a worker and compares it with the open project, before anything is stored."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.formats.dataset import DataSet, Format
from cnnseg_gui.formats.import_plan import Compared, reader_for, survey
from cnnseg_gui.formats.import_reading import FoundImage
from cnnseg_gui.formats.importing import read_data_set

GLIMPSES = 4
SIDE = 320
"""Pixels of a glimpse at most, on either side."""
_LARGEST = 1 << 26  # pixels of an image that is read for it
_TOLD_EVERY_S = 0.15


@dataclass(frozen=True)
class Glimpse:
    """An image of a data set, small.

    Args:
        pixels: uint8[h, w, 3]; None: it cannot be shown, `note` says why.
        mask: uint8[h, w] in the data set's values; None: it has none.
    """

    name: str
    pixels: Pixels | None
    mask: Pixels | None
    note: str = ""


@dataclass
class Looked:
    """What is known about a data set so far."""

    path: Path
    format: Format
    data_set: DataSet
    compared: list[Compared] = field(default_factory=list)
    refused: list[UserError] = field(default_factory=list)
    glimpses: list[Glimpse] = field(default_factory=list)
    complete: bool = False

    @property
    def done(self) -> int:
        """Images that were read."""
        return len(self.compared) + len(self.refused) - len(self.data_set.refused)


_Step = tuple[list[Compared], list[UserError], list[Glimpse]]


class ImportLooking(QObject):
    """Looks at one data set at a time; what is under way for another one is left."""

    opened = Signal(object)
    """`Looked`: its lists are read."""
    went_on = Signal(object)
    """`Looked`: more of its images are compared; at the end `complete`."""
    failed = Signal(object)
    """UserError: it is no data set that can be read."""
    _opened = Signal(int, object)
    _found = Signal(int, object)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._stop = threading.Event()
        self._turn = 0
        self._looked: Looked | None = None
        self.busy = False
        self._opened.connect(self._take_opened)
        self._found.connect(self._take_found)

    @property
    def looked(self) -> Looked | None:
        """What is known of the data set that was asked for last."""
        return self._looked

    def look(self, path: Path, name: str | None = None) -> None:
        """Reads a folder or file.

        Args:
            name: of its format; None: the one that it looks like.
        """
        self.stop()
        self._looked, self.busy = None, True
        self._stop = stop = threading.Event()
        turn, folder = self._turn, self._folder

        def work() -> None:
            format_, data_set = read_data_set(path, name)
            if stop.is_set():
                return
            self._opened.emit(turn, Looked(path, format_, data_set, refused=[*data_set.refused]))
            project = Project.open(folder)
            try:
                _compare(project, data_set, stop, lambda step: self._found.emit(turn, step))
            finally:
                project.close()

        in_background(
            work,
            parent=self,
            done=lambda _: self._end(turn),
            failed=lambda error: self._on_failed(turn, error),
        )

    def stop(self) -> None:
        """Leaves what is under way."""
        self._stop.set()
        self._turn += 1
        self.busy = False

    # ------------------------------------------------------------------ inside

    def _take_opened(self, turn: int, looked: Looked) -> None:
        if turn == self._turn:
            self._looked = looked
            self.opened.emit(looked)

    def _take_found(self, turn: int, step: _Step) -> None:
        looked = self._looked
        if turn == self._turn and looked is not None:
            compared, refused, glimpses = step
            looked.compared += compared
            looked.refused += refused
            looked.glimpses += glimpses
            self.went_on.emit(looked)

    def _end(self, turn: int) -> None:
        if turn == self._turn and self._looked is not None:
            self.busy = False
            self._looked.complete = True
            self.went_on.emit(self._looked)

    def _on_failed(self, turn: int, error: UserError) -> None:
        if turn == self._turn:
            self.busy = False
            self._looked = None
            self.failed.emit(error)


# ---------------------------------------------------------------------- in the worker


def _compare(
    project: Project, data_set: DataSet, stop: threading.Event, tell: Callable[[_Step], None]
) -> None:
    step: _Step = ([], [], [])
    shown, told = 0, time.monotonic()
    for one in survey(reader_for(data_set, project), project):
        if stop.is_set():
            return
        if isinstance(one, UserError):
            step[1].append(one)
        else:
            found, compared = one
            step[0].append(compared)
            if shown < GLIMPSES:
                shown += 1
                step[2].append(_glimpse(found, compared))
        if step[2] or time.monotonic() - told > _TOLD_EVERY_S:
            tell(step)
            step, told = ([], [], []), time.monotonic()
    if not stop.is_set():
        tell(step)


def _glimpse(found: FoundImage, compared: Compared) -> Glimpse:
    name = found.entry.name
    note = "new" if compared.record is None else ""
    if found.facts is not None:
        path, page = found.facts.path, found.facts.page
        height, width = found.facts.height, found.facts.width
    else:
        assert compared.record is not None  # or it had been refused
        path, page = compared.record.path, compared.record.page
        height, width = compared.record.height, compared.record.width
    if height * width > _LARGEST:
        return Glimpse(name, None, None, "too large for a preview")
    try:
        pixels = read_image(path, page).pixels
    except UserError as error:
        return Glimpse(name, None, None, error.what)
    step = max(1, math.ceil(max(height, width) / SIDE))
    mask = None if found.mask is None else found.mask[::step, ::step].copy()
    return Glimpse(name, np.ascontiguousarray(pixels[::step, ::step]), mask, note)
