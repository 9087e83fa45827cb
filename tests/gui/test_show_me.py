"""“Show Me” works the person's own window, and lets go of it when asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.sample import copy_sample
from cnnseg_gui.tour.show import ShowMe
from cnnseg_gui.ui import opening
from cnnseg_gui.ui.main_window import MainWindow


def test_the_tour_starts_says_what_it_does_and_stops_when_chosen_again(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "demo_folder", lambda: tmp_path / "sample")
    window.engine.start()
    ShowMe(window)
    action = window.actions_by_name["show_me"]
    seen: list[str] = []
    window.status.messageChanged.connect(seen.append)

    def stop_once_under_way() -> None:
        seen.append(action.text())
        action.trigger()

    QTimer.singleShot(1500, window, stop_once_under_way)
    action.trigger()  # returns when the tour has ended
    assert "Stop the Tour" in seen
    assert any("Opening the sample" in text for text in seen)
    assert action.text() == "Show Me"
    assert len(window.workspace.images()) == 12
    assert not window.banner.isVisible()


def test_the_tour_never_touches_what_the_person_opens_meanwhile(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "demo_folder", lambda: tmp_path / "sample")
    own = copy_sample(tmp_path / "my own")
    window.engine.start()
    ShowMe(window)

    def open_own_once_it_paints() -> None:
        if any(record.decided for record in window.workspace.images()):
            timer.stop()
            window.opening.open_paths([own])

    timer = QTimer(window)
    timer.timeout.connect(open_own_once_it_paints)
    timer.start(50)
    window.actions_by_name["show_me"].trigger()  # returns when the tour has ended
    assert window.workspace.project is not None
    assert window.workspace.project.folder == own
    assert not any(record.decided for record in window.workspace.images())
    assert window.actions_by_name["show_me"].text() == "Show Me"
