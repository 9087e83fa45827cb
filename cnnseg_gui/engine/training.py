"""The engine's work on fine-tunes. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.engine.examples import example_of
from cnnseg_gui.engine.jobs import Job
from cnnseg_gui.engine.live_masks import LiveMasks
from cnnseg_gui.engine.live_news import News
from cnnseg_gui.engine.messages import Lightened, Train, Trained, TrainMaterial, Unusable
from cnnseg_gui.engine.packing import unpack
from cnnseg_gui.engine.pipe import Outbox
from cnnseg_gui.engine.reporter import Recorder, Reporter
from cnnseg_gui.engine.stock import Images, Models, check_hash, checked_blocks
from cnnseg_gui.engine.turnstile import Turnstile
from cnnseg_gui.engine.wants import Stopped, Wants
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.fit import Cancelled, Fitted, Make, Settings, fit
from cnnseg_gui.learning.hold_out import hold_out_tiles
from cnnseg_gui.learning.material import Material
from cnnseg_gui.learning.model import Model, dump, stamped
from cnnseg_gui.learning.sampling import Example
from cnnseg_gui.learning.unfinished import Unfinished, load_unfinished, require_fit


class Training:
    """Carries out fine-tunes, one after the other."""

    def __init__(
        self,
        compute: Compute,
        *,
        outbox: Outbox,
        wants: Wants,
        turnstile: Turnstile,
        images: Images,
        models: Models,
        masks: LiveMasks,
    ) -> None:
        self._masks = masks
        self._compute, self._outbox, self._wants = compute, outbox, wants
        self._turnstile, self._images, self._models = turnstile, images, models

    def train(self, job: Job, message: Train, blocks: Sequence[bytes]) -> None:
        """Sends `TrainProgress` and `Unfinished` now and then, then `Trained`.

        Raises:
            Stopped: between two steps.
            UserError: the images or the model cannot be had, or there is nothing to learn from.
        """
        mapping = dict(message.mapping)
        model, rival = (
            self._models.load(key, message.classes, job.stopped, mapping) if key else None
            for key in (message.model, message.proposing)
        )
        if model is None:
            raise UserError("the request names no model", remedy="Choose a model.")
        masks = unpack(message.images, blocks, message.values, message.accepted)
        examples = [
            example_of(self._images, job, image, mask)
            for image, mask in zip(message.images, masks, strict=True)
        ]
        unfinished = self._unfinished(job, message, model) if message.unfinished else None
        fitted = self._fit(job, message, model, rival, examples, unfinished)
        job.raise_if_stopped()
        weights = dump(fitted.model)
        card = stamped(fitted.model.card, weights)
        self._models.keep(weights, Model(fitted.model.network, card))
        self._outbox.send(Trained(request=message.request), [card.to_json(), weights])

    def _fit(
        self,
        job: Job,
        message: Train,
        model: Model,
        rival: Model | None,
        examples: Sequence[Example],
        unfinished: Unfinished | None,
    ) -> Fitted:
        def checkpoint() -> bool:
            self._turnstile.give_way(job.stopped)
            return job.stopped()

        def lighten(line: str) -> None:
            self._outbox.send(Lightened(request=message.request, what=line))

        def tell(material: Material) -> None:
            self._outbox.send(TrainMaterial(request=message.request, **asdict(material)))

        def forget(make: Make) -> None:
            """Nobody asked for its states."""

        every = message.keep_every
        try:
            return fit(
                model,
                hold_out_tiles(examples),
                compute=self._compute,
                seconds=message.seconds,
                steps=message.steps,
                seed=message.seed,
                settings=Settings(borders=message.borders),
                rival=rival,
                unfinished=unfinished,
                on_progress=Reporter(self._outbox, message.request),
                on_lightened=lighten,
                on_material=tell,
                checkpoint=checkpoint,
                news=News(self._masks, message, examples, partial(example_of, self._images, job)),
                keep=Recorder(self._outbox, message.request, every) if every > 0 else forget,
            )
        except Cancelled as error:
            raise Stopped from error

    def _unfinished(self, job: Job, message: Train, model: Model) -> Unfinished | None:
        """What to go on from; None where it is unusable, which is said."""
        try:
            supplied = self._wants.fetch(f"unfinished:{message.unfinished}", job.stopped)
            (data,) = checked_blocks(supplied, 1)
            check_hash(data, message.unfinished, supplied.path)
            found = load_unfinished(data, supplied.path)
            require_fit(
                found,
                model.network,
                name=model.card.network,
                classes=message.classes,
                path=supplied.path,
            )
        except UserError as error:
            self._outbox.send(
                Unusable(
                    request=message.request,
                    what=error.what,
                    path=error.path,
                    remedy=error.remedy,
                )
            )
            return None
        return found
