"""The engine's work: proposing and fine-tuning with what is at hand. Imports torch."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence

import torch

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine.inspecting import Inspecting
from cnnseg_gui.engine.jobs import Job
from cnnseg_gui.engine.labelling import Labelling
from cnnseg_gui.engine.messages import (
    Propose,
    Proposed,
    ProposedTile,
    Ready,
    Train,
    Trained,
    TrainImage,
)
from cnnseg_gui.engine.packing import unpack
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.engine.reporter import Reporter
from cnnseg_gui.engine.stock import Images, Models
from cnnseg_gui.engine.turnstile import Turnstile
from cnnseg_gui.engine.wants import Stopped, Wants
from cnnseg_gui.learning.device import choose
from cnnseg_gui.learning.fit import Cancelled, Settings, fit
from cnnseg_gui.learning.model import Model, dump, stamped
from cnnseg_gui.learning.propose import propose
from cnnseg_gui.learning.sampling import Example


class Workshop:
    """Carries out jobs. `propose` and `train` run in different threads, side by side.

    Args:
        device: as for `learning.device.choose`.
        threads: for torch.
        outbox: where answers go.
        wants: where missing bytes are asked for.
        turnstile: lets proposals overtake fine-tunes.

    Raises:
        UserError: the device is not there.
    """

    def __init__(
        self, *, device: str, threads: int, outbox: Outbox, wants: Wants, turnstile: Turnstile
    ) -> None:
        self._compute = choose(device, threads)
        self._outbox = outbox
        self._turnstile = turnstile
        self._images = Images(wants)
        self._models = Models(wants)
        self.labelling = Labelling(
            self._compute, outbox=outbox, wants=wants, turnstile=turnstile, images=self._images
        )
        self.inspecting = Inspecting(
            outbox=outbox,
            turnstile=turnstile,
            images=self._images,
            models=self._models,
            labelling=self.labelling,
        )

    @property
    def ready(self) -> Ready:
        """What the window is told about the device."""
        compute = self._compute
        return Ready(
            device=str(compute.device),
            device_name=compute.name,
            precision=str(compute.precision).removeprefix("torch."),
            torch=str(torch.__version__),
            threads=compute.threads,
            milliseconds=compute.milliseconds,
        )

    def propose(self, job: Job, message: Propose) -> None:
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

        def send(rect: Rect, classes: Pixels, confidence: Pixels) -> None:
            tile = ProposedTile(
                request=message.request,
                image=message.image,
                top=rect.top,
                left=rect.left,
                height=rect.height,
                width=rect.width,
            )
            self._outbox.send(tile, [classes.tobytes(), confidence.tobytes()])

        with self._turnstile.overtaking():
            propose(
                model,
                pixels,
                self._compute,
                visible=Rect(*message.visible),
                on_region=send,
                checkpoint=job.stopped,
            )
        job.raise_if_stopped()
        seconds = time.perf_counter() - start
        self._outbox.send(Proposed(request=message.request, image=message.image, seconds=seconds))

    def train(self, job: Job, message: Train, blocks: Sequence[bytes]) -> None:
        """Sends `TrainProgress` now and then, then `Trained`.

        Raises:
            Stopped: between two steps.
            UserError: the images or the model cannot be had, or there is nothing to learn from.
        """
        model = self._models.load(
            message.model, message.classes, job.stopped, dict(message.mapping)
        )
        rival = None
        if message.proposing:
            rival = self._models.load(
                message.proposing, message.classes, job.stopped, dict(message.mapping)
            )
        masks = unpack(message.images, blocks, message.values)
        examples = [
            self._example(job, image, mask)
            for image, mask in zip(message.images, masks, strict=True)
        ]

        def checkpoint() -> bool:
            self._turnstile.give_way(job.stopped)
            return job.stopped()

        try:
            fitted = fit(
                model,
                examples,
                compute=self._compute,
                seconds=message.seconds,
                steps=message.steps,
                seed=message.seed,
                settings=Settings(borders=message.borders),
                rival=rival,
                on_progress=Reporter(self._outbox, message.request),
                checkpoint=checkpoint,
            )
        except Cancelled as error:
            raise Stopped from error
        job.raise_if_stopped()
        weights = dump(fitted.model)
        card = stamped(fitted.model.card, weights)
        self._models.keep(weights, Model(fitted.model.network, card))
        self._outbox.send(Trained(request=message.request), [card.to_json(), weights])

    def _example(self, job: Job, image: TrainImage, mask: Mask) -> Example:
        def load() -> Pixels:
            job.raise_if_stopped()
            pixels = self._images.load(image.image, job.stopped)
            if pixels.shape[:2] != mask.shape:
                raise UserError(
                    f"the size of image {image.image[:8]} is {pixels.shape[:2]}, "
                    f"that of its mask {mask.shape}",
                    remedy="The mask belongs to another image: leave this one out.",
                )
            return pixels

        return Example(image.image, load, mask, image.held_out)

    def out_of_memory(self, error: Exception) -> UserError | None:
        """What to tell where `error` means that memory ran out; frees what can be freed."""
        if not is_out_of_memory(error):
            return None
        traceback.clear_frames(error.__traceback__)  # they hold the tensors
        self._models.forget()
        self.labelling.forget()
        self._images.forget()
        if self._compute.device.type == "cuda":
            torch.cuda.empty_cache()
        return UserError(
            f"there is not enough memory on {self._compute.name}",
            remedy="Close other programs that use it, or choose a smaller network or the cpu.",
        )


def is_out_of_memory(error: Exception) -> bool:
    """Python's, CUDA's, MPS's or the CPU allocator's way to say that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "out of memory" in text
    )
