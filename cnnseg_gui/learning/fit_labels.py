"""Teaching a classifier the tags of a project: the one training loop for labels."""

from __future__ import annotations

import copy
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.learning.augment import vary_colours
from cnnseg_gui.learning.classify import LabelModel, middle, resize, said, shorter_to, view
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.fit import Cancelled, Progress
from cnnseg_gui.learning.label_card import LabelCard
from cnnseg_gui.learning.pretrained import Bring, fitting, from_store, pretrained_state
from cnnseg_gui.learning.schedule import Budget
from cnnseg_models.channels import normalise
from cnnseg_models.classifiers import CLASSIFIERS, build_classifier
from cnnseg_models.published import load_published

KEPT = 256 * 2**20
"""Bytes kept of the images to learn from while learning, and as many of those held out."""

_BATCH = 16
_SIDE = 128  # pixels, of a network that begins at random: four times as many steps as 224
_HEAD_SHARE = 0.25  # of the budget: only the last layers learn, if the others know something
_RATE, _ENCODER_RATE = 2e-3, 1e-4  # of AdamW, for what is new and for what is pretrained
_DECAY = 1e-2
_SMALLEST = 0.35  # of an image's shorter side: the smallest square that is drawn
_BETWEEN, _APART = 10, 2.0  # from one check to the next: times its length, and seconds
_SMOOTHING = 0.1  # of the labels: a handful of images must not make it certain


_Scalar = TypeVar("_Scalar", np.uint8, np.float32)


@dataclass(frozen=True, eq=False)
class TaggedImage:
    """An image with its tag."""

    load: Callable[[], Pixels]
    """Its pixels, uint8[H, W, 3]; called again where they were forgotten."""
    label: int
    """Index of its tag."""
    held_out: bool = False
    """Only ever checked on."""


def begin(
    network: str,
    labels: Sequence[str],
    *,
    pretrained: bool = True,
    seed: int = 0,
    bring: Bring = from_store,
) -> LabelModel:
    """A classifier for other labels: all but its last layers may come from published weights.

    Raises:
        UserError: no such network, or its weights are not here.
    """
    kind = CLASSIFIERS.get(network)
    if kind is None:
        raise UserError(f"there is no classifier “{network}”", remedy="See `cnnseg models`.")
    pretrained = pretrained and bool(kind.weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = build_classifier(network, len(labels))
    if pretrained:
        state = pretrained_state(kind.weights, bring)
        fitting(kind.weights, None, lambda: load_published(made, state, without=kind.last))
    card = LabelCard(
        network=network,
        labels=tuple(labels),
        side=0 if pretrained else max(_SIDE, kind.smallest),
        pretrained=pretrained,
        seed=seed,
    )
    return LabelModel(made.eval(), card)


def fit_labels(
    model: LabelModel,
    images: Sequence[TaggedImage],
    *,
    compute: Compute,
    seconds: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    checkpoint: Callable[[], bool] = lambda: False,
) -> LabelModel:
    """Learns from the images that are not held out, and returns another model.

    First the last layers alone, then everything; with auxiliary heads, these too, their loss
    weighted as published. Of several checks on the held-out images the best weights are kept.

    Args:
        model: where to begin; see `begin`.
        seconds, steps: the budget, one of them.
        on_progress: `iou` in it is the held-out accuracy where it was just measured.
        checkpoint: called between two steps and before an image is loaded; may wait while others
            compute. True cancels.

    Raises:
        Cancelled: `checkpoint` said so.
        UserError: fewer than two labels have an image to learn from.
    """
    taught = [image for image in images if not image.held_out]
    if len({image.label for image in taught}) < 2:
        raise UserError(
            "there are not two tags to tell apart",
            remedy="Tag images with at least two different tags.",
        )
    budget = Budget(seconds, steps)
    school = _School(model, taught, [i for i in images if i.held_out], compute, seed)

    def pause() -> None:
        start = time.perf_counter()
        stop = checkpoint()
        budget.stood_aside(time.perf_counter() - start)
        if stop:
            raise Cancelled

    pause()
    start = budget.elapsed
    found = school.check(pause)
    checked = budget.elapsed
    budget.reserve = checked - start  # the last check will take as long
    on_progress(Progress(0, budget.elapsed, budget.left, math.nan, found))
    while budget.fraction < 1:
        pause()
        loss = school.step(budget, pause, head_only=budget.fraction < _HEAD_SHARE)
        budget.done += 1
        accuracy = None
        if budget.fraction >= 1 or budget.elapsed - checked >= _BETWEEN * budget.reserve + _APART:
            accuracy, checked = school.check(pause), budget.elapsed
        on_progress(Progress(budget.done, budget.elapsed, budget.left, loss, accuracy))
    return school.finished(budget, seed)


class KeptImages(Generic[_Scalar]):
    """What is made of images, together at most `limit` bytes; the least recently used go first."""

    def __init__(
        self, make: Callable[[TaggedImage], npt.NDArray[_Scalar]], limit: int | None = None
    ) -> None:
        self._make: Callable[[TaggedImage], npt.NDArray[_Scalar]] = make
        self._limit = KEPT if limit is None else limit
        self._entries: OrderedDict[TaggedImage, npt.NDArray[_Scalar]] = OrderedDict()
        self._held = 0

    def get(
        self, image: TaggedImage, between: Callable[[], None] = lambda: None
    ) -> npt.NDArray[_Scalar]:
        """Made where it is not held; `between` is called before, and may raise to end it."""
        found = self._entries.pop(image, None)
        if found is None:
            between()
            found = self._make(image)
            self._held += found.nbytes
        self._entries[image] = found
        while len(self._entries) > 1 and self._held > self._limit:
            self._held -= self._entries.popitem(last=False)[1].nbytes
        return found


class _School:
    """A network that learns, its optimiser, its images, and the best it has been."""

    def __init__(
        self,
        model: LabelModel,
        taught: Sequence[TaggedImage],
        held_out: Sequence[TaggedImage],
        compute: Compute,
        seed: int,
    ) -> None:
        self._model, self._compute = model, compute
        self._network = copy.deepcopy(model.network).to(compute.device)
        self._network.to(memory_format=torch.channels_last)
        self._side = model.card.side or model.kind.preprocessing.crop
        self._random = np.random.default_rng(seed)
        self._taught, self._held_out = taught, held_out
        self._pixels = KeptImages(lambda image: shrunk(image.load(), 2 * self._side))
        self._views = KeptImages(lambda image: view(image.load(), model).numpy())
        self._labels = np.array([image.label for image in taught])
        self._truth = np.array([image.label for image in held_out], np.int64)
        last = [p for k, p in self._network.named_parameters() if k.startswith(model.kind.last)]
        others = [
            p for k, p in self._network.named_parameters() if not k.startswith(model.kind.last)
        ]
        rate = _ENCODER_RATE if model.card.pretrained else _RATE
        self._optimiser = torch.optim.AdamW(
            [{"params": last, "peak": _RATE}, {"params": others, "peak": rate}],
            weight_decay=_DECAY,
        )
        self._best: tuple[float, dict[str, Tensor]] | None = None
        self._confusion: npt.NDArray[np.int64] = np.zeros((0, 0), np.int64)

    def step(self, budget: Budget, between: Callable[[], None], *, head_only: bool) -> float:
        """One batch; its loss. `between` as in `check`, before images that are to be loaded."""
        pretrained = self._model.card.pretrained
        self._network.train()
        if pretrained:
            _freeze_norms(self._network.modules())
        for group, learns in zip(
            self._optimiser.param_groups, (True, not (pretrained and head_only)), strict=True
        ):
            group["lr"] = group["peak"] * budget.rate() if learns else 0.0
            for parameter in group["params"]:
                parameter.requires_grad_(learns)
        images, labels = self._draw(between)
        with self._compute.autocast():
            out = self._network(images)
        main, *auxiliary = out if isinstance(out, tuple) else (out,)
        loss = _loss(main, labels)
        for head in auxiliary:
            loss = loss + self._model.kind.auxiliary * _loss(head, labels)
        self._optimiser.zero_grad()
        torch.autograd.backward(loss)
        self._optimiser.step()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise UserError("the loss is no longer a number", remedy="Teach again.")
        return value

    def check(self, between: Callable[[], None]) -> float | None:
        """Accuracy on the held-out images; None where there are none. Keeps the best weights.

        `between` is called before every image, and may raise to end it.
        """
        if not self._held_out:
            return None
        labels = len(self._model.card.labels)
        now = LabelModel(copy.deepcopy(self._network).to("cpu"), self._model.card)
        found = []
        for image in self._held_out:
            between()
            seen = torch.from_numpy(self._views.get(image)[None])
            found.append(int(said(now, seen, self._compute)[0].argmax()))
        confusion = np.zeros((labels, labels), np.int64)
        for truth, answer in zip(self._truth, found, strict=True):
            confusion[truth, answer] += 1
        accuracy = float(np.trace(confusion) / confusion.sum())
        if self._best is None or accuracy >= self._best[0]:
            state = {k: v.detach().clone() for k, v in self._network.state_dict().items()}
            self._best, self._confusion = (accuracy, state), confusion
        return accuracy

    def finished(self, budget: Budget, seed: int) -> LabelModel:
        """The best model, with its card."""
        if self._best is not None:
            self._network.load_state_dict(self._best[1])
        self._network.requires_grad_(True)
        card = msgspec.structs.replace(
            self._model.card,
            sha256="",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=seed,
            steps=budget.done,
            seconds=round(budget.elapsed, 1),
            images=len(self._labels),
            held_out=len(self._truth),
            accuracy=self._best[0] if self._best else None,
            confusion=tuple(tuple(int(n) for n in row) for row in self._confusion),
        )
        return LabelModel(self._network.to("cpu").eval(), card)

    def _draw(self, between: Callable[[], None]) -> tuple[Tensor, Tensor]:
        """A batch [N, 3, side, side], normalised, and its labels; every tag as often as others."""
        chosen = []
        present = np.unique(self._labels)
        for _ in range(_BATCH):
            label = present[int(self._random.integers(len(present)))]
            candidates = np.flatnonzero(self._labels == label)
            chosen.append(int(candidates[int(self._random.integers(len(candidates)))]))
        drawn = (self._pixels.get(self._taught[index], between) for index in chosen)
        crops = torch.stack([self._crop(pixels) for pixels in drawn])
        preprocessing = self._model.kind.preprocessing
        varied = vary_colours(crops, self._random)
        images = normalise(varied, preprocessing.mean, preprocessing.std)
        return (
            self._compute.place(images).contiguous(memory_format=torch.channels_last),
            self._compute.place(torch.from_numpy(self._labels[chosen])),
        )

    def _crop(self, pixels: Pixels) -> Tensor:
        """A random square of the image, turned and flipped, float32[3, side, side]."""
        height, width = pixels.shape[:2]
        shorter = min(height, width)
        side = max(1, round(shorter * math.sqrt(self._random.uniform(_SMALLEST**2, 1))))
        top = int(self._random.integers(height - side + 1))
        left = int(self._random.integers(width - side + 1))
        part = pixels[top : top + side, left : left + side]
        part = np.rot90(part, int(self._random.choice([0, 0, 0, 1, 2, 3])))
        if self._random.random() < 0.5:
            part = part[:, ::-1]
        return resize(part, (self._side, self._side))


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits.float(), labels, label_smoothing=_SMOOTHING)


def _freeze_norms(modules: Iterable[nn.Module]) -> None:
    """A few images are too few for statistics."""
    for part in modules:
        if isinstance(part, nn.BatchNorm2d):
            part.eval()


def shrunk(pixels: Pixels, shorter: int) -> Pixels:
    """What is learnt from of an image: its shorter side is at most `shorter` pixels.

    Of a long strip the middle, as `view` shows it: so it is 4 times as long at most.
    """
    pixels = middle(pixels)
    if min(pixels.shape[:2]) > shorter:
        height, width = shorter_to(pixels.shape, shorter)
        pixels = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))
    return np.ascontiguousarray(pixels)
