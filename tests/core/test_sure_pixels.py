"""Accepting what a model is sure of never touches what a person decided."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.mask import AS_PAINTED, UNLABELLED, Mask
from cnnseg_gui.core.sure_pixels import accept_sure


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    above=st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]),
    seed=st.integers(0, 99),
)
def test_sure_pixels_alone_are_taken_where_nothing_was_decided(
    height: int, width: int, above: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    before = random.choice(np.array([0, 1, UNLABELLED], np.uint8), (height, width))
    classes = random.choice(np.array([0, 1, 2, UNLABELLED], np.uint8), (height, width))
    confidence = random.integers(0, 256, (height, width)).astype(np.uint8)
    mask = Mask.from_array(before.copy())
    accepted_as = (AS_PAINTED + 100).astype(np.uint8)
    proposed = SimpleNamespace(classes=classes, confidence=confidence)
    patch = accept_sure(mask, proposed, above, accepted_as=accepted_as)
    wanted = before.copy()
    for y, x in np.argwhere((before == UNLABELLED) & (classes != UNLABELLED)).tolist():
        if confidence[y, x] / 255 >= above:
            wanted[y, x] = classes[y, x] + 100
    np.testing.assert_array_equal(mask.to_array(), wanted)
    changed = int((wanted != before).sum())
    assert (patch.changed_pixels() if patch else 0) == changed
