"""What all tests share: no display, settings of their own, nothing left behind."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # Qt's test folders lie in it: not shared by two workers
    os.environ["HOME"] = tempfile.mkdtemp(prefix="cnnseg-tests-")
    atexit.register(shutil.rmtree, os.environ["HOME"], ignore_errors=True)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")

import pytest
from hypothesis import settings
from PySide6.QtCore import QSettings, QStandardPaths, QThreadPool

settings.register_profile("cnnseg", deadline=None, derandomize=True)
settings.load_profile("cnnseg")

_THREADS_END_WITHIN_S = 5.0


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    QStandardPaths.setTestModeEnabled(True)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    folder = str(tmp_path_factory.mktemp("settings"))
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    QThreadPool.globalInstance().waitForDone(5000)
    give_up = time.monotonic() + _THREADS_END_WITHIN_S
    leaked = _started_since(before)
    while leaked and time.monotonic() < give_up:
        time.sleep(0.02)
        leaked = _started_since(before)
    assert not leaked, f"threads left running: {leaked}"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The larger image sets beside the checkout; tests that need them skip without."""
    folder = Path(__file__).parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared image sets are not here")
    return folder


def _started_since(before: set[threading.Thread]) -> list[threading.Thread]:
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before and not isinstance(thread, threading._DummyThread)
    ]
