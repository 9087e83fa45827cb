"""A hung engine, as the window has it: a real one, stopped by a real signal."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest
from pipe_window import picture, png
from PySide6.QtCore import QCoreApplication, QObject, QTimer
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine.client import EngineClient, State, local_command
from cnnseg_gui.engine.heartbeat import Heartbeat

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
PATIENCE_MS = 60_000
IMAGE, DATA = png(picture(200, 200))


@pytest.fixture
def client(qapp: QCoreApplication) -> Iterator[EngineClient]:
    """An engine that is ready, and may be silent for a second."""
    command = local_command(device="cpu", threads=1)
    made = EngineClient(lambda key: DATA, command=command, patience=1.0)
    made.start()
    yield made
    made.stop()


def propose(client: EngineClient) -> int:
    return client.propose(
        image=IMAGE,
        model="new:unet?width=4",
        classes=("background", "object"),
        visible=Rect(0, 0, 9, 9),
    )


def test_a_stopped_engine_is_noticed_ended_and_comes_back(
    client: EngineClient, qtbot: QtBot
) -> None:
    lines: list[str] = []
    failed: list[int] = []
    client.crashed.connect(lines.append)
    client.failed.connect(lambda failure: failed.append(failure.request))
    with qtbot.waitSignal(client.proposed, timeout=PATIENCE_MS):
        propose(client)
    hung = client.process_id
    os.kill(hung, signal.SIGSTOP)
    request = propose(client)
    with qtbot.waitSignal(client.crashed, timeout=PATIENCE_MS):
        pass
    assert lines == ["the engine did not answer for 1 s and was ended; it is being restarted"]
    assert failed == [request]
    with qtbot.waitSignal(client.proposed, timeout=PATIENCE_MS):
        propose(client)
    assert client.process_id not in (0, hung)
    with pytest.raises(ProcessLookupError):
        os.kill(hung, 0)


def test_an_engine_that_is_asked_nothing_is_left_in_peace(
    client: EngineClient, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(client.ready, timeout=PATIENCE_MS):
        pass
    process = client.process_id
    os.kill(process, signal.SIGSTOP)
    qtbot.wait(2000)
    assert (client.process_id, client.state) == (process, State.READY)
    os.kill(process, signal.SIGCONT)
    with qtbot.waitSignal(client.proposed, timeout=PATIENCE_MS):
        propose(client)


def test_loading_torch_is_not_taken_for_a_hang(client: EngineClient, qtbot: QtBot) -> None:
    crashed: list[str] = []
    client.crashed.connect(crashed.append)
    with qtbot.waitSignal(client.proposed, timeout=PATIENCE_MS):
        propose(client)
    assert crashed == []


def test_a_stopped_engine_does_not_keep_the_window_from_closing(
    client: EngineClient, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(client.proposed, timeout=PATIENCE_MS):
        propose(client)
    process = client.process_id
    os.kill(process, signal.SIGSTOP)
    client.stop()
    assert client.state == State.STOPPED
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_an_engine_that_takes_what_it_is_sent_is_not_hung_however_slowly(
    qapp: QCoreApplication, qtbot: QtBot
) -> None:
    """A slow line to another machine: images go out for longer than anyone would wait."""
    slow = "import os, time\nwhile os.read(0, 65536):\n    time.sleep(0.02)\n"
    client = EngineClient(lambda key: DATA, command=[sys.executable, "-c", slow], patience=0.2)
    crashed: list[float] = []
    client.crashed.connect(lambda _: crashed.append(time.monotonic()))
    client.start()
    propose(client)
    begun = time.monotonic()
    client.train(
        model="new:unet",
        classes=("background", "object"),
        images=[],
        steps=1,
        values=bytes(16 * 2**20),
    )
    qtbot.waitUntil(lambda: bool(crashed), timeout=PATIENCE_MS)
    client.stop()
    assert crashed[0] - begun > 16 * 2**20 / 65536 * 0.02 * 0.5, "not before all was taken"


def test_a_window_that_was_asleep_itself_does_not_blame_the_engine(
    qapp: QCoreApplication, qtbot: QtBot
) -> None:
    """Its timers fire once after it wakes, however long it slept."""
    owner = QObject()
    beat = Heartbeat(
        lambda: QTimer.singleShot(20, owner, beat.heard),
        busy=lambda: True,
        loading=lambda: False,
        parent=owner,
    )
    missed: list[float] = []
    beat.missed.connect(missed.append)
    beat.set_patience(0.3)
    beat.begin()
    qtbot.wait(200)
    time.sleep(1.5)
    qtbot.wait(30)
    beat.end()
    assert missed == []
