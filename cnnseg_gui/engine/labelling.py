"""The engine's work on labels: classifying, explaining, and learning tags. Imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine.cache import ByteCache
from cnnseg_gui.engine.jobs import Job
from cnnseg_gui.engine.messages import (
    Checked,
    CheckWeights,
    Classified,
    Classify,
    Explain,
    Explained,
    TagImage,
    Trained,
    TrainTags,
)
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.engine.reporter import Reporter
from cnnseg_gui.engine.stock import Images, bringer, check_hash, checked_blocks
from cnnseg_gui.engine.turnstile import Turnstile
from cnnseg_gui.engine.wants import Stopped, Wants
from cnnseg_gui.learning.classify import LabelModel, classify, dump_labels, load_labels, published
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.fit import Cancelled
from cnnseg_gui.learning.fit_labels import TaggedImage, begin, fit_labels
from cnnseg_gui.learning.grad_cam import explain
from cnnseg_gui.learning.label_card import LabelCard
from cnnseg_gui.learning.pretrained import check_weights

MAX_WEIGHTS = 2**30
"""Bytes of classifiers kept, as float32 parameters: VGG16 alone has half of it."""


class Labelling:
    """Carries out jobs on labels; `train` runs beside the others."""

    def __init__(
        self,
        compute: Compute,
        *,
        outbox: Outbox,
        wants: Wants,
        turnstile: Turnstile,
        images: Images,
    ) -> None:
        self._compute, self._outbox, self._wants = compute, outbox, wants
        self._turnstile, self._images = turnstile, images
        self._models: ByteCache[LabelModel] = ByteCache(MAX_WEIGHTS)

    def answer(self, job: Job, message: Classify | Explain | CheckWeights) -> None:
        """Sends `Classified`, `Explained` or `Checked`.

        Raises:
            Stopped: while waiting for bytes.
            UserError: the image or the classifier cannot be had, it does not know the label, or
                the weights do not fit.
        """
        match message:
            case Classify():
                self._classify(job, message)
            case Explain():
                self._explain(job, message)
            case CheckWeights():
                self._check(job, message)

    def train(self, job: Job, message: TrainTags) -> None:
        """Sends `TrainProgress` now and then, then `Trained`.

        Raises:
            Stopped: between two steps.
            UserError: the images or the weights cannot be had, or there is nothing to learn.
        """
        model = begin(
            message.network,
            message.labels,
            pretrained=message.pretrained,
            seed=message.seed,
            bring=bringer(self._wants, job.stopped),
        )

        def checkpoint() -> bool:
            self._turnstile.give_way(job.stopped)
            return job.stopped()

        try:
            fitted = fit_labels(
                model,
                [self._tagged(job, image) for image in message.images],
                compute=self._compute,
                seconds=message.seconds,
                steps=message.steps,
                seed=message.seed,
                on_progress=Reporter(self._outbox, message.request),
                checkpoint=checkpoint,
            )
        except Cancelled as error:
            raise Stopped from error
        job.raise_if_stopped()
        card, weights = dump_labels(fitted)
        self._keep(f"tags:{card.sha256}", LabelModel(fitted.network, card))
        self._outbox.send(Trained(request=message.request), [card.to_json(), weights])

    def load(self, key: str, stopped: Callable[[], bool]) -> LabelModel:
        """A classifier by its key (see `messages.Classify.model`).

        Raises:
            Stopped: the job was cancelled while it waited for bytes.
            UserError: there is none, or its files are damaged or others.
        """
        model = self._models.get(key)
        if model is None:
            model = self._find(key, stopped)
            self._keep(key, model)
        return model

    def forget(self) -> None:
        """Frees what is kept."""
        self._models.clear()

    def _classify(self, job: Job, message: Classify) -> None:
        start = time.perf_counter()
        pixels = self._images.load(message.image, job.stopped)
        model = self.load(message.model, job.stopped)
        with self._turnstile.overtaking():
            found = classify(
                model, pixels, self._compute, region=_rect(message.region), top=message.top
            )
        job.raise_if_stopped()
        self._outbox.send(
            Classified(
                request=message.request,
                image=message.image,
                model=message.model,
                labels=tuple(label.name for label in found),
                probabilities=tuple(label.probability for label in found),
                seconds=time.perf_counter() - start,
            )
        )

    def _explain(self, job: Job, message: Explain) -> None:
        pixels = self._images.load(message.image, job.stopped)
        model = self.load(message.model, job.stopped)
        with self._turnstile.overtaking():
            where, heat = explain(
                model, pixels, message.label, self._compute, region=_rect(message.region)
            )
        job.raise_if_stopped()
        answer = Explained(
            request=message.request,
            image=message.image,
            model=message.model,
            label=message.label,
            rows=heat.shape[0],
            columns=heat.shape[1],
            region=(where.top, where.left, where.bottom, where.right),
        )
        self._outbox.send(answer, [np.round(heat * 255).astype(np.uint8).tobytes()])

    def _check(self, job: Job, message: CheckWeights) -> None:
        check_weights(message.name, bringer(self._wants, job.stopped, "candidate")(message.name))
        self._models.clear()  # it may hold what these are to replace
        job.raise_if_stopped()
        self._outbox.send(Checked(request=message.request))

    def _tagged(self, job: Job, image: TagImage) -> TaggedImage:
        def load() -> Pixels:
            job.raise_if_stopped()
            return self._images.load(image.image, job.stopped)

        return TaggedImage(load, image.label, image.held_out)

    def _find(self, key: str, stopped: Callable[[], bool]) -> LabelModel:
        kind, _, name = key.partition(":")
        if kind == "imagenet":
            return published(name, bringer(self._wants, stopped))
        supplied = self._wants.fetch(key, stopped)
        card, weights = checked_blocks(supplied, 2)
        check_hash(weights, name, supplied.path)
        return load_labels(weights, LabelCard.from_json(card, supplied.path), supplied.path)

    def _keep(self, key: str, model: LabelModel) -> None:
        self._models.put(key, model, sum(p.nbytes for p in model.network.parameters()))


def _rect(region: tuple[int, int, int, int] | None) -> Rect | None:
    return Rect(*region) if region is not None else None
