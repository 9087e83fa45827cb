"""Polygons: how much of an object of more than 100 pixels is kept, format by format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from written_sets import masks_of_entries, write_set

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats.components import TOUCHING
from cnnseg_gui.formats.registry import FORMATS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

POLYGONS: list[tuple[str, Mapping[str, str]]] = [
    ("coco", {"shapes": "polygons"}),
    ("yolo", {}),
    ("labelme", {}),
    ("cvat", {"shapes": "polygons"}),
]
_LEAST = 100  # pixels


def blobs(seed: int) -> Pixels:
    """uint8[110, 130]: smooth shapes of three classes with holes, parts and thin bridges."""
    random = np.random.default_rng(seed)
    heights = [ndimage.gaussian_filter(random.normal(size=(110, 130)), s) for s in (3, 6)]
    mask = np.zeros((110, 130), np.uint8)
    for value, field in ((1, heights[0]), (2, heights[1])):
        mask[field > np.quantile(field, 0.8)] = value
    mask[random.random(mask.shape) < 0.002] = 3
    return mask


def worst_overlap(painted: Pixels, found: Pixels) -> float:
    """The least IoU of a painted object of more than 100 pixels with what is found of its class
    where it is, or touches it.
    """
    worst = 1.0
    for value in (1, 2, 3):
        labels, count = ndimage.label(painted == value, TOUCHING)
        for number in range(1, count + 1):
            own = labels == number
            if own.sum() > _LEAST:
                near = ndimage.binary_dilation(own, TOUCHING, iterations=3)
                there = near & (found == value) & ((labels == number) | (labels == 0))
                worst = min(worst, float((own & there).sum() / (own | there).sum()))
    return worst


@pytest.mark.parametrize(("name", "choices"), POLYGONS, ids=str)
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000))
def test_an_independent_reader_sees_at_least_99_percent_of_every_object(
    tmp_path_factory: pytest.TempPathFactory, name: str, choices: Mapping[str, str], seed: int
) -> None:
    folder, format_, mask = tmp_path_factory.mktemp(name), FORMATS[name], blobs(seed)
    entries, options = write_set(format_, folder, {"a.png": mask}, choices=choices)
    assert format_.check is not None
    (checked,) = format_.check(folder, options, entries)
    (read,) = masks_of_entries(format_, folder, entries)
    assert worst_overlap(mask, read) == 1.0
    assert worst_overlap(mask, checked) >= 0.99


@pytest.mark.parametrize("tolerance", ["0.5", "1"])
@pytest.mark.parametrize(("name", "choices"), POLYGONS, ids=str)
def test_a_tolerance_makes_the_file_smaller_and_the_shapes_a_little_worse(
    tmp_path: Path, name: str, choices: Mapping[str, str], tolerance: str
) -> None:
    sizes, format_, mask = [], FORMATS[name], blobs(4)
    for number, own in enumerate(("0", tolerance)):
        folder = tmp_path / str(number)
        folder.mkdir()
        given_choices = {**choices, "tolerance": own}
        entries, options = write_set(format_, folder, {"a.png": mask}, choices=given_choices)
        assert not format_.is_exact(options)
        sizes.append(sum(p.stat().st_size for p in folder.rglob("*") if p.suffix != ".png"))
        (read,) = masks_of_entries(format_, folder, entries)
        assert worst_overlap(mask, read) >= (1.0 if own == "0" else 0.8)
    assert sizes[1] < sizes[0]
