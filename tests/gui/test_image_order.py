"""Positions of the list and rows of the index are each other's inverse, the queue first."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.queue_order import Doubts, Queue, queue_order
from cnnseg_gui.ui.panels.image_order import ImageOrder


def queue_of(ids: list[int]) -> Queue:
    count = len(ids)
    random = np.random.default_rng(count)
    doubts = Doubts(
        np.array(sorted(ids), np.int64),
        random.random(count).astype(np.float32),
        random.random(count).astype(np.float32),
        random.random(count).astype(np.float32),
        np.zeros((count, 1), np.float16),
    )
    return queue_order(doubts, np.zeros((0, 1), np.float16))


@settings(deadline=None)
@given(st.sets(st.integers(1, 60), max_size=40), st.sets(st.integers(1, 60), max_size=40))
def test_every_image_has_one_place_and_the_queue_comes_first(
    listed: set[int], waiting: set[int]
) -> None:
    ids = np.array(sorted(listed), np.int64)
    queue = queue_of(sorted(waiting))
    order = ImageOrder(queue, ids)
    rows = [order.row(position) for position in range(len(ids))]
    assert sorted(rows) == list(range(len(ids)))
    assert [order.position(row) for row in rows] == list(range(len(ids)))
    known = [int(number) for number in queue.ids if number in listed]
    rest = sorted(listed - set(known))
    assert [int(ids[row]) for row in rows] == known + rest
    assert [bool(order.reason(position)) for position in range(len(ids))] == (
        [True] * len(known) + [False] * len(rest)
    )
    assert order.row(len(ids) + 3) == len(ids) + 3, "what is added later follows"


def test_a_hundred_thousand_images_are_put_in_order_between_two_frames() -> None:
    ids = np.arange(1, 100_001, dtype=np.int64)
    queue = queue_of(ids[::2].tolist())
    start = time.perf_counter()
    order = ImageOrder(queue, ids)
    assert time.perf_counter() - start < 0.25
    assert order.position(order.row(77_777)) == 77_777
