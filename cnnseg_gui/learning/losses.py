"""The loss, over decided pixels only: cross-entropy and Dice."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnseg_gui.core.mask import UNLABELLED

_SMOOTH = 1.0  # pixels: keeps a class of a few pixels from ruling the gradient


def segmentation_loss(
    logits: Tensor,
    target: Tensor,
    class_weights: Tensor,
    pixel_weights: Tensor | None = None,
    *,
    dice: bool = True,
) -> Tensor:
    """Weighted cross-entropy, plus Dice, a scalar in float32.

    The decided pixels are picked out first, so an undecided one takes part in nothing: neither in
    a sum nor in a denominator. With none decided the loss is 0.

    Args:
        logits: [N, classes, H, W].
        target: integers [N, H, W], a class index or UNLABELLED.
        class_weights: float32[classes].
        pixel_weights: float32[N, H, W], multiplied with those of the class, for the cross-entropy
            alone, e.g. border weights; where None every pixel weighs 1.
        dice: False leaves the Dice part out.
    """
    decided = target != UNLABELLED
    chosen = logits.permute(0, 2, 3, 1)[decided].float()
    if not len(chosen):
        return logits.float().mul(0).sum()
    truth = target[decided].long()
    weights = class_weights[truth]
    if pixel_weights is not None:
        weights = weights * pixel_weights[decided]
    loss = weighted_cross_entropy(chosen, truth, weights)
    return loss + dice_loss(chosen, truth) if dice else loss


def weighted_cross_entropy(logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Of logits [n, classes], class indices int64[n] and weights float32[n]: the weighted mean.

    Divided by the weights' sum, so that heavy weights move the emphasis and not the step's size.
    """
    losses = F.cross_entropy(logits, truth, reduction="none")
    return (losses * weights).sum() / weights.sum().clamp_min(torch.finfo(torch.float32).tiny)


def dice_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """1 − soft Dice of logits [n, classes] and int64[n], the mean over the classes in `truth`.

    Milletari et al., "V-Net" (3DV 2016), with plain instead of squared denominators.
    """
    probabilities = logits.softmax(1)
    wanted = F.one_hot(truth, logits.shape[1]).to(probabilities.dtype)
    common = (probabilities * wanted).sum(0)
    both = probabilities.sum(0) + wanted.sum(0)
    scores = (2 * common + _SMOOTH) / (both + _SMOOTH)
    return 1 - scores[wanted.sum(0) > 0].mean()
