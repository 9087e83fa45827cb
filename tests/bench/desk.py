"""The program's editor and engine without a window, in front of a person whose time is simulated.

The engine learns as many steps as it would in the person's time on a computer with nothing else to
do: a fine-tune of so many seconds is one of `STEPS_PER_S` times as many steps, and the person waits
for the engine where it is behind. So results do not depend on how busy this computer is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication, QEventLoop, QSettings

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.proposal import composite
from cnnseg_gui.core.queue_order import Queue
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.revisions import Revision
from cnnseg_gui.core.scores import Scores, verdict_of
from cnnseg_gui.editor.beside_proposals import BesideProposals
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.fine_tuning import FineTuning
from cnnseg_gui.editor.live import LivePainting
from cnnseg_gui.editor.live_sending import LiveSending
from cnnseg_gui.editor.material import Material
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.proposing import Proposing
from cnnseg_gui.editor.queueing import Queueing
from cnnseg_gui.editor.supplies import Supplies
from cnnseg_gui.editor.tools.base import ImagePoint, ToolSettings
from cnnseg_gui.editor.tools.brush import Brush
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient, State, local_command
from cnnseg_gui.engine.messages import Request, Train, TrainProgress
from tests.bench.annotator import AIM_S, Stroke

STEPS_PER_S = 4.0
"""Of `fcn-lite0` by one thread on two cores, beside somebody who paints, validation included."""
_PATIENCE_S = 600.0
_TURN_MS = 5


class CountedEngine(EngineClient):
    """The engine, whose fine-tunes are counted in steps."""

    def _request(self, message: Request, blocks: Sequence[bytes] = ()) -> int:
        if isinstance(message, Train):
            steps = round((message.seconds or 0.0) * STEPS_PER_S)
            message = msgspec.structs.replace(message, seconds=None, steps=steps)
        return super()._request(message, blocks)


class Desk:
    """A project with the images of a folder, and the parts that work on it.

    Args:
        folder: for the project, and for the settings.
        images: files, in the order of the list.
        network: that is taught, from the beginning on.
    """

    def __init__(
        self,
        folder: Path,
        images: Sequence[Path],
        classes: Sequence[str],
        *,
        network: str,
        threads: int | None = None,
    ) -> None:
        self._application = QCoreApplication.instance() or QCoreApplication([])
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
        self.workspace = Workspace()
        supply = Supplies(self.workspace)
        self.engine = CountedEngine(supply.find, command=local_command(threads=threads))
        self.choice = ModelChoice(self.workspace)
        self.proposing = Proposing(self.workspace, self.choice, self.engine, self._whole)
        self.fine_tuning = FineTuning(self.workspace, self.choice, self.engine)
        sending = LiveSending(self.workspace, self.fine_tuning, self.engine)
        self.live = LivePainting(
            self.workspace,
            self.choice,
            self.engine,
            self.proposing,
            sending,
            Material(self.workspace),
            self._whole,
        )
        beside = BesideProposals(self.workspace, self.engine)
        self.queueing = Queueing(self.workspace, self.choice, self.proposing, beside)
        self.queueing.may_look = lambda: (
            self.engine.state == State.READY
            and not (self.fine_tuning.running or self.proposing.running)
        )
        self.queueing.ordered.connect(self._take_order)
        self.fine_tuning.finished.connect(self._take_revision)
        self.fine_tuning.kept.connect(lambda revision: self._say("kept", _verdict(revision)))
        self.fine_tuning.unimproved.connect(lambda iou: self._say("no better than", f"{iou:.3f}"))
        self.fine_tuning.stopped.connect(lambda reason: self._say("stopped", reason))
        self.fine_tuning.failed.connect(lambda error: self._say("failed", str(error)))
        for ended in (
            self.fine_tuning.finished,
            self.fine_tuning.kept,
            self.fine_tuning.unimproved,
            self.fine_tuning.stopped,
        ):
            ended.connect(self._end_run)
        self.fine_tuning.progressed.connect(self._note_progress)
        self.queue: Queue | None = None
        self.promoted: list[tuple[Revision, float]] = []
        """Revisions that came to propose and were not looked at yet, and the person's time then."""
        self.person = 0.0
        """Seconds."""
        self.gestures = self.pixels = 0
        self._taught = self._learnt = self._began = 0.0
        self._begin(folder, images, classes, network)

    @property
    def machine(self) -> float:
        """Seconds that the engine learnt."""
        return self._taught + self._learnt

    @property
    def document(self) -> Document:
        document = self.workspace.document
        assert document is not None
        return document

    @property
    def proposes(self) -> bool:
        """There is a proposal of the shown image by something that was taught."""
        known = self.choice.revision is not None and self.document.proposal_complete
        return known or self.live.showing

    def look(self, *, proposals: bool) -> Pixels:
        """What the person sees of the shown image: uint8[H, W]."""
        mask = self.document.mask.to_array()
        if not (proposals and self.proposes):
            return mask
        return composite(mask, self.document.proposal.classes.read(self.document.mask.bounds))

    # ------------------------------------------------------------------ what the person does

    def paint(self, stroke: Stroke) -> None:
        """Leads the brush; aiming comes before it."""
        document, before = self.document, self._decided()
        first, *rest = (ImagePoint(*point) for point in stroke.points.tolist())
        document.press(Brush(), first, ToolSettings(stroke.class_index, stroke.diameter))
        for point in rest:
            document.move(point)
        self.spend(stroke.seconds)
        document.release()
        self.gestures += 1
        self.pixels += self._decided() - before
        self.wait_for_answers()

    def show(self, image_id: int) -> None:
        """Goes to an image; it is proposed, if anything proposes."""
        self.workspace.open_image(image_id)
        self.gestures += 1
        self.spend(AIM_S)
        self._wait_for(lambda: self._shown == image_id)
        self.wait_for_answers()

    def approve(self) -> None:
        """Accepts what is left of the proposal; the image shown stays."""
        before = self._decided()
        self.workspace.beside = lambda at, by: at
        self.workspace.approve()
        self.gestures += 1
        self.pixels += self._decided() - before
        self.spend(AIM_S)

    def spend(self, seconds: float) -> None:
        """The person's time passes, and as many steps are learnt as belong to it."""
        self.person += seconds
        while self.fine_tuning.running and self._learnt < self.person - self._began:
            self._turn()

    def wait_for_answers(self) -> None:
        """Until everything that was asked of the engine beside learning is there."""
        self._application.processEvents()
        self._wait_for(lambda: not self.proposing.running and self._answers_rest)

    def teach(self, *, seconds: float, seed: int) -> None:
        """Begins a fine-tune."""
        self._say("teaches", f"{self.fine_tuning.training_set()}")
        self._began, self._learnt = self.person, 0.0
        self.fine_tuning.start(seconds=seconds, seed=seed)

    def close(self) -> None:
        self.fine_tuning.cancel()
        self.engine.stop()
        self.workspace.close_project()

    # ------------------------------------------------------------------ inside

    def _begin(
        self, folder: Path, images: Sequence[Path], classes: Sequence[str], network: str
    ) -> None:
        self.workspace.create_project(folder / "project", classes)
        self.workspace.add_images(images)
        self.choice.choose(f"new:{network}", knows=True)  # no starter, to be better than either
        self.engine.start()
        self._wait_for(lambda: len(self.workspace.images()) == len(images))
        self._wait_for(lambda: self.engine.state == State.READY)

    def _whole(self) -> Rect:
        document = self.workspace.document
        return document.mask.bounds if document else Rect(0, 0, 0, 0)

    @property
    def _shown(self) -> int | None:
        return self.workspace.document.record.id if self.workspace.document else None

    @property
    def _answers_rest(self) -> bool:
        return not self.live.on or self.live._request is None

    def _decided(self) -> int:
        return int(self.document.mask.counts().sum())

    def _turn(self) -> None:
        self._application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, _TURN_MS)
        time.sleep(_TURN_MS / 2000)

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        start = time.perf_counter()
        while not condition():
            self._turn()
            if time.perf_counter() > start + _PATIENCE_S:
                raise TimeoutError(f"nothing for {_PATIENCE_S:.0f} s: {self.engine.last_lines}")

    def _take_order(self, queue: Queue) -> None:
        self.queue = queue

    def _say(self, what: str, more: str) -> None:
        print(f"{self.person:.0f} s: {what} {more}", file=sys.stderr, flush=True)

    def _take_revision(self, revision: Revision) -> None:
        self._say("promoted", _verdict(revision))
        at = min(self.person, self._began + self._learnt)  # a long stroke goes on meanwhile
        self.promoted.append((revision, at))
        self.proposing.refresh()

    def _note_progress(self, progress: TrainProgress) -> None:
        self._learnt = progress.step / STEPS_PER_S

    def _end_run(self) -> None:
        self.person = max(self.person, self._began + self._learnt)  # the engine was ahead
        self._taught, self._learnt = self._taught + self._learnt, 0.0


def _verdict(revision: Revision) -> str:
    verdict, scores = verdict_of(revision.card), Scores.of_card(revision.card)
    return f"{revision.name}: {verdict.in_words() if verdict else 'no verdict'}, {scores}"
