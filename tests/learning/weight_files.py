"""Weight files in the published form: the right name, a real hash, and a store that holds them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
import torch
from torch import Tensor

from cnnseg_gui.learning import pretrained
from cnnseg_gui.weights.catalogue import CATALOGUE, WeightFile


def as_pth(state: dict[str, Tensor]) -> bytes:
    """As torch.save writes it."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def publish(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, state: dict[str, Tensor]
) -> Path:
    """Makes these the published weights of `name`, downloaded already."""
    data = as_pth(state)
    digest = hashlib.sha256(data).hexdigest()
    file = f"{name}-{digest[:8]}.pth"
    entry = WeightFile(
        name,
        f"https://weights.example/{file}",
        len(data) / 2**20,
        "made for a test",
        "none",
        top1=50.0,
        top5=75.0,
    )
    monkeypatch.setitem(CATALOGUE, name, entry)
    monkeypatch.setenv("CNNSEG_WEIGHTS", str(folder))
    folder.mkdir(exist_ok=True)
    path = folder / file
    path.write_bytes(data)
    assert pretrained.CATALOGUE is CATALOGUE
    return path
