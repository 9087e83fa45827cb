"""What an encoder sees in an image, as a row of numbers: how alike two images are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from cnnseg_gui.core.mask import Pixels
from cnnseg_models.encoders import LiteEncoder
from cnnseg_models.lite0_weights import WeightsError, read_weights

SIDE = 256
"""Pixels of the longer side as it is looked at."""


def embed(pixels: Pixels) -> npt.NDArray[np.float16] | None:
    """float16[320]: the means of the coarsest features of EfficientNet-Lite0, as published.

    Always of the same encoder, so that images looked at after different fine-tunes can be compared.

    Args:
        pixels: uint8[H, W, 3].

    Returns:
        None where its weights are not installed.
    """
    encoder = _encoder()
    if encoder is None:
        return None
    stride = max(1, max(pixels.shape[:2]) // (2 * SIDE))
    picture = Image.fromarray(np.ascontiguousarray(pixels[::stride, ::stride]))
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    with torch.inference_mode():
        x = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float().div_(255)
        means = encoder.taps(x)[-1].mean((0, 2, 3))
    return means.numpy().astype(np.float16)


@lru_cache(maxsize=1)
def _encoder() -> LiteEncoder | None:
    encoder = LiteEncoder()
    try:
        state = read_weights()
    except WeightsError:
        return None
    own = encoder.state_dict()
    encoder.load_state_dict({name: value for name, value in state.items() if name in own})
    return encoder.eval().requires_grad_(False)
