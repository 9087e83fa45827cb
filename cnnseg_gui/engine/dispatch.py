"""Who does what in the engine: one thread takes messages, four carry them out.

The live thread answers while a person paints: all others stand aside for that, between two of
their steps. The interactive thread proposes and classifies; the background thread fine-tunes and
stands aside, between two of its steps, for as long as the interactive one computes. So does the
one beside it, which proposes for images that are not shown.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.engine.jobs import Job
from cnnseg_gui.engine.live_masks import LiveMasks
from cnnseg_gui.engine.messages import (
    Answer,
    AnyMessage,
    Cancel,
    Cancelled,
    CheckWeights,
    Classify,
    Describe,
    Explain,
    Failed,
    LookForSlips,
    LookInside,
    Painted,
    Ping,
    Pong,
    Propose,
    ProposeBeside,
    ProtocolError,
    Supply,
    Train,
    TrainTags,
    Want,
)
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.engine.turnstile import Turnstile
from cnnseg_gui.engine.wants import Refused, Stopped, Supplied, Wants

if TYPE_CHECKING:
    from cnnseg_gui.engine.workshop import Workshop

_logger = logging.getLogger(__name__)

_DEFECT = UserError("the engine met a defect", remedy="The log has the details; it goes on.")


class Engine:
    """The jobs and the threads that do them.

    Args:
        outbox: where answers go.
        device: as for `learning.device.choose`.
        threads: for torch.
        on_cannot_start: called in the interactive thread where torch or the device fails.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        device: str,
        threads: int,
        on_cannot_start: Callable[[UserError], None],
    ) -> None:
        self._outbox = outbox
        self._device = device
        self._threads = threads
        self._on_cannot_start = on_cannot_start
        self._wants = Wants(lambda key: outbox.send(Want(key=key), wait=False))
        self._turnstile = Turnstile()
        self._lock = threading.Lock()
        self._jobs: dict[int, Job] = {}
        self._newest_proposal: Job | None = None
        self._newest_answer: Job | None = None
        self._masks = LiveMasks()
        self._at_work = 0  # jobs of the interactive and the background thread that are carried out
        self._interactive: SimpleQueue[Job] = SimpleQueue()
        self._background: SimpleQueue[Job] = SimpleQueue()
        self._beside: SimpleQueue[Job] = SimpleQueue()
        self._live: SimpleQueue[Job] = SimpleQueue()

    def start(self) -> None:
        """Begins to load torch; messages are taken at once and wait."""
        threading.Thread(target=self._run, name="interactive", daemon=True).start()

    def take(self, message: AnyMessage, blocks: list[bytes]) -> None:
        """Handles one message, waiting for nothing; called by the reading thread.

        Raises:
            ProtocolError: it is none for an engine.
        """
        match message:
            case Ping():
                self._outbox.send(Pong(), wait=False)
            case Propose():
                self._take_propose(message)
            case Painted():
                self._take_painted(message, blocks)
            case Answer():
                self._take_answer(message)
            case ProposeBeside():
                job = Job(message.request, lambda job, shop: shop.beside.propose(job, message))
                self._enter(job, self._beside)
            case LookForSlips():
                job = Job(
                    message.request,
                    lambda job, shop: shop.beside.look_for_slips(job, message, blocks),
                )
                self._enter(job, self._background)
            case Train():
                self._masks.mark(message.request)
                job = Job(
                    message.request, lambda job, shop: shop.training.train(job, message, blocks)
                )
                self._enter(job, self._background)
            case Classify() | Explain() | CheckWeights():
                job = Job(message.request, lambda job, shop: shop.labelling.answer(job, message))
                self._enter(job, self._interactive)
            case TrainTags():
                job = Job(message.request, lambda job, shop: shop.labelling.train(job, message))
                self._enter(job, self._background)
            case Describe() | LookInside():
                job = Job(message.request, lambda job, shop: shop.inspecting.answer(job, message))
                self._enter(job, self._interactive)
            case Cancel():
                with self._lock:
                    found = self._jobs.get(message.request)
                if found is not None:
                    self._stop(found)
            case Supply():
                self._wants.answer(message.key, _answer(message, blocks))
            case _:
                raise ProtocolError(f"not for the engine: {type(message).__name__}")

    def _take_propose(self, message: Propose) -> None:
        if self._newest_proposal is not None:
            self._stop(self._newest_proposal)
        job = Job(message.request, lambda job, shop: shop.propose(job, message))
        self._newest_proposal = job
        self._enter(job, self._interactive)

    def _take_answer(self, message: Answer) -> None:
        if self._newest_answer is not None:
            self._stop(self._newest_answer)
        job = Job(message.request, lambda job, shop: shop.live.answer(job, message))
        self._newest_answer = job
        self._enter(job, self._live)

    def _take_painted(self, message: Painted, blocks: list[bytes]) -> None:
        try:
            self._masks.take(message, blocks)
        except ValueError as error:
            raise ProtocolError(f"masks that cannot be read: {error}") from error

    def _idle(self) -> bool:
        """Whether nothing but an answer is being computed, or waits to be."""
        return not self._at_work and self._interactive.empty() and self._background.empty()

    def _enter(self, job: Job, queue: SimpleQueue[Job]) -> None:
        with self._lock:
            self._jobs[job.request] = job
        queue.put(job)

    def _stop(self, job: Job) -> None:
        if job.stop():
            self._forget(job)
            self._outbox.send(Cancelled(request=job.request), wait=False)
        self._wants.wake()
        self._turnstile.wake()

    def _forget(self, job: Job) -> None:
        with self._lock:
            self._jobs.pop(job.request, None)

    # ------------------------------------------------------------------ the other threads

    def _run(self) -> None:
        """The interactive thread."""
        try:
            workshop = self._open_workshop()
        except UserError as error:
            self._on_cannot_start(error)
            return
        except Exception as error:
            _logger.exception("the engine cannot start")
            self._on_cannot_start(UserError(f"torch cannot be used ({error})"))
            return
        threading.Thread(
            target=self._serve, args=(self._live, workshop), name="live", daemon=True
        ).start()
        threading.Thread(
            target=self._run_background, args=(workshop,), name="background", daemon=True
        ).start()
        threading.Thread(
            target=self._serve, args=(self._beside, workshop), name="beside", daemon=True
        ).start()
        self._serve(self._interactive, workshop)

    def _run_background(self, workshop: Workshop) -> None:
        from cnnseg_gui.engine.listing import list_networks

        self._outbox.send(list_networks())
        self._serve(self._background, workshop)

    def _open_workshop(self) -> Workshop:
        importlib.import_module("cnnseg_gui.learning")  # its settings come before torch
        from cnnseg_gui.engine.workshop import Workshop  # torch: seconds, so not in the reader

        workshop = Workshop(
            device=self._device,
            threads=self._threads,
            outbox=self._outbox,
            wants=self._wants,
            turnstile=self._turnstile,
            masks=self._masks,
            idle=self._idle,
        )
        self._outbox.send(workshop.ready)
        return workshop

    def _serve(self, queue: SimpleQueue[Job], workshop: Workshop) -> None:
        while True:
            job = queue.get()
            if job.begin():
                self._count(queue, 1)
                self._carry_out(job, workshop)
                self._count(queue, -1)
                self._forget(job)

    def _count(self, queue: SimpleQueue[Job], by: int) -> None:
        if queue is self._interactive or queue is self._background:
            with self._lock:
                self._at_work += by

    def _carry_out(self, job: Job, workshop: Workshop) -> None:
        try:
            job.work(job, workshop)
        except Stopped:
            self._outbox.send(Cancelled(request=job.request))
        except UserError as error:
            self._fail(job, error)
        except Exception as error:
            _logger.exception("request %d failed", job.request)
            self._fail(job, workshop.out_of_memory(error) or _DEFECT)

    def _fail(self, job: Job, error: UserError) -> None:
        self._outbox.send(
            Failed(request=job.request, what=error.what, path=error.path, remedy=error.remedy)
        )


def _answer(message: Supply, blocks: list[bytes]) -> Supplied | Refused:
    if message.what:
        return Refused(message.what, message.path, message.remedy)
    return Supplied(blocks, message.path, message.files)
