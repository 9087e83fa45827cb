"""A small published file, a server that has it, and folders of their own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from weight_server import WeightServer, serve

from cnnseg_gui.weights.store import FOLDER, MIRROR, WeightStore


@pytest.fixture(autouse=True)
def _no_weights_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (FOLDER, MIRROR, "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.fixture
def payload() -> bytes:
    return random.Random(1).randbytes(700_001)


@pytest.fixture
def server(payload: bytes) -> Iterator[WeightServer]:
    with serve(payload) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, server: WeightServer) -> WeightStore:
    return WeightStore(tmp_path / "weights", catalogue={"small": server.published})
