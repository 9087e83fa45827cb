"""Where a fresh network's head begins: fitted to features of a few patches, within about a second.

The encoder's taps are read at some thousand decided pixels; the projections and the scores are
then learnt from these alone, as a perceptron with one hidden layer. Fine-tuning goes on from
there. On roads with cracks (four images, two cores) that is worth ten seconds of fine-tuning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.losses import likelihood_loss
from cnnseg_models.fcn_lite0 import FCNLite0, Projection

PIXELS = 20_000
"""Decided pixels that are read, at most, as many of each class as there are."""
PATCHES = 16
"""That they are read from; with patches of 256² about a second of encoding."""
_BATCH = 4000  # of these pixels in a step, at random: steps of all take more than two seconds
_STEPS = 100
_RATE, _DECAY = 1e-2, 1e-2  # of AdamW; a linear rise over a tenth of the steps, then a fall to 0
_SMALLEST_DEVIATION = 1e-3


def begin_head(
    network: FCNLite0,
    batches: Iterable[tuple[Tensor, Tensor]],
    class_weights: Tensor,
    compute: Compute,
    *,
    seed: int,
    between: Callable[[], None] = lambda: None,
) -> None:
    """Fits the projections and `head`, in place, from where they are.

    The taps' means and deviations become those of the pixels read.

    Args:
        network: on the device.
        batches: images float32[N, 3, H, W] in 0…1 with targets uint8[N, H, W], UNLABELLED where
            nothing is decided: what is undecided takes part in nothing.
        class_weights: float32[classes], of each pixel in the cross-entropy.
        between: called between two pieces of work of some 0.1 s; may raise.
    """
    generator = torch.Generator().manual_seed(seed)
    share = PIXELS // PATCHES
    training = network.training
    network.eval()
    read = []
    for images, target in batches:
        between()
        with torch.no_grad(), compute.autocast():
            taps = network.taps(compute.place(images))
        read.append(read_pixels(taps, target, share * len(images), generator))
    network.train(training)
    features, truth = torch.cat([f for f, _ in read]), torch.cat([t for _, t in read])
    if not len(truth):
        return
    mean, deviation = features.mean(0), features.std(0, correction=0)
    deviation = deviation.clamp_min(_SMALLEST_DEVIATION)
    _standardise(network, mean, deviation)
    _fit(network, (features - mean) / deviation, truth, class_weights, generator, between)


def read_pixels(
    taps: Sequence[Tensor], target: Tensor, most: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Features and classes of decided pixels, as many of every class as there are, at random.

    Args:
        taps: [N, C, h, w], of any strides.
        target: uint8[N, H, W] on the processor.
        most: how many pixels; equally many of each class in `target`.

    Returns:
        float32[n, channels of all taps], interpolated as the network does; int64[n].
    """
    values = [value for value in torch.unique(target).tolist() if value != UNLABELLED]
    places = [torch.empty((0, 3), dtype=torch.long)]
    for value in values:
        found = (target == value).nonzero()
        order = torch.randperm(len(found), generator=generator)
        places.append(found[order[: most // len(values)]])
    chosen = torch.cat(places)
    truth = target[chosen.unbind(1)].long()
    features = [_at(tap, chosen.to(tap.device), target.shape[1:]) for tap in taps]
    return torch.cat(features, 1), truth.to(features[0].device)


def _at(tap: Tensor, places: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear samples float32[n, C], aligned by half pixels, at pixels of an image of that size.

    Args:
        places: int64[n, 3]: patch, row and column.
    """
    cells = tap.permute(0, 2, 3, 1)
    n, row, column = places.unbind(1)
    (top, bottom, down), (left, right, along) = (
        _between_cells(at, cells.shape[axis], size[axis - 1])
        for axis, at in ((1, row), (2, column))
    )
    upper = cells[n, top, left].float().lerp(cells[n, top, right].float(), along)
    lower = cells[n, bottom, left].float().lerp(cells[n, bottom, right].float(), along)
    return upper.lerp(lower, down)


def _between_cells(at: Tensor, cells: int, pixels: int) -> tuple[Tensor, Tensor, Tensor]:
    """The two cells round each pixel, int64[n], and how far it is on the way, float32[n, 1]."""
    place = ((at + 0.5) * (cells / pixels) - 0.5).clamp(0, cells - 1)
    first = place.floor().long()
    return first, (first + 1).clamp_max(cells - 1), (place - first)[:, None].float()


def _standardise(network: FCNLite0, mean: Tensor, deviation: Tensor) -> None:
    """Gives the projections these statistics float32[channels of all taps]."""
    sizes = [len(project.mean) for project in projections(network)]
    for project, own_mean, own_deviation in zip(
        projections(network), torch.split(mean, sizes), torch.split(deviation, sizes), strict=True
    ):
        project.mean.copy_(own_mean)
        project.deviation.copy_(own_deviation)


def _fit(
    network: FCNLite0,
    features: Tensor,
    truth: Tensor,
    class_weights: Tensor,
    generator: torch.Generator,
    between: Callable[[], None],
) -> None:
    """Learns from standardised features float32[n, channels] and int64[n]."""
    own = projections(network)
    assert network.head.bias is not None
    weight = torch.cat([project.conv.weight.detach()[:, :, 0, 0] for project in own], 1)
    bias = torch.stack([_bias(project).detach() for project in own]).sum(0)
    rows, offset = network.head.weight.detach()[:, :, 0, 0].clone(), network.head.bias.detach()
    learnt = [value.clone().requires_grad_() for value in (weight, bias, rows, offset)]
    optimiser = torch.optim.AdamW(learnt, _RATE, weight_decay=_DECAY, fused=True)
    weights = class_weights[truth]
    for step in range(_STEPS):
        if step % 10 == 0:
            between()
        drawn = torch.randint(len(truth), (_BATCH,), generator=generator).to(truth.device)
        for group in optimiser.param_groups:
            group["lr"] = _RATE * min(1.0, 10 * (step + 1) / _STEPS) * (1 - step / _STEPS)
        weight, bias, rows, offset = learnt
        hidden = F.relu(F.linear(features[drawn], weight, bias))
        likelihood = (F.linear(rows, hidden) + offset[:, None]).log_softmax(0)
        optimiser.zero_grad()
        torch.autograd.backward(likelihood_loss(likelihood, truth[drawn], weights[drawn]))
        optimiser.step()
    weight, bias, rows, offset = (value.detach() for value in learnt)
    with torch.no_grad():
        sizes = [len(project.mean) for project in own]
        for project, part in zip(own, torch.split(weight, sizes, 1), strict=True):
            project.conv.weight.copy_(part[:, :, None, None])
            _bias(project).copy_(bias / len(own))
        network.head.weight.copy_(rows[:, :, None, None])
        network.head.bias.copy_(offset)


def projections(network: FCNLite0) -> list[Projection]:
    """Of the taps, from fine to coarse."""
    return [project for project in network.project if isinstance(project, Projection)]


def _bias(project: Projection) -> Tensor:
    assert project.conv.bias is not None
    return project.conv.bias
