"""A second window on a project brings the first one to the front, and says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.summons import summon
from tests.core.killing import make_project

_ROOT = Path(__file__).parents[2]
_SECOND = """
import sys
from PySide6.QtWidgets import QApplication
from cnnseg_gui.ui.main_window import MainWindow
from pathlib import Path
application = QApplication(sys.argv[:1])
window = MainWindow(device="cpu")
window.opening.open_paths([Path(sys.argv[1])])
print(*window.banner.messages)
window.close()
"""


def _second(qtbot: QtBot, folder: Path) -> str:
    """What a second window, in a process of its own, says when it opens the project."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SECOND, str(folder)], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    )
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=30_000)
    return process.communicate()[0]


def test_the_first_window_comes_to_the_front(
    qtbot: QtBot, tmp_path: Path, window: MainWindow
) -> None:
    folder = make_project(tmp_path)
    window.opening.open_paths([folder])
    window.showMinimized()
    assert window.isMinimized()
    said = _second(qtbot, folder)
    assert "another window or command has this project open" in said
    assert "asked to come to the front" in said
    assert not window.isMinimized()
    assert window.windowState() & Qt.WindowState.WindowMinimized == Qt.WindowState.WindowNoState


def test_a_project_that_nobody_has_open_answers_to_nobody(
    qtbot: QtBot, tmp_path: Path, window: MainWindow
) -> None:
    folder = make_project(tmp_path)
    assert not summon(folder)
    window.opening.open_paths([folder])
    window.workspace.close_project()
    assert not summon(folder)
