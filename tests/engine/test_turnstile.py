"""Interactive work overtakes the background, and nobody waits for ever."""

from __future__ import annotations

import threading
from contextlib import suppress

from cnnseg_gui.engine.turnstile import Turnstile

PATIENCE = 10.0


class Stop:
    """Says when it was first asked, and can be made true."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.requested = False

    def __call__(self) -> bool:
        self.asked.set()
        return self.requested


def test_with_nobody_ahead_the_background_goes_on_at_once() -> None:
    assert Turnstile().give_way(Stop()) == 0.0


def test_the_background_stands_aside_until_the_last_one_ahead_is_done() -> None:
    turnstile, stop = Turnstile(), Stop()
    order: list[str] = []

    def background() -> None:
        turnstile.give_way(stop)
        order.append("background")

    thread = threading.Thread(target=background)
    with turnstile.overtaking():
        with turnstile.overtaking():
            thread.start()
            assert stop.asked.wait(PATIENCE)
            order.append("first")
        thread.join(0.05)
        order.append("second")
    thread.join(PATIENCE)
    assert order == ["first", "second", "background"]


def test_a_stopped_background_job_leaves_although_somebody_is_ahead() -> None:
    turnstile, stop = Turnstile(), Stop()
    thread = threading.Thread(target=turnstile.give_way, args=(stop,))
    with turnstile.overtaking():
        thread.start()
        assert stop.asked.wait(PATIENCE)
        stop.requested = True
        turnstile.wake()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_failure_of_interactive_work_lets_the_background_go_on() -> None:
    turnstile = Turnstile()
    with suppress(ZeroDivisionError), turnstile.overtaking():
        raise ZeroDivisionError
    assert turnstile.give_way(Stop()) == 0.0


def test_long_interactive_work_lets_the_background_take_one_step_at_a_time() -> None:
    turnstile, stop = Turnstile(), Stop()
    steps: list[int] = []

    def background() -> None:
        for step in range(3):
            turnstile.give_way(stop)
            steps.append(step)

    thread = threading.Thread(target=background)
    with turnstile.overtaking():
        turnstile.let_pass(stop)  # nobody stands aside yet
        thread.start()
        assert stop.asked.wait(PATIENCE)
        assert steps == []
        turnstile.let_pass(Stop())
        assert steps == [0]
        turnstile.let_pass(Stop())
        assert steps == [0, 1]
        with turnstile.overtaking():  # a stroke's answer comes first
            turnstile.let_pass(Stop())
        assert steps == [0, 1]
    thread.join(PATIENCE)
    assert steps == [0, 1, 2]


def test_a_background_that_ends_with_its_step_holds_nobody_up() -> None:
    turnstile, stop = Turnstile(), Stop()
    thread = threading.Thread(target=turnstile.give_way, args=(stop,))
    with turnstile.overtaking():
        thread.start()
        assert stop.asked.wait(PATIENCE)
        turnstile.let_pass(Stop())
    thread.join(PATIENCE)
    assert not thread.is_alive()
