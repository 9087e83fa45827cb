"""The engine's answers while a person paints. Imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import torch
from torch import Tensor

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine.jobs import Job
from cnnseg_gui.engine.live_knowledge import LiveKnowledge
from cnnseg_gui.engine.live_masks import LiveMasks
from cnnseg_gui.engine.messages import Answer, Answered
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.engine.stock import Images, Models
from cnnseg_gui.engine.tile_sending import TileSender
from cnnseg_gui.engine.turnstile import Turnstile
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.live_features import cells, has_live_head
from cnnseg_gui.learning.live_head import goes_deeper
from cnnseg_gui.learning.live_pixels import Sample

SENT = 256
"""Side in pixels of the rectangles that are sent: the window takes each in under 1 ms."""
_ROUNDS = (20, 40, 80)  # of learning deeper, while nothing new is painted; an answer after each
_OTHERS = 24  # images beside the shown one whose decided pixels count too
_WAIT_S, _LOOK_S = 3.0, 0.05  # how long a chance to learn deeper is waited for, and looked for


class LiveAnswering:
    """Carries out `Answer`s, one after the other, in a thread of its own.

    Args:
        turnstiles: what learns, and what proposes, stands aside for an answer.
        idle: whether nothing else is being computed.
    """

    def __init__(
        self,
        compute: Compute,
        *,
        outbox: Outbox,
        turnstiles: tuple[Turnstile, ...],
        images: Images,
        models: Models,
        masks: LiveMasks,
        idle: Callable[[], bool],
    ) -> None:
        self._compute, self._outbox, self._turnstiles = compute, outbox, turnstiles
        self._images, self._models, self._masks, self._idle = images, models, masks, idle
        self._knowledge: LiveKnowledge | None = None
        self._from: tuple[object, ...] = ()

    def forget(self) -> None:
        """Frees what is kept."""
        self._knowledge = None

    def answer(self, job: Job, message: Answer) -> None:
        """Sends `ProposedTile`s and an `Answered`, once or several times.

        Raises:
            Stopped: between two of its steps.
            UserError: the image or the model cannot be had, or has no live head.
        """
        start = time.perf_counter()
        pixels = self._images.load(message.image, job.stopped)
        knows = self._known(job, message)
        visible = Rect(*message.visible)
        with ExitStack() as overtaking:
            for turnstile in self._turnstiles:
                overtaking.enter_context(turnstile.overtaking())
            cores = list(cells(pixels.shape[:2], visible))
            looked = []
            for core in cores:
                job.raise_if_stopped()
                looked.append(knows.look(message.image, pixels, core))
            seen = self._masks.see(message.image)
            if seen is not None and seen.mask.shape == pixels.shape[:2]:
                knows.read(message.image, seen, looked)
            sample = knows.pixels.sample()
            if sample is not None:
                job.raise_if_stopped()
                knows.head.fit(sample)
            covered = self._send(job, message, knows, pixels, sample)
        unread = self._unread(knows)
        more = bool(unread) or (message.show and goes_deeper(knows.head, sample))
        self._say(message, start, sample, covered, last=not more)
        if more:
            self._read_others(job, knows, unread)
            self._deepen(job, message, knows, pixels)

    # ------------------------------------------------------------------ inside

    def _known(self, job: Job, message: Answer) -> LiveKnowledge:
        """What was learnt under this model; of another one's nothing is of use."""
        generation = self._masks.generation  # of another project's strokes nothing is of use either
        key = f"{generation} {message.model} {message.classes} {message.mapping}"
        before = self._from
        if self._knowledge is None or self._knowledge.key != key:
            model = self._models.load(
                message.model, message.classes, job.stopped, dict(message.mapping)
            )
            if not has_live_head(model.network):
                raise UserError(
                    f"{model.card.network} cannot answer while you paint",
                    remedy="Choose fcn-lite0, or switch the answers off.",
                )
            known, self._from = self._knowledge, (generation, message.model, message.mapping)
            if known is not None and before == self._from:
                self._knowledge = known.with_classes(key, model)
            else:
                self._knowledge = LiveKnowledge(key, model, self._compute)
        return self._knowledge

    def _unread(self, knows: LiveKnowledge) -> list[str]:
        """Images that are painted on and were not looked at under this model."""
        return [key for key in self._masks.images() if not knows.has_read(key)][-_OTHERS:]

    def _read_others(self, job: Job, knows: LiveKnowledge, unread: list[str]) -> None:
        """What is decided on the other images counts too, once there was time to look at them."""
        for image in unread:
            if not self._has_time(job):
                break
            job.raise_if_stopped()
            try:
                pixels = self._images.load(image, job.stopped)
            except UserError:
                continue  # said where it is proposed or taught
            looked = []
            for core in cells(pixels.shape[:2], Rect(0, 0, *pixels.shape[:2])):
                job.raise_if_stopped()
                looked.append(knows.look(image, pixels, core))
            seen = self._masks.see(image)
            if seen is not None and seen.mask.shape == pixels.shape[:2]:
                knows.read(image, seen, looked)

    def _deepen(self, job: Job, message: Answer, knows: LiveKnowledge, pixels: Pixels) -> None:
        """Learns on while nobody else computes and nothing new is asked.

        Until it has, the head stays as it is: what it reads in the image is known.
        """
        rounds = _ROUNDS if goes_deeper(knows.head, knows.pixels.sample()) else (0,)
        for round_, steps in enumerate(rounds):
            start = time.perf_counter()
            sample = knows.pixels.sample() if self._has_time(job) else None
            job.raise_if_stopped()
            if sample is not None:
                deeper = knows.head.branch()
                with self._turnstiles[0].overtaking():
                    deeper.deepen(sample, steps=steps, stopped=job.stopped)
                    job.raise_if_stopped()
                    deeper.fit(sample)
                job.raise_if_stopped()
                knows.head = deeper
            covered = self._send(job, message, knows, pixels, sample)
            last = sample is None or round_ == len(rounds) - 1
            self._say(message, start, sample, covered, last=last)
            if last:
                return

    def _has_time(self, job: Job) -> bool:
        """Waits a little for it."""
        end = time.perf_counter() + _WAIT_S
        while not self._idle():
            if job.stopped() or time.perf_counter() > end:
                return False
            time.sleep(_LOOK_S)
        return True

    def _send(
        self,
        job: Job,
        message: Answer,
        knows: LiveKnowledge,
        pixels: Pixels,
        sample: Sample | None,
    ) -> Rect:
        """Proposes what is visible; returns the rectangle that covers it."""
        covered = Rect(0, 0, 0, 0)
        if sample is None or not message.show:
            return covered
        sender = TileSender(self._outbox, message.request, message.image)
        for core in cells(pixels.shape[:2], Rect(*message.visible)):
            job.raise_if_stopped()
            looked = knows.look(message.image, pixels, core)
            logits = knows.head.logits(looked.encoded, looked.hidden(knows.head))
            classes, confidence = _read(logits.div_(knows.model.card.temperature))
            for part in _parts(core):
                own = (
                    slice(part.top - core.top, part.bottom - core.top),
                    slice(part.left - core.left, part.right - core.left),
                )
                sender.send(part, classes[own], confidence[own])
            covered = covered.union(core)
        return covered

    def _say(
        self, message: Answer, start: float, sample: Sample | None, covered: Rect, *, last: bool
    ) -> None:
        self._outbox.send(
            Answered(
                request=message.request,
                image=message.image,
                seconds=time.perf_counter() - start,
                pixels=0 if sample is None else len(sample.truth),
                covered=(covered.top, covered.left, covered.bottom, covered.right),
                last=last,
            )
        )


def _parts(core: Rect) -> Iterator[Rect]:
    """A cell in pieces on the grid of mask tiles."""
    for row, column in core.cells(SENT):
        piece = Rect(row * SENT, column * SENT, (row + 1) * SENT, (column + 1) * SENT)
        yield piece.intersection(core)


def _read(logits: Tensor) -> tuple[Pixels, Pixels]:
    """Classes and confidence uint8[h, w] of scores float32[K, h, w], which are used up."""
    highest, classes = logits.max(0)
    likely = logits.sub_(highest).exp_().sum(0).reciprocal_()
    confidence = likely.mul_(255).round_().to(torch.uint8)
    return classes.to(torch.uint8).cpu().numpy(), confidence.cpu().numpy()
