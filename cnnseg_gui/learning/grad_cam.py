"""Why a classifier says a label: Grad-CAM.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization" (ICCV 2017).
"""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.classify import LabelModel, reduced, resize, shorter_to, square_round
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.propose import crop
from cnnseg_models.channels import normalise

_LONGEST = 4  # times the shorter side: a longer strip is looked at less sharply


def explain(
    model: LabelModel,
    pixels: Pixels,
    label: str,
    compute: Compute,
    *,
    region: Rect | None = None,
) -> tuple[Rect, npt.NDArray[np.float32]]:
    """Where the image speaks for a label.

    The whole image is looked at, not only its middle square.

    Args:
        pixels: uint8[H, W, 3].
        label: one of the model's.
        region: what to look at; the whole image where None.

    Returns:
        The rectangle of the image, and its heat float32[h, w] in 0…1, as fine as the network's
        last feature map: 1 where it speaks most for the label, 0 where it does not.

    Raises:
        UserError: the model does not know the label.
    """
    if label not in model.card.labels:
        raise UserError(f"this classifier does not know “{label}”", remedy="Choose another label.")
    where = Rect(0, 0, *pixels.shape[:2]) if region is None else square_round(region)
    side = model.card.side or model.kind.preprocessing.crop
    height, width = shorter_to((where.height, where.width), side)
    size = (min(height, _LONGEST * side), min(width, _LONGEST * side))
    seen = resize(reduced(crop(pixels, where) if region is not None else pixels, side), size)
    preprocessing = model.kind.preprocessing
    x = normalise(seen[None], preprocessing.mean, preprocessing.std).to(compute.device)
    network = copy.deepcopy(model.network).eval().to(compute.device)
    maps, gradient = _last_maps(network, model.kind.last_map, x, model.card.labels.index(label))
    weights = gradient.mean((2, 3), keepdim=True)
    heat = F.relu((weights * maps).sum(1))[0]
    heat = heat / heat.max().clamp_min(torch.finfo(torch.float32).tiny)
    return where, np.asarray(heat.cpu().numpy(), np.float32)


def _last_maps(network: nn.Module, layer: str, x: Tensor, index: int) -> tuple[Tensor, Tensor]:
    """The outputs of a layer, and the gradient of one logit by them; both [1, C, h, w]."""
    caught: list[Tensor] = []
    hook = network.get_submodule(layer).register_forward_hook(
        lambda _part, _inputs, out: caught.append(out)
    )
    try:
        with torch.enable_grad():
            score = network(x)[0, index]
            (gradient,) = torch.autograd.grad(score, caught[0])
    finally:
        hook.remove()
    return caught[0].detach(), gradient
