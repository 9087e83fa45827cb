"""The running mean of a network's weights while it learns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

DECAY = 0.95
"""Of the mean from step to step: it spans some twenty steps, and fewer in the beginning."""
_FIRST = 10


class Average:
    """An exponential mean of what learns; all else is the network's own.

    Polyak and Juditsky (1992); with TensorFlow's rise of the decay, (1 + n) / (10 + n).
    """

    def __init__(self, network: nn.Module) -> None:
        self._means = {name: p.detach().clone() for name, p in _learnt(network).items()}
        self._steps = 0

    def follow(self, network: nn.Module) -> None:
        """After a step; the network may have moved to another device."""
        self._steps += 1
        share = 1 - min(DECAY, (1 + self._steps) / (_FIRST + self._steps))
        with torch.no_grad():
            for name, now in _learnt(network).items():
                self._means[name] = self._means[name].to(now.device).lerp_(now, share)

    def put_into(self, network: nn.Module) -> None:
        """Replaces the weights of a network of the same kind, in place."""
        with torch.no_grad():
            for name, parameter in _learnt(network).items():
                parameter.copy_(self._means[name])


def _learnt(network: nn.Module) -> dict[str, Tensor]:
    return {name: p for name, p in network.named_parameters() if p.requires_grad}
