"""Labels for a whole image, or for a part of it. Imports torch."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.label_card import LabelCard
from cnnseg_gui.learning.pretrained import Bring, fitting, from_store, pretrained_state
from cnnseg_gui.learning.propose import crop
from cnnseg_models.channels import normalise
from cnnseg_models.classifiers import (
    CLASSIFIERS,
    IMAGENET_LABELS,
    Classifier,
    build_empty_classifier,
)
from cnnseg_models.published import load_published

_CONTEXT = 1.3  # of a region's longer side: what surrounds an object helps to name it
_STRIP = 4  # times the shorter side: of what is longer, the middle
_RESTORE = "Teach the labels again, or restore the file from a copy."


@dataclass(frozen=True, eq=False)
class LabelModel:
    """A classifier with weights. Never changed once it is made."""

    network: nn.Module
    """In float32 on the processor, in eval mode."""
    card: LabelCard
    _prepared: dict[tuple[torch.device, torch.dtype], nn.Module] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def kind(self) -> Classifier:
        return CLASSIFIERS[self.card.network]

    def prepared(self, compute: Compute) -> nn.Module:
        """A copy for saying labels, made once per device and precision."""
        key = (compute.device, compute.precision)
        if key not in self._prepared:
            ready = copy.deepcopy(self.network).eval().requires_grad_(False)
            ready = ready.to(compute.device, compute.precision)
            self._prepared[key] = ready.to(memory_format=torch.channels_last)
        return self._prepared[key]


@dataclass(frozen=True)
class Label:
    """What a classifier says, and how sure it is: 0…1."""

    name: str
    probability: float


def published(name: str, bring: Bring = from_store) -> LabelModel:
    """A classifier with its published weights and ImageNet's labels.

    Raises:
        UserError: no such classifier, or its weights are not here or do not fit.
    """
    kind = _kind(name)
    if not kind.weights:
        raise UserError(
            f"no weights are published for {name}", remedy="Teach it the tags of a project."
        )
    state = pretrained_state(kind.weights, bring)
    network = build_empty_classifier(name)
    fitting(kind.weights, None, lambda: load_published(network, state))
    return LabelModel(network.eval(), LabelCard(network=name, labels=IMAGENET_LABELS))


def load_labels(weights: bytes, card: LabelCard, path: str | None = None) -> LabelModel:
    """A stored classifier.

    Raises:
        UserError: the weights are damaged, another network's, or not those of the card.
    """
    if card.sha256 and hashlib.sha256(weights).hexdigest() != card.sha256:
        raise UserError("these weights are not those of the card", path=path, remedy=_RESTORE)
    _kind(card.network)
    network = build_empty_classifier(card.network, len(card.labels))
    try:
        state = load_safetensors(weights)
        load_published(network, state)
    except (SafetensorError, KeyError, ValueError) as error:
        raise UserError(
            f"the classifier's weights do not fit ({error})", path=path, remedy=_RESTORE
        ) from error
    return LabelModel(network.eval(), card)


def dump_labels(model: LabelModel) -> tuple[LabelCard, bytes]:
    """The weights as safetensors, and the card with their hash."""
    state = {key: value.detach().contiguous() for key, value in model.network.state_dict().items()}
    weights = save_safetensors(state, metadata={"network": model.card.network})
    card = msgspec.structs.replace(model.card, sha256=hashlib.sha256(weights).hexdigest())
    return card, weights


def classify(
    model: LabelModel,
    pixels: Pixels,
    compute: Compute,
    *,
    region: Rect | None = None,
    top: int = 5,
) -> list[Label]:
    """The likeliest labels, best first.

    Args:
        pixels: uint8[H, W, 3].
        region: what to look at, with some context; the whole image where None.
        top: how many.
    """
    batch = view(pixels, model, region)[None]
    probabilities = said(model, batch, compute)[0]
    best = np.argsort(-probabilities)[:top]
    return [Label(model.card.labels[index], float(probabilities[index])) for index in best]


def said(model: LabelModel, batch: Tensor, compute: Compute) -> npt.NDArray[np.float32]:
    """Probabilities float32[N, labels] of a batch of `view`s."""
    network = model.prepared(compute)
    with torch.inference_mode():
        x = compute.place(batch).to(compute.precision).contiguous(memory_format=torch.channels_last)
        logits: Tensor = network(x)
        return np.asarray(logits.float().softmax(1).cpu().numpy(), np.float32)


def view(pixels: Pixels, model: LabelModel, region: Rect | None = None) -> Tensor:
    """What a classifier is shown: float32[3, side, side], resized and normalised as it has learnt.

    Of a whole image the middle square, as published; of a region a square round it.
    """
    preprocessing = model.kind.preprocessing
    side = model.card.side or preprocessing.crop
    if region is not None:
        pixels = reduced(crop(pixels, square_round(region)), side)
        resized = resize(pixels, (side, side))
    else:
        shorter = round(preprocessing.resize / preprocessing.crop * side)
        pixels = reduced(middle(pixels), shorter)
        resized = resize(pixels, shorter_to(pixels.shape, shorter))
        top, left = (round((length - side) / 2) for length in resized.shape[-2:])
        resized = resized[:, top : top + side, left : left + side]
    return normalise(resized[None], preprocessing.mean, preprocessing.std)[0]


def resize(pixels: Pixels, size: tuple[int, int]) -> Tensor:
    """uint8[H, W, 3] → float32[3, *size] in 0…1, bilinear, smoothed where it shrinks."""
    x = torch.tensor(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float() / 255
    resized = F.interpolate(x, size, mode="bilinear", antialias=True, align_corners=False)
    return resized[0]


def reduced(pixels: Pixels, shorter: int) -> Pixels:
    """A huge image, averaged over whole pixels, its shorter side still 4 times `shorter`.

    So that it need not become float32 as it is: 12 bytes a pixel.
    """
    factor = min(pixels.shape[:2]) // (4 * shorter)
    return np.asarray(Image.fromarray(pixels).reduce(factor)) if factor > 1 else pixels


def middle(pixels: Pixels) -> Pixels:
    """The middle of a long strip: its ends are not looked at."""
    height, width = pixels.shape[:2]
    longest = _STRIP * min(height, width)
    top, left = max(0, (height - longest) // 2), max(0, (width - longest) // 2)
    return pixels[top : height - top, left : width - left]


def shorter_to(shape: Sequence[int], shorter: int) -> tuple[int, int]:
    """Height and width of an image whose shorter side becomes `shorter` pixels, rounded down."""
    height, width = shape[:2]
    smallest = min(height, width)
    return shorter * height // smallest, shorter * width // smallest


def square_round(region: Rect) -> Rect:
    """A square round a region, with some context; it may reach beyond the image."""
    side = max(8, round(_CONTEXT * max(region.height, region.width)))
    top = (region.top + region.bottom - side) // 2
    left = (region.left + region.right - side) // 2
    return Rect(top, left, top + side, left + side)


def _kind(name: str) -> Classifier:
    if name not in CLASSIFIERS:
        raise UserError(
            f"there is no classifier “{name}”", remedy=f"Choose one of {', '.join(CLASSIFIERS)}."
        )
    return CLASSIFIERS[name]
