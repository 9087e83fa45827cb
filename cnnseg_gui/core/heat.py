"""From a number between 0 and 1 to a colour: dark where it is small, glowing where it is large."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

HeatColours = npt.NDArray[np.uint32]

_INFERNO = (
    (0, 0, 4),
    (33, 12, 74),
    (86, 16, 110),
    (137, 34, 106),
    (187, 55, 84),
    (227, 89, 50),
    (249, 140, 10),
    (249, 201, 50),
    (252, 255, 164),
)
"""Nine even steps of matplotlib's inferno (Smith and van der Walt, CC0): ever lighter, also in
grey and for colour-blind eyes."""

_FAINTEST, _STRONGEST = 0.45, 0.92
"""Opacity of 0 and of 1: the image stays to be seen, but dimmed, so that what glows stands out."""


def heat_table() -> HeatColours:
    """uint32[256], premultiplied 0xAARRGGBB, from 0 to 1."""
    places = np.linspace(0, 1, 256)
    alpha = _FAINTEST + (_STRONGEST - _FAINTEST) * np.sqrt(places)
    steps = np.linspace(0, 1, len(_INFERNO))
    table = np.round(255 * alpha).astype(np.uint32) << np.uint32(24)
    for channel, shift in enumerate((16, 8, 0)):
        values = np.interp(places, steps, [colour[channel] for colour in _INFERNO])
        table |= np.round(values * alpha).astype(np.uint32) << np.uint32(shift)
    return table


def heat_colours(values: npt.NDArray[np.float32]) -> HeatColours:
    """The colours of float32[h, w], uint32[h, w]; what is beyond 0…1 is shown as its end."""
    places = np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
    colours: HeatColours = heat_table()[places]
    return colours
