"""The loss looks at decided pixels and at nothing else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.learning.losses import dice_loss, evened, segmentation_loss

CLASSES = 3
WEIGHTS = torch.tensor([0.5, 1.0, 2.0])


def batch(seed: int, decided: float) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, CLASSES, 8, 9, generator=generator)
    target = torch.randint(0, CLASSES, (2, 8, 9), generator=generator, dtype=torch.uint8)
    target[torch.rand(2, 8, 9, generator=generator) >= decided] = UNLABELLED
    return logits, target


def loss_and_gradient(
    logits: Tensor, target: Tensor, pixel_weights: Tensor | None = None, *, dice: bool = True
) -> tuple[float, Tensor]:
    logits = logits.clone().requires_grad_()
    loss = segmentation_loss(logits, target, WEIGHTS, pixel_weights, dice=dice)
    (gradient,) = torch.autograd.grad(loss, logits)
    return float(loss.detach()), gradient


def pixel_weights(target: Tensor) -> Tensor:
    return 1 + 9 * torch.rand(target.shape, generator=torch.Generator().manual_seed(5))


@given(st.integers(0, 1000), st.floats(0, 1), st.booleans())
@settings(deadline=None)
def test_an_undecided_pixel_changes_neither_loss_nor_gradient(
    seed: int, decided: float, weighted: bool
) -> None:
    logits, target = batch(seed, decided)
    weights = pixel_weights(target) if weighted else None
    undecided = (target == UNLABELLED)[:, None].expand_as(logits)
    other = torch.where(undecided, torch.full_like(logits, 1e6), logits)
    loss, gradient = loss_and_gradient(logits, target, weights)
    if weights is not None:
        weights = torch.where(target == UNLABELLED, torch.full_like(weights, 1e6), weights)
    other_loss, other_gradient = loss_and_gradient(other, target, weights)
    assert loss == other_loss
    assert torch.equal(gradient, other_gradient)
    assert (gradient[undecided] == 0).all()
    assert gradient.isfinite().all()


@given(st.integers(0, 1000))
@settings(deadline=None)
def test_a_few_labels_teach_as_strongly_as_many(seed: int) -> None:
    """The loss of a sparse batch is that of its decided pixels alone."""
    logits, target = batch(seed, 0.1)
    decided = target != UNLABELLED
    if not decided.any():
        return
    alone = logits.permute(0, 2, 3, 1)[decided].T.reshape(1, CLASSES, 1, -1)
    loss, _ = loss_and_gradient(alone, target[decided].reshape(1, 1, -1))
    assert loss == pytest.approx(loss_and_gradient(logits, target)[0], rel=1e-5)


def test_with_nothing_decided_nothing_is_learnt() -> None:
    logits, target = batch(0, 0.0)
    loss, gradient = loss_and_gradient(logits, target)
    assert loss == 0
    assert (gradient == 0).all()


def test_a_perfect_prediction_of_few_pixels_costs_almost_nothing() -> None:
    _, target = batch(0, 0.05)
    sure = torch.nn.functional.one_hot(target.long() % UNLABELLED, CLASSES).permute(0, 3, 1, 2)
    assert loss_and_gradient(30.0 * sure.float(), target)[0] < 1e-3


def test_a_class_that_is_absent_is_not_scored() -> None:
    probabilities = torch.tensor([[0.999, 0.0005, 0.0005]] * 4).T
    assert dice_loss(probabilities, torch.zeros(4, dtype=torch.long)) < 0.01


@given(st.integers(0, 1000))
@settings(deadline=None)
def test_the_loss_is_the_textbooks(seed: int) -> None:
    """Weighted cross-entropy and Dice, pixel by pixel."""
    logits, target = batch(seed, 0.5)
    chosen, truth = [], []
    for n, row, column in (target != UNLABELLED).nonzero().tolist():
        chosen.append(logits[n, :, row, column].softmax(0))
        truth.append(int(target[n, row, column]))
    if not truth:
        return
    weights = [float(WEIGHTS[t]) for t in truth]
    losses = [-float(p[t].log()) for p, t in zip(chosen, truth, strict=True)]
    expected = sum(w * x for w, x in zip(weights, losses, strict=True)) / sum(weights)
    scores = []
    for cls in set(truth):
        common = sum(float(p[cls]) for p, t in zip(chosen, truth, strict=True) if t == cls)
        both = sum(float(p[cls]) for p in chosen) + truth.count(cls)
        scores.append((2 * common + 1) / (both + 1))
    expected += 1 - sum(scores) / len(scores)
    assert loss_and_gradient(logits, target)[0] == pytest.approx(expected, rel=1e-4)


def test_half_precision_logits_are_summed_in_full() -> None:
    logits, target = batch(0, 0.5)
    loss = segmentation_loss(logits.bfloat16(), target, WEIGHTS)
    assert loss.dtype == torch.float32


def test_a_heavier_class_pulls_harder() -> None:
    logits = torch.zeros(1, CLASSES, 1, 2, requires_grad=True)
    target = torch.tensor([[[0, 2]]], dtype=torch.uint8)
    (gradient,) = torch.autograd.grad(segmentation_loss(logits, target, WEIGHTS), logits)
    assert gradient[0, 2, 0, 1].abs() > gradient[0, 0, 0, 0].abs()


def test_pixels_of_equal_weight_count_as_without_weights() -> None:
    logits, target = batch(0, 0.7)
    loss, gradient = loss_and_gradient(logits, target)
    weighted, weighted_gradient = loss_and_gradient(logits, target, torch.full((2, 8, 9), 3.0))
    assert weighted == pytest.approx(loss, rel=1e-6)
    assert torch.allclose(weighted_gradient, gradient, atol=1e-8)


def test_a_heavier_pixel_pulls_as_much_harder_as_it_is_heavier() -> None:
    logits = torch.zeros(1, CLASSES, 1, 2, requires_grad=True)
    target = torch.tensor([[[1, 1]]], dtype=torch.uint8)
    loss = segmentation_loss(logits, target, WEIGHTS, torch.tensor([[[1.0, 8.0]]]), dice=False)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.allclose(gradient[..., 1], 8 * gradient[..., 0])


def test_without_dice_it_is_the_textbooks_cross_entropy() -> None:
    logits, target = batch(0, 0.5)
    plain = segmentation_loss(logits, target, torch.ones(CLASSES), dice=False)
    textbook = torch.nn.functional.cross_entropy(logits, target.long(), ignore_index=UNLABELLED)
    assert plain.item() == pytest.approx(textbook.item(), rel=1e-6)


def test_a_patch_counts_with_the_square_root_of_what_is_decided_in_it() -> None:
    target = torch.full((3, 10, 10), UNLABELLED, dtype=torch.uint8)
    target[0, :2, :2] = 1
    target[1] = 0
    weights = evened(target)
    assert weights.shape == (3, 1, 1)
    sums = (weights * (target != UNLABELLED)).sum((1, 2))
    torch.testing.assert_close(sums, torch.tensor([2.0, 10.0, 0.0]))
    assert weights.isfinite().all()


def test_weights_of_patches_are_those_of_each_of_their_pixels() -> None:
    torch.manual_seed(3)
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    target[0, 1:] = UNLABELLED
    weights = torch.tensor([3.0, 0.5])[:, None, None]
    each = torch.tensor([3.0] * 20 + [0.5] * 20).view(2, 4, 5)
    ones = torch.ones(3)
    torch.testing.assert_close(
        segmentation_loss(logits, target, ones, weights),
        segmentation_loss(logits, target, ones, each),
    )
