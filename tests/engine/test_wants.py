"""Questions to the window: asked once, answered to all who wait, left when cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.engine.wants import Refused, Stopped, Supplied, Wants

PATIENCE = 10.0


class Asker:
    """A job that wants something. Once `asked` is set it holds the lock or waits."""

    def __init__(self, wants: Wants, pool: ThreadPoolExecutor, key: str = "key") -> None:
        self.asked = threading.Event()
        self.cancelled = False
        self.result: Future[Supplied] = pool.submit(wants.fetch, key, self._stopped)
        assert self.asked.wait(PATIENCE)

    def _stopped(self) -> bool:
        self.asked.set()
        return self.cancelled


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as executor:
        yield executor


def test_two_jobs_that_want_the_same_image_share_one_question(pool: ThreadPoolExecutor) -> None:
    questions: list[str] = []
    wants = Wants(questions.append)
    askers = [Asker(wants, pool), Asker(wants, pool)]
    supplied = Supplied([b"bytes"], "a.png")
    wants.answer("key", supplied)
    assert [asker.result.result(PATIENCE) for asker in askers] == [supplied, supplied]
    assert questions == ["key"]


def test_a_refusal_arrives_as_the_error_the_window_met(pool: ThreadPoolExecutor) -> None:
    wants = Wants(lambda key: None)
    asker = Asker(wants, pool)
    wants.answer("key", Refused("the disk is gone", "/images/a.png", "Plug it in."))
    with pytest.raises(UserError) as error:
        asker.result.result(PATIENCE)
    assert error.value.args == ("the disk is gone", "/images/a.png", "Plug it in.")


def test_a_cancelled_job_stops_waiting_and_the_other_goes_on(pool: ThreadPoolExecutor) -> None:
    wants = Wants(lambda key: None)
    leaving, staying = Asker(wants, pool), Asker(wants, pool)
    leaving.cancelled = True
    wants.wake()
    with pytest.raises(Stopped):
        leaving.result.result(PATIENCE)
    wants.answer("key", Supplied([b"1"], None))
    assert staying.result.result(PATIENCE).blocks == [b"1"]


def test_an_answer_that_comes_too_late_is_dropped_and_asked_for_again(
    pool: ThreadPoolExecutor,
) -> None:
    questions: list[str] = []
    wants = Wants(questions.append)
    first = Asker(wants, pool)
    first.cancelled = True
    wants.wake()
    with pytest.raises(Stopped):
        first.result.result(PATIENCE)
    wants.answer("key", Supplied([b"late"], None))
    second = Asker(wants, pool)
    wants.answer("key", Supplied([b"fresh"], None))
    assert second.result.result(PATIENCE).blocks == [b"fresh"]
    assert questions == ["key", "key"]


def test_a_job_cancelled_beforehand_asks_nothing() -> None:
    questions: list[str] = []
    with pytest.raises(Stopped):
        Wants(questions.append).fetch("key", lambda: True)
    assert questions == []
