"""A slip of the hand is found by a network that was taught the other images."""

from __future__ import annotations

import pytest
from blobs import COMPUTE, example, scene, start

from cnnseg_gui.core.contradictions import Dismissed
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.learning.cross_fit import cross_fitted, halves
from cnnseg_gui.learning.fit import Cancelled, Settings
from cnnseg_gui.learning.sampling import Example

QUICK = Settings(patch=48, batch=2, rate=1e-2)


def with_slip(seed: int) -> Example:
    """A stroke of blob, 12 × 40 pixels, where there is none."""
    pixels, truth = scene(seed)
    truth[4:16, 4:44] = 1
    pixels[4:16, 4:44] = pixels[4:16, 4:44] % 60 + 20
    return Example(f"scene {seed}", lambda: pixels, Mask.from_array(truth))


def test_the_slip_is_the_weightiest_contradiction_and_dismissed_it_is_gone() -> None:
    examples = [example(1), example(2), with_slip(3), example(4)]
    options = {"compute": COMPUTE, "steps": 120, "settings": QUICK}
    found = dict(cross_fitted(start(), examples, **options))  # type: ignore[arg-type]
    assert set(found) == {f"scene {seed}" for seed in (1, 2, 3, 4)}
    slip = found["scene 3"][0]
    assert (slip.decided, slip.proposed) == (1, 0)
    assert slip.rect.top <= 6
    assert slip.rect.bottom >= 14
    assert slip.pixels > 300
    assert all(slip.weight > other.weight for key in found for other in found[key] if other != slip)
    known = {"scene 3": [Dismissed(slip.rect, 1, 0)]}
    again = dict(cross_fitted(start(), examples, dismissed=known, **options))  # type: ignore[arg-type]
    assert slip not in again["scene 3"]
    assert len(again["scene 3"]) == len(found["scene 3"]) - 1


def test_the_halves_are_equal_and_the_same_in_any_order() -> None:
    keys = [f"image {number}" for number in range(11)]
    one, other = halves(keys)
    assert (len(one), len(other)) == (6, 5)
    assert one | other == set(keys)
    assert halves([*keys[::-1], keys[0]]) == (one, other)


def test_one_image_alone_is_not_checked() -> None:
    with pytest.raises(UserError, match="one image alone"):
        list(cross_fitted(start(), [example(1), example(1)], compute=COMPUTE, steps=1))


def test_it_stops_when_asked() -> None:
    asked = iter([False] * 4 + [True] * 99)
    with pytest.raises(Cancelled):
        list(
            cross_fitted(
                start(),
                [example(1), example(2)],
                compute=COMPUTE,
                steps=50,
                settings=QUICK,
                checkpoint=lambda: next(asked),
            )
        )
