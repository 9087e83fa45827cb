"""The engine's work with what is at hand; proposing is done here. Imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine.beside import Beside
from cnnseg_gui.engine.inspecting import Inspecting
from cnnseg_gui.engine.jobs import Job
from cnnseg_gui.engine.labelling import Labelling
from cnnseg_gui.engine.live import LiveAnswering
from cnnseg_gui.engine.live_masks import LiveMasks
from cnnseg_gui.engine.messages import Lightened, Propose, Proposed, Ready
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.engine.stock import Images, Models
from cnnseg_gui.engine.tile_sending import TileSender
from cnnseg_gui.engine.training import Training
from cnnseg_gui.engine.turnstile import Turnstile
from cnnseg_gui.engine.wants import Wants
from cnnseg_gui.learning.device import choose
from cnnseg_gui.learning.memory import free, is_out_of_memory
from cnnseg_gui.learning.propose import propose

_AHEAD_S = 3.0  # of a proposal: what is visible, and most images whole; then in turns


class Workshop:
    """Carries out jobs; those that learn run in another thread, beside the rest.

    Args:
        device: as for `learning.device.choose`.
        threads: for torch.
        outbox: where answers go.
        wants: where missing bytes are asked for.
        turnstile: lets proposals overtake fine-tunes.
        masks: as they are painted.
        idle: whether nothing but an answer to what is painted is being computed.

    Raises:
        UserError: the device is not there.
    """

    def __init__(
        self,
        *,
        device: str,
        threads: int,
        outbox: Outbox,
        wants: Wants,
        turnstile: Turnstile,
        masks: LiveMasks,
        idle: Callable[[], bool],
    ) -> None:
        self._compute = choose(device, threads)
        self._outbox = outbox
        self._turnstile = turnstile
        self._images = Images(wants, turnstile)
        self._models = Models(wants)
        self.training = Training(
            self._compute,
            outbox=outbox,
            wants=wants,
            turnstile=turnstile,
            images=self._images,
            models=self._models,
            masks=masks,
        )
        self.beside = Beside(
            self._compute,
            outbox=outbox,
            turnstile=turnstile,
            images=self._images,
            models=self._models,
        )
        self.labelling = Labelling(
            self._compute, outbox=outbox, wants=wants, turnstile=turnstile, images=self._images
        )
        self._first = Turnstile()  # for answers while painting: proposals stand aside too
        self.live = LiveAnswering(
            self._compute,
            outbox=outbox,
            turnstiles=(turnstile, self._first),
            images=self._images,
            models=self._models,
            masks=masks,
            idle=idle,
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

        sender = TileSender(self._outbox, message.request, message.image)

        def lighten(line: str) -> None:
            self._outbox.send(Lightened(request=message.request, what=line))

        def checkpoint() -> bool:
            self._first.give_way(job.stopped)
            if time.perf_counter() > start + _AHEAD_S:
                self._turnstile.let_pass(job.stopped)
            return job.stopped()

        with self._turnstile.overtaking():
            propose(
                model,
                pixels,
                self._compute,
                visible=Rect(*message.visible),
                on_region=sender.send,
                on_lightened=lighten,
                checkpoint=checkpoint,
            )
        job.raise_if_stopped()
        seconds = time.perf_counter() - start
        self._outbox.send(Proposed(request=message.request, image=message.image, seconds=seconds))

    def out_of_memory(self, error: Exception) -> UserError | None:
        """What to tell where `error` means that memory ran out; frees what can be freed."""
        if not is_out_of_memory(error):
            return None
        self._models.forget()
        self.labelling.forget()
        self.live.forget()
        self._images.forget()
        free(error)
        return UserError(
            f"there is not enough memory on {self._compute.name}",
            remedy="Close other programs that use it, or choose a smaller network or the cpu.",
        )
