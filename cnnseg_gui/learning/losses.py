"""The loss, over decided pixels only: cross-entropy and Dice."""

from __future__ import annotations

import torch
from torch import Tensor

from cnnseg_gui.core.mask import UNLABELLED

_SMOOTH = 1.0  # pixels: keeps a class of a few pixels from ruling the gradient


def evened(target: Tensor) -> Tensor:
    """Weights float32[N, 1, 1] of patches: the inverse square root of their decided pixels.

    So a patch counts with the square root of what is decided in it: one that was approved as a
    whole holds more than the strokes of thirty others, and would be all that a step is learnt from.

    Args:
        target: integers [N, H, W], a class index or UNLABELLED.
    """
    decided = (target != UNLABELLED).flatten(1).sum(1)
    return decided.clamp_min(1).float().rsqrt()[:, None, None]


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
        pixel_weights: float32[N, H, W], or what is broadcast to it, multiplied with those of the
            class, for the cross-entropy alone, e.g. border weights; None: every pixel weighs 1.
        dice: False leaves the Dice part out.
    """
    decided = (target != UNLABELLED).reshape(-1)
    by_class = logits.transpose(0, 1).float().reshape(logits.shape[1], -1)
    truth = target.reshape(-1).long()
    if pixel_weights is not None:
        pixel_weights = pixel_weights.expand(target.shape).reshape(-1)
    if not decided.all():
        places = decided.nonzero()[:, 0]
        by_class, truth = by_class.index_select(1, places), truth[places]
        if pixel_weights is not None:
            pixel_weights = pixel_weights[places]
    if not len(truth):
        return logits.float().mul(0).sum()
    weights = class_weights[truth]
    if pixel_weights is not None:
        weights = weights * pixel_weights
    return likelihood_loss(by_class.log_softmax(0), truth, weights, dice=dice)


def likelihood_loss(
    likelihood: Tensor, truth: Tensor, weights: Tensor, *, dice: bool = True
) -> Tensor:
    """The same of log-likelihoods [classes, n], class indices int64[n] and weights float32[n]."""
    loss = weighted_cross_entropy(likelihood, truth, weights)
    return loss + dice_loss(likelihood.exp(), truth) if dice else loss


def weighted_cross_entropy(likelihood: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Of log-likelihoods [classes, n], class indices int64[n], weights float32[n]: weighted mean.

    Divided by the weights' sum, so that heavy weights move the emphasis and not the step's size.
    """
    losses = likelihood.gather(0, truth[None])[0]
    return -(losses * weights).sum() / weights.sum().clamp_min(torch.finfo(torch.float32).tiny)


def dice_loss(probabilities: Tensor, truth: Tensor) -> Tensor:
    """1 − soft Dice of probabilities [classes, n] and int64[n], the mean over classes in `truth`.

    Milletari et al., "V-Net" (3DV 2016), with plain instead of squared denominators.
    """
    classes = len(probabilities)
    wanted = truth == torch.arange(classes, device=truth.device)[:, None]
    common = (probabilities * wanted).sum(1)
    counts = wanted.sum(1)
    scores = (2 * common + _SMOOTH) / (probabilities.sum(1) + counts + _SMOOTH)
    return 1 - scores[counts > 0].mean()
