"""The table of objects says what was measured, and is whole or not there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.measurements import measure
from cnnseg_gui.formats.object_table import MeasuredImage, write_csv

_MASK = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 2]], np.uint8)
_NAMES = {1: "Zellwand, außen", 2: "核"}


def _measured(name: str, size: float | None = None, channels: int = 1) -> MeasuredImage:
    image = np.full((3, 3, channels), 7, np.uint8)
    return MeasuredImage(name, measure(_MASK, image), size)


def test_each_object_is_a_row_with_units_where_they_are_known(tmp_path: Path) -> None:
    path = tmp_path / "objects.csv"
    images = [_measured("a.tif", 0.5), _measured("b.png", channels=2)]
    assert write_csv(path, images, _NAMES, channels=2) == 4
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["Zellwand, außen", "核"] * 2
    assert [row["area_um2"] for row in rows] == ["0.5", "0.25", "", ""]
    assert [row["mean_intensity_2"] for row in rows] == ["", "", "7.0", "7.0"]
    assert [rows[0][f"{side}_px"] for side in ("top", "left", "bottom", "right")] == list("0012")
    assert (rows[0]["centroid_row_px"], rows[0]["centroid_column_px"]) == ("0.0", "0.5")


def test_a_table_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "objects.csv"
    path.write_text("before")

    def breaks() -> Iterator[MeasuredImage]:
        yield _measured("a.png")
        raise UserError("the image is truncated")

    with pytest.raises(UserError):
        write_csv(path, breaks(), _NAMES, channels=1)
    with pytest.raises(ValueError, match="more than 1"):
        write_csv(path, [_measured("b.png", channels=2)], _NAMES, channels=1)
    assert [found.read_text() for found in tmp_path.iterdir()] == ["before"]
