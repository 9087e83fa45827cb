"""Taking over published weights, key by key and shape by shape."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def load_published(
    network: nn.Module, state: Mapping[str, Tensor], *, without: tuple[str, ...] = ()
) -> None:
    """Loads what the network has layers for, in place; what else is in `state` is passed over.

    Args:
        network: on any device; on "meta" it is given the tensors themselves.
        state: a published state dict.
        without: beginnings of the names that keep the network's own values.

    Raises:
        ValueError: a weight is missing, or has another shape: it is another network's.
    """
    taken = {}
    for key, own in network.state_dict().items():
        if without and key.startswith(without):
            continue
        value = state.get(key)
        if value is None and key.endswith("num_batches_tracked"):  # older files do without
            value = torch.zeros((), dtype=torch.int64)
        if value is None or value.shape != own.shape:
            there = "is missing" if value is None else f"is {list(value.shape)}"
            raise ValueError(f"{key} {there}, and should be {list(own.shape)}")
        taken[key] = value.to(own.dtype)
    on_meta = any(own.is_meta for own in network.state_dict().values())
    network.load_state_dict(taken, strict=not without, assign=on_meta)
