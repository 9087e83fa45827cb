"""Small pictures with something to learn in them, and tiny networks that do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.model import Model, new
from cnnseg_gui.learning.sampling import Example

COMPUTE = Compute(torch.device("cpu"), "test", torch.float32, torch.float32, 1)
CLASSES = ("background", "blob")


def scene(seed: int, size: int = 96) -> tuple[Pixels, Pixels]:
    """Bright blobs on a noisy dark ground, and the truth."""
    random = np.random.default_rng(seed)
    rows, columns = np.indices((size, size))
    truth = np.zeros((size, size), np.uint8)
    for top, left in random.integers(0, size, (8, 2)):
        truth[(rows - top) ** 2 + (columns - left) ** 2 < 80] = 1
    grey = truth * 90 + random.integers(30, 110, (size, size))
    return np.repeat(grey[..., None], 3, 2).astype(np.uint8), truth


def example(seed: int, *, held_out: bool = False, decided: float = 1.0) -> Example:
    pixels, truth = scene(seed)
    if decided < 1:
        truth[np.random.default_rng(seed).random(truth.shape) > decided] = UNLABELLED
    return Example(f"scene {seed}", lambda: pixels, Mask.from_array(truth), held_out)


def start(seed: int = 0) -> Model:
    return new("unet", CLASSES, seed, {"width": 4})


def watched(model: Model, look: Callable[[nn.Module, Tensor], None]) -> Model:
    """The model; `look` sees what its network, or a copy of it, is given, before it is computed."""

    def hook(module: nn.Module, inputs: tuple[Tensor]) -> None:
        look(module, inputs[0])

    model.network.register_forward_pre_hook(hook)
    return model
