"""What a job in the background keeps once it has ended: nothing."""

from __future__ import annotations

import gc
import time
import weakref
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThreadPool
from pytestqt.qtbot import QtBot

from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.engine import supply

_JOBS = 400  # the shorter ones end before the pool's `start` has returned


class _Held:
    """Stands for the image, mask or dialog that a job works with."""


def test_what_a_job_worked_with_goes_when_it_has_ended(qtbot: QtBot) -> None:
    parent, pool = QObject(), QThreadPool()
    ended: list[int] = []
    held: list[weakref.ref[_Held]] = []

    def begin(number: int) -> None:
        thing = _Held()
        held.append(weakref.ref(thing))

        def work() -> int:
            assert thing is not None
            return number

        in_background(work, parent=parent, done=ended.append, failed=print, pool=pool)

    for number in range(_JOBS):
        begin(number)
        time.sleep(0.0005)
    qtbot.waitUntil(lambda: len(ended) == _JOBS)
    _let_go(pool)
    assert sum(thing() is not None for thing in held) == 0
    assert parent.children() == []


def test_what_was_read_for_the_engine_goes_when_it_was_sent(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"weights")
    desk = supply.SupplyDesk(lambda key: tmp_path / key)
    answered: list[object] = []
    desk.answered.connect(lambda answer: answered.append(answer.message))
    before = _readings()
    for _ in range(_JOBS):
        desk.answer("weights", 1)
        time.sleep(0.0005)
    qtbot.waitUntil(lambda: len(answered) == _JOBS)
    desk.close()
    assert _readings() == before


def _let_go(pool: QThreadPool) -> None:
    pool.waitForDone()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


def _readings() -> int:
    gc.collect()
    return sum(type(one) is supply._Reading for one in gc.get_objects())
