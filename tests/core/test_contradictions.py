"""Slips of the hand are found, the width of a border is not one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.contradictions import Dismissed, contradictions
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect

SIZE = 60


def sure_of(truth: Pixels, confidence: float = 0.97) -> tuple[Pixels, Pixels]:
    """A model that says the truth everywhere, as surely as that."""
    return truth, np.full(truth.shape, round(confidence * 255), np.uint8)


def truth() -> Pixels:
    out = np.zeros((SIZE, SIZE), np.uint8)
    out[10:40, 10:40] = 1
    return out


def slow(mask: Pixels, proposed: Pixels, confidence: Pixels, sure: int, least: int) -> list[object]:
    """(rectangle, pixels, decided, proposed) by flood fill, pixel by pixel."""
    kind = {}
    for y, x in np.ndindex(mask.shape):
        best, decided = int(proposed[y, x]), int(mask[y, x])
        if decided not in (UNLABELLED, best) and confidence[y, x] >= sure:
            kind[y, x] = decided, best
    found: list[object] = []
    while kind:
        start = next(iter(kind))
        pair, region, edge = kind[start], set(), [start]
        while edge:
            at = edge.pop()
            if kind.get(at) == pair:
                region.add(at)
                del kind[at]
                edge += [(at[0] + dy, at[1] + dx) for dy, dx in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        solid = any(
            all((y + dy, x + dx) in region for dy in range(5) for dx in range(5)) for y, x in region
        )
        if len(region) >= least and solid:
            ys, xs = zip(*region, strict=True)
            rect = Rect(min(ys), min(xs), max(ys) + 1, max(xs) + 1)
            found.append((rect, len(region), *pair))
    return found


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_the_regions_are_those_of_walking_every_pixel(seed: int, least: int) -> None:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 4, (4, 4)).astype(np.uint8)
    coarse[coarse == 3] = UNLABELLED
    mask = coarse.repeat(7, 0).repeat(7, 1)
    proposed, confidence = (
        random.integers(0, most, (5, 5)).astype(np.uint8).repeat(6, 0).repeat(6, 1)[:28, :28]
        for most in (3, 256)
    )
    found = contradictions(mask, proposed, confidence, sure=0.2, smallest=least)
    said = [(r.rect, r.pixels, r.decided, r.proposed) for r in found]
    assert sorted(said) == sorted(slow(mask, proposed, confidence, 51, least))  # type: ignore[type-var]
    assert [r.weight for r in found] == sorted((r.weight for r in found), reverse=True)


def test_a_slip_of_the_hand_is_found() -> None:
    mask = truth()
    mask[50:58, 20:50] = 1  # a stroke on the ground
    mask[20:27, 20:27] = 0  # a hole in the object
    first, second = contradictions(mask, *sure_of(truth()))
    assert (first.rect, first.decided, first.proposed) == (Rect(50, 20, 58, 50), 1, 0)
    assert (second.rect, second.decided, second.proposed) == (Rect(20, 20, 27, 27), 0, 1)
    assert (first.pixels, second.pixels) == (240, 49)
    assert first.confidence == pytest.approx(0.97, abs=0.002)


def test_a_border_drawn_a_few_pixels_off_is_none() -> None:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[7:43, 7:42] = 1
    assert contradictions(mask, *sure_of(truth())) == []


def test_what_the_model_is_not_sure_of_or_nobody_decided_is_none() -> None:
    mask = truth()
    mask[50:58, 20:50] = 1
    assert contradictions(mask, *sure_of(truth(), 0.85)) == []
    mask[50:58, 20:50] = UNLABELLED
    assert contradictions(mask, *sure_of(truth())) == []
    nothing = np.full((9, 9), UNLABELLED, np.uint8)
    assert contradictions(nothing, *sure_of(np.zeros_like(nothing))) == []


def test_what_was_dismissed_does_not_come_back_with_another_edge() -> None:
    mask = truth()
    mask[50:58, 20:50] = 1
    (slip,) = contradictions(mask, *sure_of(truth()))
    known = Dismissed(slip.rect, slip.decided, slip.proposed)
    proposed, confidence = sure_of(truth())
    confidence[50:58, 20:22] = 90
    assert len(contradictions(mask, proposed, confidence)) == 1
    assert contradictions(mask, proposed, confidence, dismissed=[known]) == []
    other = np.full_like(mask, 2)
    found = contradictions(mask, *sure_of(other), dismissed=[known])
    assert {region.proposed for region in found} == {2}, "of another class it does"


def test_a_mask_and_a_proposal_of_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        contradictions(truth(), *sure_of(np.zeros((5, 5), np.uint8)))
