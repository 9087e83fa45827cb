"""Images of one camera are shown as they are; of few or unlike ones, variations too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.learning.looks import may_differ
from cnnseg_gui.learning.sampling import Example, PixelCache


def images(brightness: Sequence[int], loads: list[int] | None = None) -> list[Example]:
    def made(at: int, grey: int) -> Example:
        def load() -> Pixels:
            if loads is not None:
                loads.append(at)
            return np.full((40, 50, 3), grey, np.uint8)

        return Example(str(at), load, Mask(40, 50))

    return [made(at, grey) for at, grey in enumerate(brightness)]


@pytest.mark.parametrize(
    ("brightness", "expected"),
    [
        ([100], True),
        ([100, 100], True),
        ([100, 110, 90], False),
        ([60, 90, 140, 120], False),
        ([10, 20, 15, 200], True),
        ([200] + [30] * 40, True),
        ([120] * 40, False),
    ],
)
def test_few_images_or_unlike_ones_may_differ_from_those_to_come(
    brightness: list[int], expected: bool
) -> None:
    assert may_differ(images(brightness), PixelCache()) == expected


def test_of_many_images_a_few_are_looked_at() -> None:
    loads: list[int] = []
    may_differ(images([100] * 500, loads), PixelCache())
    assert len(loads) == 8
    assert {0, 499} <= set(loads)


def test_an_image_that_cannot_be_read_is_named() -> None:
    def load() -> Pixels:
        raise UserError("the image is truncated", path="a.png")

    broken = Example("e", load, Mask(4, 4))
    with pytest.raises(UserError, match=r"a\.png"):
        may_differ([broken] * 3, PixelCache())
