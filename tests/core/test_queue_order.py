"""The images that teach most in a second come first, and every eighth by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.queue_order import RANDOM_EVERY, Doubts, queue_order

NOTHING_SEEN = np.zeros((0, 4), np.float16)


def doubts(count: int, seed: int = 0, **given_columns: object) -> Doubts:
    random = np.random.default_rng(seed)
    columns = {
        "ids": np.arange(1, count + 1),
        "uncertainty": random.random(count, np.float32),
        "disagreement": random.random(count, np.float32),
        "pixels": random.integers(0, 20_000, count).astype(np.float32),
        "embeddings": random.normal(size=(count, 4)).astype(np.float16),
        **given_columns,
    }
    return Doubts(**columns)  # type: ignore[arg-type]


def flat(count: int, **others: object) -> Doubts:
    """Images that are alike in everything but what is given."""
    same: dict[str, Any] = {
        "uncertainty": np.full(count, 0.3, np.float32),
        "disagreement": np.full(count, 0.1, np.float32),
        "pixels": np.full(count, 1000, np.float32),
        "embeddings": np.zeros((count, 4), np.float16),
    }
    return doubts(count, **{**same, **others})


@given(st.integers(0, 60), st.integers(0, 2**31))
def test_every_image_stands_in_the_queue_once(count: int, seed: int) -> None:
    queue = queue_order(doubts(count, seed), NOTHING_SEEN, seed=seed)
    assert sorted(queue.ids) == list(range(1, count + 1))
    assert [bool(r) for r in queue.random] == [
        place % RANDOM_EVERY == RANDOM_EVERY - 1 for place in range(count)
    ]
    assert all(queue.reason(place) for place in range(count))


def test_the_more_it_is_expected_to_teach_the_sooner_it_comes() -> None:
    rising = np.linspace(0.1, 0.9, 7, dtype=np.float32)
    for column in ("uncertainty", "disagreement"):
        queue = queue_order(flat(7, **{column: rising}), NOTHING_SEEN)
        assert queue.ids.tolist() == [7, 6, 5, 4, 3, 2, 1]
    quick = queue_order(flat(7, pixels=rising * 50_000), NOTHING_SEEN)
    assert quick.ids.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert quick.reason(0) == "quickly corrected"


def test_the_gain_is_the_product_by_the_definition() -> None:
    given_doubts, seen = doubts(30), np.eye(4, dtype=np.float16)[:2]
    queue = queue_order(given_doubts, seen)
    for place, number in enumerate(queue.ids):
        row = int(number) - 1
        own = given_doubts.embeddings[row].astype(np.float64)
        nearest = max(own @ other / np.linalg.norm(own) for other in seen.astype(np.float64))
        expected = 1.0
        for part in (
            float(given_doubts.uncertainty[row]),
            float(given_doubts.disagreement[row]),
            (1 - nearest) / 2,
        ):
            expected *= max(part, 0.02)
        expected /= 5 + float(given_doubts.pixels[row]) / 2000
        assert abs(float(queue.gains[place]) / expected - 1) < 1e-3


def test_what_is_unlike_the_corrected_ones_comes_first_and_says_so() -> None:
    embeddings = np.eye(4, dtype=np.float16)[[0, 0, 1, 0]]
    queue = queue_order(flat(4, embeddings=embeddings), np.eye(4, dtype=np.float16)[:1])
    assert queue.ids[0] == 3
    assert queue.reason(0) == "unlike what was corrected so far"


def test_where_no_waiting_image_is_known_the_corrected_ones_tell_nothing() -> None:
    nothing = np.zeros((3, 1), np.float16)
    wild = np.array([0.1, 0.4, 0.2], np.float32)
    waiting = flat(3, embeddings=nothing, disagreement=wild)
    queue = queue_order(waiting, np.eye(4, dtype=np.float16))
    assert queue.ids.tolist() == queue_order(waiting, NOTHING_SEEN).ids.tolist() == [2, 3, 1]


def test_the_reasons_name_their_numbers() -> None:
    wild = np.array([0.1, 0.1, 0.4], np.float32)
    assert queue_order(flat(3, disagreement=wild), NOTHING_SEEN).reason(0) == (
        "the last two revisions disagree on 40% of it"
    )
    assert queue_order(flat(3, uncertainty=wild), NOTHING_SEEN).reason(0) == (
        "uncertain: 60% sure on average"
    )


def test_pictures_of_the_same_do_not_stand_side_by_side() -> None:
    embeddings = np.eye(4, dtype=np.float16)[[0] * 5 + [1] * 5]
    uncertainty = np.array([0.5] * 5 + [0.45] * 5, np.float32)
    queue = queue_order(flat(10, embeddings=embeddings, uncertainty=uncertainty), NOTHING_SEEN)
    assert {int(number) > 5 for number in queue.ids[:2]} == {True, False}


def test_the_random_ones_keep_their_order_as_others_are_done() -> None:
    every = doubts(80)
    queue = queue_order(every, NOTHING_SEEN, seed=4)
    drawn = queue.ids[queue.random].tolist()
    keep = ~np.isin(every.ids, queue.ids[:7])
    fewer = Doubts(
        every.ids[keep],
        every.uncertainty[keep],
        every.disagreement[keep],
        every.pixels[keep],
        every.embeddings[keep],
    )
    again = queue_order(fewer, NOTHING_SEEN, seed=4)
    assert again.ids[again.random][0] == drawn[0]
    assert queue_order(every, NOTHING_SEEN, seed=5).ids[7] != drawn[0]


def test_what_is_not_known_counts_as_the_median_of_the_others() -> None:
    unknown = np.array([0.2, np.nan, 0.6], np.float32)
    queue = queue_order(flat(3, uncertainty=unknown), NOTHING_SEEN)
    assert queue.ids.tolist() == [3, 2, 1]
    nothing = np.full(3, np.nan, np.float32)
    blank = flat(3, uncertainty=nothing, disagreement=nothing, pixels=nothing)
    assert queue_order(blank, NOTHING_SEEN).ids.tolist() == [1, 2, 3]


def test_a_hundred_thousand_images_are_ordered() -> None:
    queue = queue_order(doubts(100_000), np.ones((2000, 4), np.float16))
    assert len(queue.ids) == 100_000
    assert queue.random.sum() == 12_500
