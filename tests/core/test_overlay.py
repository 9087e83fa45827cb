"""Decided pixels, proposals and edges get the colours the eye expects."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.mask import AS_PAINTED, UNLABELLED, Mask
from cnnseg_gui.core.overlay import Colours, colour_table, overlay
from cnnseg_gui.core.proposal import Proposal, accept, composite
from cnnseg_gui.core.rect import Rect

TABLE = colour_table(make_classes(["background", "cell"]), opacity=0.5)
small = hnp.arrays(np.uint8, (40, 37), elements=st.sampled_from([0, 1, UNLABELLED]))


def drawn(mask: Mask, proposal: Proposal, rect: Rect) -> Colours:
    around = rect.inflated(1)
    return overlay(mask.read(around), proposal.classes.read(around), TABLE)


def alpha(colours: np.ndarray) -> np.ndarray:
    return colours >> 24


def test_a_proposal_is_lighter_than_a_decision_and_undecided_is_clear() -> None:
    mask, proposal = Mask(50, 50), Proposal(50, 50)
    mask.write(0, 0, np.ones((10, 10), np.uint8))
    proposal.write(0, 20, np.ones((10, 10), np.uint8), np.full((10, 10), 200, np.uint8))
    shown = alpha(drawn(mask, proposal, Rect(0, 0, 50, 50)))
    assert shown[5, 5] > shown[5, 25] > shown[40, 40] == 0
    assert shown[5, 9] > shown[5, 5]  # an object's edge stands out
    assert shown[5, 20] > shown[5, 25]


@given(small, small)
def test_a_region_is_drawn_as_the_whole_would_be(decided: np.ndarray, proposed: np.ndarray) -> None:
    mask = Mask.from_array(decided)
    proposal = Proposal(*decided.shape)
    proposal.write(0, 0, proposed, proposed)
    whole = drawn(mask, proposal, mask.bounds)
    part = Rect(7, 5, 31, 30)
    assert np.array_equal(drawn(mask, proposal, part), whole[part.slices])


@given(small, small)
def test_accepting_never_changes_what_a_person_decided(
    decided: np.ndarray, proposed: np.ndarray
) -> None:
    mask = Mask.from_array(decided)
    proposal = Proposal(*decided.shape)
    proposal.write(0, 0, proposed, proposed)
    patch = accept(mask, proposal, accepted_as=AS_PAINTED)
    after = mask.to_array()
    assert np.array_equal(after, composite(decided, proposed))
    kept = decided != UNLABELLED
    assert np.array_equal(after[kept], decided[kept])
    if patch is not None:
        patch.revert(mask)
    assert np.array_equal(mask.to_array(), decided)
