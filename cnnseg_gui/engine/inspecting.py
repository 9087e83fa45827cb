"""The engine's work for the Architecture window. Imports torch."""

from __future__ import annotations

from cnnseg_gui.engine.jobs import Job
from cnnseg_gui.engine.labelling import Labelling
from cnnseg_gui.engine.messages import Describe, Described, Inside, LookInside, Overview
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.engine.stock import Images, Models
from cnnseg_gui.engine.turnstile import Turnstile
from cnnseg_gui.learning import inspect_network


class Inspecting:
    """Describes networks, and shows what goes on inside one."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        turnstile: Turnstile,
        images: Images,
        models: Models,
        labelling: Labelling,
    ) -> None:
        self._outbox, self._turnstile = outbox, turnstile
        self._images, self._models, self._labelling = images, models, labelling

    def answer(self, job: Job, message: Describe | LookInside) -> None:
        """Sends `Overview`, `Described` or `Inside`.

        Raises:
            Stopped: while waiting for bytes.
            UserError: no such network or layer, or the image or the weights cannot be had.
        """
        if isinstance(message, LookInside):
            self._look_inside(job, message)
        elif message.network:
            with self._turnstile.overtaking():
                found = inspect_network.describe(message.network, classifier=message.classifier)
            job.raise_if_stopped()
            self._outbox.send(Described(request=message.request, description=found))
        else:
            self._overview(job, message)

    def _overview(self, job: Job, message: Describe) -> None:
        with self._turnstile.overtaking():
            answer = Overview(
                request=message.request,
                networks=inspect_network.name_networks(),
                kernels=inspect_network.compare_kernels(),
                overlaps=inspect_network.compare_upsampling(),
            )
        job.raise_if_stopped()
        self._outbox.send(answer)

    def _look_inside(self, job: Job, message: LookInside) -> None:
        pixels = self._images.load(message.image, job.stopped)
        with_labels = message.model.startswith(("imagenet:", "tags:"))
        model = (
            self._labelling.load(message.model, job.stopped)
            if with_labels
            else self._models.load(message.model, message.classes, job.stopped)
        )
        with self._turnstile.overtaking():
            found = inspect_network.look_inside(model, pixels, message.layer)
        job.raise_if_stopped()
        filters, maps = found.filters, found.maps
        answer = Inside(
            request=message.request,
            image=message.image,
            model=message.model,
            layer=message.layer,
            filters=(filters.shape[0], filters.shape[1], filters.shape[2]),
            maps=(maps.shape[0], maps.shape[1], maps.shape[2]),
            channels=found.channels,
            of=found.of,
        )
        self._outbox.send(answer, [filters.tobytes(), maps.tobytes()])
