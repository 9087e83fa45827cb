"""A pixel's size is taken from files that mean it, and from no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from cnnseg_gui.core.pixel_size import tiff_pixel_size

_PIXELS = np.zeros((20, 30), np.uint8)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"metadata": {"axes": "YX", "PhysicalSizeX": 0.325}, "ome": True}, 0.325),
        (
            {
                "metadata": {"axes": "YX", "PhysicalSizeX": 650, "PhysicalSizeXUnit": "nm"},
                "ome": True,
            },
            0.65,
        ),
        ({"imagej": True, "resolution": (4.0, 4.0), "metadata": {"unit": "um"}}, 0.25),
        ({"imagej": True, "resolution": (2.0, 2.0), "metadata": {"unit": "mm"}}, 500.0),
        ({"resolution": (20_000, 20_000), "resolutionunit": 3}, 0.5),
        ({"resolution": (1200, 1200), "resolutionunit": 2}, 25400 / 1200),
        ({"resolution": (72, 72), "resolutionunit": 2}, None),
        ({"resolution": (300, 300), "resolutionunit": 2}, None),
        ({}, None),
    ],
)
def test_the_size_of_a_pixel(tmp_path: Path, options: dict[str, Any], size: float | None) -> None:
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, _PIXELS, **options)
    found = tiff_pixel_size(path)
    assert found == (None if size is None else pytest.approx(size, rel=1e-6))
    assert tiff_pixel_size(path.read_bytes()) == found


def test_what_is_no_tiff_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "image.tif"
    path.write_bytes(b"no image at all")
    assert tiff_pixel_size(path) is None
