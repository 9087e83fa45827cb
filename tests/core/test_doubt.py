"""What the network is unsure of and nobody has decided is offered, the most doubtful first."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cnnseg_gui.core.doubt import BLOCK, LEAST, doubtful_places, next_doubtful
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.proposal import Proposal
from cnnseg_gui.core.rect import Rect


def proposed(confidence: np.ndarray) -> tuple[Mask, Proposal]:
    """A proposal of class 1 everywhere, and nothing decided."""
    proposal = Proposal(*confidence.shape)
    proposal.write(0, 0, np.ones(confidence.shape, np.uint8), confidence.astype(np.uint8))
    return Mask(*confidence.shape), proposal


def three_spots() -> tuple[Mask, Proposal]:
    confidence = np.full((600, 700), 255)
    confidence[10:60, 10:60] = 150
    confidence[250:350, 250:350] = 140
    confidence[500:550, 600:650] = 200
    return proposed(confidence)


def centre(rect: Rect) -> tuple[float, float]:
    return (rect.top + rect.bottom) / 2, (rect.left + rect.right) / 2


def test_the_largest_doubt_comes_first_and_after_the_last_the_first_again() -> None:
    mask, proposal = three_spots()
    order = []
    at: tuple[float, float] | None = None
    for _ in range(4):
        place = next_doubtful(mask, proposal, at)
        assert place is not None
        at = centre(place)
        order.append(at)
    assert [250 < y < 350 for y, _ in order] == [True, False, False, True]
    assert order[1][0] < 100
    assert order[2][0] > 480
    assert order[0] == order[3]


def test_what_is_decided_is_no_longer_doubtful() -> None:
    mask, proposal = three_spots()
    mask.write(240, 240, np.zeros((120, 120), np.uint8))
    first = next_doubtful(mask, proposal)
    assert first is not None
    assert first.bottom <= 64
    mask.write(0, 0, np.zeros((600, 700), np.uint8))
    assert next_doubtful(mask, proposal) is None


def test_a_sure_proposal_and_none_at_all_are_not_doubtful() -> None:
    assert next_doubtful(*proposed(np.full((300, 300), 245))) is None
    assert next_doubtful(Mask(300, 300), Proposal(300, 300)) is None


def test_a_place_is_never_larger_than_can_be_seen_at_once() -> None:
    mask, proposal = proposed(np.full((925, 1010), 128))
    places = doubtful_places(mask, proposal)
    assert all(place.rect.height <= 256 and place.rect.width <= 256 for place in places)
    covered = np.zeros((925, 1010), int)
    for place in places:
        covered[place.rect.slices] += 1
    assert (covered == 1).all()


@given(st.integers(0, 10_000))
@examples(max_examples=30)
def test_every_doubtful_square_is_in_a_place_and_the_sums_are_right(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 620)), int(rng.integers(1, 620)))
    rough = np.kron(rng.integers(200, 256, (20, 20)), np.ones((32, 32), int))
    mask, proposal = proposed(rough[: shape[0], : shape[1]])
    decided = rng.random(shape) < 0.3
    mask.write(0, 0, np.where(decided, 1, 255).astype(np.uint8))
    doubt = np.where(decided, 0, 255 - rough[: shape[0], : shape[1]])
    places = doubtful_places(mask, proposal)
    assert [place.doubt for place in places] == sorted((p.doubt for p in places), reverse=True)
    total = 0
    for top in range(0, shape[0], BLOCK):
        for left in range(0, shape[1], BLOCK):
            square = Rect(top, left, top + BLOCK, left + BLOCK).clipped(shape)
            amount = int(doubt[square.slices].sum())
            if amount >= LEAST:
                total += amount
                assert any(place.rect.union(square) == place.rect for place in places)
    assert sum(place.doubt for place in places) == total
