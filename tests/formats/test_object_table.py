"""The table of objects says what was measured, and is whole or not there."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.measurements import measure
from cnnseg_gui.formats.object_table import MeasuredImage, write_table

_MASK = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 2]], np.uint8)
_NAMES = {1: "Zellwand, außen", 2: "核"}


def _measured(name: str, size: float | None = None, channels: int = 1) -> MeasuredImage:
    image = np.full((3, 3, channels), 7, np.uint8)
    return MeasuredImage(name, measure(Mask.from_array(_MASK), lambda r: image[r.slices]), size)


def test_each_object_is_a_row_with_units_where_they_are_known(tmp_path: Path) -> None:
    path = tmp_path / "objects.csv"
    images = [_measured("a.tif", 0.5), _measured("b.png", channels=2)]
    assert write_table(path, images, _NAMES, channels=2) == 4
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
        write_table(path, breaks(), _NAMES, channels=1)
    with pytest.raises(ValueError, match="more than 1"):
        write_table(path, [_measured("b.png", channels=2)], _NAMES, channels=1)
    assert [found.read_text() for found in tmp_path.iterdir()] == ["before"]


def test_parquet_holds_the_same_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    images = [_measured("a.tif", 0.5), _measured("empty.png", channels=2)]
    write_table(tmp_path / "objects.csv", images, _NAMES, channels=2)
    assert write_table(tmp_path / "objects.parquet", images, _NAMES, channels=2) == 4
    table = parquet.read_table(tmp_path / "objects.parquet")
    kinds = {field.name: str(field.type) for field in table.schema}
    assert (kinds["image"], kinds["area_px"], kinds["area_um2"]) == ("string", "int64", "double")
    assert (kinds["file"], kinds["page"]) == ("string", "int64")
    with (tmp_path / "objects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in table.to_pylist()
    ]
    assert told == rows


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\.csv or \.parquet"):
        write_table(tmp_path / "objects.xlsx", [], _NAMES, channels=1)
    assert list(tmp_path.iterdir()) == []
