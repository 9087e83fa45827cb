"""Proposes for many images, one after the other, and accepts what is sure enough."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.effort import batch_step
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_doubts import ImageDoubt, doubt_of
from cnnseg_gui.core.image_table import APPROVED, FORMER, ImageRecord
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.patch import Patch
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.stored_mask import mask_of_tiles
from cnnseg_gui.core.sure_pixels import accept_sure
from cnnseg_gui.editor.beside_proposals import BesideProposal, BesideProposals, EngineGone
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.proposing import too_large
from cnnseg_gui.editor.queueing import revision_key
from cnnseg_gui.editor.workspace import Workspace

_AGAIN_MS = 100  # a gesture is open
_RUN, _LAST = "batch", "batch_last"  # settings of the project


@dataclass(frozen=True)
class BatchRun:
    """What was asked for, as it is kept with the project."""

    above: float | None
    """The confidence from which on is accepted, 0…1; None: nothing is."""
    images: tuple[int, ...]
    """Their numbers, ascending; none: all that are not approved."""
    total: int
    done: int = 0
    last: int = 0
    """The number of the last image that is done."""
    refused: int = 0
    """Those of them that could not be proposed for."""

    @property
    def proposed(self) -> int:
        return max(0, self.done - self.refused)

    @property
    def left(self) -> int:
        return max(0, self.total - self.done)


class Batch(QObject):
    """One run at a time; what was cut short goes on where it was."""

    started = Signal()
    progressed = Signal(object)
    """BatchRun, after each image."""
    finished = Signal(object, int, int)
    """BatchRun, pixels accepted since it was started here, images that could not be proposed."""
    interrupted = Signal(object)
    """BatchRun that `go_on` continues; None: there is none."""
    failed = Signal(object)
    """UserError: of one image, or of the run."""

    def __init__(
        self,
        workspace: Workspace,
        choice: ModelChoice,
        beside: BesideProposals,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._choice, self._beside = workspace, choice, beside
        self._run: BatchRun | None = None
        self._request: int | None = None
        self._project: Project | None = None
        self._pixels = 0
        self._sound: BatchRun | None = None
        """As it was before the engine ended, where nothing has come of it since."""
        workspace.project_changed.connect(self._look)

    @property
    def running(self) -> bool:
        return self._run is not None

    def start(self, *, above: float | None, total: int, images: Sequence[int] = ()) -> None:
        """Begins with the first of these images, or of all that are not approved.

        Args:
            above: see `BatchRun`.
            total: how many there are, where all are asked for.
            images: numbers.

        Raises:
            UserError: it could not be stored.
        """
        project = self._workspace.project
        if project is None or self.running:
            return
        chosen = tuple(sorted(set(images)))
        run = BatchRun(above, chosen, len(chosen) or total)
        kept = {"above": above, "images": chosen, "total": run.total}
        project.set_setting(_RUN, json.dumps(kept))
        project.set_setting(_LAST, "0 0")
        self._begin(project, run)

    def go_on(self) -> None:
        """Continues what was cut short."""
        project = self._workspace.project
        run = None if project is None else stored_run(project)
        if project is not None and run is not None and not self.running:
            self._begin(project, run)

    def cancel(self) -> None:
        """Stops; what is accepted stays, and the rest can go on."""
        if self._run is not None:
            self._halt()
            self._look()

    def discard(self) -> None:
        """Forgets what was cut short."""
        project = self._workspace.project
        if project is not None and not self.running:
            _forget(project)
            self._look()

    # ------------------------------------------------------------------ image by image

    def _begin(self, project: Project, run: BatchRun) -> None:
        self._project, self._run = project, run
        self._pixels, self._sound = 0, None
        self.started.emit()
        self._next()

    def _halt(self) -> None:
        request, self._request = self._request, None
        self._run = self._project = None
        if request is not None:
            self._beside.cancel(request)

    def _look(self) -> None:
        """What was cut short in the project that is open; one that runs elsewhere stops."""
        if self._project is not self._workspace.project:
            self._halt()
        if not self.running:
            project = self._workspace.project
            self.interrupted.emit(None if project is None else stored_run(project))

    def _next(self) -> None:
        project, run = self._project, self._run
        if project is None or run is None:
            return
        try:
            record = _next_image(project, run)
        except UserError as error:
            self._halt()
            self.failed.emit(error)
            self._look()
            return
        if record is None:
            self._finish(project, run)
            return
        self._request = self._beside.ask(
            record,
            self._choice.proposing,
            mapping=self._choice.mapping,
            done=lambda proposal: self._take(record, proposal),
            failed=lambda error: self._on_failed(record, error),
            embed=True,
        )

    def _finish(self, project: Project, run: BatchRun) -> None:
        _forget(project)
        pixels = self._pixels
        self._halt()
        self.finished.emit(run, pixels, run.refused)
        self.interrupted.emit(None)

    def _take(self, record: ImageRecord, proposal: BesideProposal) -> None:
        """Measures, and finds what is to be accepted, in a worker."""
        project, run = self._project, self._run
        self._request = None
        if project is None or run is None:
            return
        above = run.above
        step = project.last_step(record.id)
        tiles = project.packed_tiles(record.id) if above is not None else []
        classes = project.class_list

        def work() -> tuple[ImageDoubt, Mask, Patch | None]:
            doubt = doubt_of(
                record.id,
                revision_key(proposal.model),
                proposal.classes,
                proposal.confidence,
                embedding=proposal.embedding,
            )
            mask = mask_of_tiles(record, tiles, classes.meaning)
            if above is None:
                return doubt, mask, None
            patch = accept_sure(mask, proposal, above, accepted_as=classes.accepted_as)
            return doubt, mask, patch

        def done(found: tuple[ImageDoubt, Mask, Patch | None]) -> None:
            if self._run is run:
                self._keep(project, record, proposal, step, *found)

        in_background(
            work,
            parent=self,
            done=done,
            failed=lambda error: self._on_failed(record, error),
        )

    def _keep(
        self,
        project: Project,
        record: ImageRecord,
        proposal: BesideProposal,
        step: int | None,
        doubt: ImageDoubt,
        mask: Mask,
        patch: Patch | None,
    ) -> None:
        """Stores it as one step of the image's history, unless something was painted meanwhile.

        On an image with an open gesture, it waits for the gesture's end. One that was approved
        meanwhile, or became a former one, is passed over.
        """
        run = self._run
        assert run is not None
        open_document = self._workspace.opened(record.id)
        if run.above is not None and open_document is not None and open_document.painting:

            def again() -> None:
                if self._run is run:
                    self._keep(project, record, proposal, step, doubt, mask, patch)

            QTimer.singleShot(_AGAIN_MS, self, again)
            return
        try:
            if not _awaits(project, record):
                self._next()
                return
            project.doubts.note([doubt])
            if run.above is not None:
                name = batch_step(run.above)
                if open_document is not None:
                    if open_document.unsaved:
                        open_document.settle()
                    found = accept_sure(
                        open_document.mask,
                        proposal,
                        run.above,
                        accepted_as=project.class_list.accepted_as,
                    )
                    if found is not None:
                        open_document.keep(found, name)
                        self._pixels += found.changed_pixels()
                elif project.last_step(record.id) != step:
                    self._take(record, proposal)  # painted on, and left again: look once more
                    return
                elif patch is not None:
                    project.commit(patch, mask, name=name)
                    self._pixels += patch.changed_pixels()
                    self._workspace.image_changed.emit(record.id)
        except UserError as error:
            self._halt()
            self.failed.emit(error)
            self._look()
            return
        self._sound = None
        self._step(record)

    def _on_failed(self, record: ImageRecord, error: UserError | None) -> None:
        self._request = None
        run = self._run
        if run is None:
            return
        if error is None:  # another device was chosen: the engine began anew
            self.cancel()
            return
        if not isinstance(error, EngineGone):
            self._sound = None
        elif self._sound is None:
            self._sound = run
        if isinstance(error, EngineGone) and not error.comes_back:
            self._give_up(self._sound or run)
            return
        self.failed.emit(error)
        self._step(record, refused=1)

    def _give_up(self, run: BatchRun) -> None:
        """There is no engine: it can go on from here once there is one again.

        The images that were asked about since then are asked about again: it was not theirs.
        """
        if self._project is not None:
            self._note(self._project, run)
        self._halt()
        self.failed.emit(
            UserError(
                "the batch was stopped, since the engine does not run",
                remedy="Restart the engine, then choose Go on in the Batch panel.",
            )
        )
        self._look()

    def _step(self, record: ImageRecord, *, refused: int = 0) -> None:
        project, run = self._project, self._run
        if project is None or run is None:
            return
        self._run = replace(run, done=run.done + 1, last=record.id, refused=run.refused + refused)
        self._note(project, self._run)
        self.progressed.emit(self._run)
        self._next()

    def _note(self, project: Project, run: BatchRun) -> None:
        """How far it has come, for another start."""
        try:
            project.set_setting(_LAST, f"{run.done} {run.last} {run.refused}")
        except UserError as error:
            self.failed.emit(error)


def stored_run(project: Project) -> BatchRun | None:
    """What was cut short in a project; None: nothing."""
    try:
        data = json.loads(project.setting(_RUN) or "null")
        if data is None:
            return None
        above = data["above"]
        images = tuple(int(number) for number in data["images"])
        done, last, refused = (*project.setting(_LAST, "0 0").split(), "0")[:3]
        return BatchRun(
            None if above is None else float(above),
            images,
            int(data["total"]),
            int(done),
            int(last),
            int(refused),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _forget(project: Project) -> None:
    project.set_setting(_RUN, "")
    project.set_setting(_LAST, "0 0")


def _next_image(project: Project, run: BatchRun) -> ImageRecord | None:
    """The next image that is not approved and can be shown to a network."""
    last = run.last
    while True:
        if run.images:
            following = next((number for number in run.images if number > last), None)
        else:
            following = project.listing.beside(last, 1)
        if following is None:
            return None
        last = following
        try:
            record = project.image(following)
        except KeyError:
            continue
        if _is_open(record) and not too_large(record):
            return record


def _is_open(record: ImageRecord) -> bool:
    return record.status not in (APPROVED, FORMER)


def _awaits(project: Project, record: ImageRecord) -> bool:
    """Whether a proposal for what an image was still belongs there."""
    try:
        now = project.image(record.id)
    except KeyError:
        return False
    return _is_open(now) and now.content == record.content
