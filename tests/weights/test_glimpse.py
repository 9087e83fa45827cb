"""A list of weights reads no weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnseg_gui.weights.store import WeightStore


def test_torchs_cache_is_believed_in_a_list_and_checked_before_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    store = WeightStore(tmp_path / "weights")
    assert store.glimpse("resnet18") is None
    cached = tmp_path / "torch" / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"damaged")
    assert store.glimpse("resnet18") == cached
    assert store.find("resnet18") is None
