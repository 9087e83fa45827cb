"""The engine's work on images that are not shown: proposals, slips of the hand. Imports torch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cnnseg_gui.core.contradictions import Contradiction
from cnnseg_gui.engine.examples import example_of
from cnnseg_gui.engine.jobs import Job
from cnnseg_gui.engine.messages import (
    Embedded,
    LookForSlips,
    ProposeBeside,
    Proposed,
    Slip,
    Slips,
    SlipsEnded,
)
from cnnseg_gui.engine.packing import unpack
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.engine.reporter import Reporter
from cnnseg_gui.engine.stock import Images, Models
from cnnseg_gui.engine.tile_sending import TileSender
from cnnseg_gui.engine.turnstile import Turnstile
from cnnseg_gui.engine.wants import Stopped
from cnnseg_gui.learning.cross_fit import cross_fitted
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.embedding import embed
from cnnseg_gui.learning.fit import Cancelled, Progress
from cnnseg_gui.learning.propose import propose


class Beside:
    """Carries out jobs that stand aside for whatever a person looks at."""

    def __init__(
        self,
        compute: Compute,
        *,
        outbox: Outbox,
        turnstile: Turnstile,
        images: Images,
        models: Models,
    ) -> None:
        self._compute, self._outbox = compute, outbox
        self._turnstile, self._images, self._models = turnstile, images, models

    def propose(self, job: Job, message: ProposeBeside) -> None:
        """Sends a `ProposedTile` for every finished rectangle, then `Proposed`.

        Raises:
            Stopped: between two tiles.
            UserError: the image or the model cannot be had.
        """
        start = time.perf_counter()
        pixels = self._images.load(message.image, job.stopped)
        model = self._models.load(
            message.model, message.classes, job.stopped, dict(message.mapping)
        )

        sender = TileSender(self._outbox, message.request, message.image)
        propose(
            model,
            pixels,
            self._compute,
            on_region=sender.send,
            checkpoint=lambda: self._checkpoint(job),
        )
        job.raise_if_stopped()
        seen = embed(pixels) if message.embed else None
        if seen is not None:
            answer = Embedded(request=message.request, image=message.image)
            self._outbox.send(answer, [seen.astype("<f2").tobytes()])
        seconds = time.perf_counter() - start
        self._outbox.send(Proposed(request=message.request, image=message.image, seconds=seconds))

    def look_for_slips(self, job: Job, message: LookForSlips, blocks: Sequence[bytes]) -> None:
        """Sends `TrainProgress` now and then, `Slips` for each image, then `SlipsEnded`.

        Raises:
            Stopped: between two steps.
            UserError: the images or the model cannot be had, or there is nothing to learn from.
        """
        model = self._models.load(
            message.model, message.classes, job.stopped, dict(message.mapping)
        )
        masks = unpack(message.images, blocks, message.values, message.accepted)
        examples = [
            example_of(self._images, job, image, mask)
            for image, mask in zip(message.images, masks, strict=True)
        ]
        found = cross_fitted(
            model,
            examples,
            compute=self._compute,
            seconds=message.seconds,
            seed=message.seed,
            on_progress=_BothHalves(Reporter(self._outbox, message.request), message.seconds),
            checkpoint=lambda: self._checkpoint(job),
        )
        try:
            for image, regions in found:
                answer = Slips(
                    request=message.request,
                    image=image,
                    regions=tuple(_slip(region) for region in regions),
                )
                bits = [np.packbits(region.covered).tobytes() for region in regions]
                self._outbox.send(answer, bits)
        except Cancelled as error:
            raise Stopped from error
        job.raise_if_stopped()
        self._outbox.send(SlipsEnded(request=message.request))

    def _checkpoint(self, job: Job) -> bool:
        self._turnstile.give_way(job.stopped)
        return job.stopped()


class _BothHalves:
    """Progress over both halves, from that of each."""

    def __init__(self, report: Reporter, seconds: float) -> None:
        self._report, self._seconds = report, seconds
        self._before = self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.seconds < self._last:  # the second half has begun
            self._before = self._seconds
        self._last = progress.seconds
        left = progress.seconds_left + (0.0 if self._before else self._seconds)
        self._report(replace(progress, seconds=progress.seconds + self._before, seconds_left=left))


def _slip(region: Contradiction) -> Slip:
    rect = region.rect
    return Slip(
        rect=(rect.top, rect.left, rect.bottom, rect.right),
        pixels=region.pixels,
        decided=region.decided,
        proposed=region.proposed,
        confidence=region.confidence,
    )
