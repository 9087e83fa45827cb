"""Real engine processes for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pipe_window import SERVER, PipeWindow, Start

from cnnseg_gui.engine.messages import Ready


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts engines that end with the test."""
    windows: list[PipeWindow] = []

    def begin(*options: str) -> PipeWindow:
        windows.append(PipeWindow([*SERVER, *options]))
        return windows[-1]

    yield begin
    for window in windows:
        window.close()


@pytest.fixture(scope="module")
def window() -> Iterator[PipeWindow]:
    """One engine for a module's tests; `Ready` has come."""
    shared = PipeWindow()
    shared.until(Ready)
    yield shared
    shared.close()
