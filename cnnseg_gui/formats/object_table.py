"""A table of measured objects as CSV or Parquet: a row per object, units in the columns' names.

What is not known is empty: micrometres where the image's file does not say how large a pixel is,
and channels that an image does not have. The last two columns tell images of one name apart: the
file, from the project's folder, and its page. CSV is UTF-8; Parquet needs pyarrow.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cnnseg_gui.core.atomic import temporary_name
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.measurements import Measurements

SUFFIXES = (".csv", ".parquet")
_TEXTS = ("image", "class")
_WHOLE = ("area_px", "top_px", "left_px", "bottom_px", "right_px")
_SOURCE = ("file", "page")
_REAL = (
    *("centroid_row_px", "centroid_column_px", "perimeter_px", "equivalent_diameter_px"),
    *("eccentricity", "area_um2", "perimeter_um", "equivalent_diameter_um"),
)

Row = list[object]
"""In the order of the columns; None where nothing is known."""


class MeasuredImage(NamedTuple):
    """The objects of an image.

    Args:
        name: for people.
        pixel_size: micrometres per pixel, across, where known.
        file: its path, from the project's folder where that is possible.
        page: of that file, from 0.
    """

    name: str
    objects: Measurements
    pixel_size: float | None = None
    file: str = ""
    page: int = 0


def columns(channels: int) -> list[str]:
    """The names of the columns."""
    means = [f"mean_intensity_{number}" for number in range(1, channels + 1)]
    return [*_TEXTS, *_WHOLE, *_REAL, *means, *_SOURCE]


def check_table_name(path: Path) -> None:
    """Whether it can be written.

    Raises:
        UserError: it is neither CSV nor Parquet, or pyarrow is missing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(
            "a table is written as .csv or .parquet", path=path, remedy="Choose another name."
        )
    if path.suffix.lower() == ".parquet":
        _pyarrow(path)


def write_table(
    path: Path, images: Iterable[MeasuredImage], class_names: Mapping[int, str], *, channels: int
) -> int:
    """Writes image by image beside `path`, and renames when all is written.

    Args:
        path: what is there is replaced; its ending says which format.
        class_names: by class index.
        channels: columns `mean_intensity_1`, …: the most that an image has.

    Returns:
        How many objects were written.

    Raises:
        ValueError: an image has more channels; nothing remains.
        UserError: see `check_table_name`; or the disk refuses: what was at `path` is untouched.
    """
    check_table_name(path)
    write = _write_parquet if path.suffix.lower() == ".parquet" else _write_csv
    beside, count = path.with_name(temporary_name()), 0

    def rows() -> Iterator[list[Row]]:
        nonlocal count
        for image in images:
            yield list(_rows(image, class_names, channels))
            count += len(image.objects.area)

    try:
        try:
            write(beside, rows(), channels)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise from_os_error(error, doing="writing the table", path=path) from error
    return count


# ---------------------------------------------------------------------- inside


def _write_csv(path: Path, images: Iterable[list[Row]], channels: int) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns(channels))
        for rows in images:
            table.writerows(rows)  # None is written as nothing


def _write_parquet(path: Path, images: Iterable[list[Row]], channels: int) -> None:
    arrow, parquet = _pyarrow(path)
    names = columns(channels)
    texts, whole = {*_TEXTS, "file"}, {*_WHOLE, "page"}
    kinds = [
        arrow.string() if name in texts else arrow.int64() if name in whole else arrow.float64()
        for name in names
    ]
    schema = arrow.schema(list(zip(names, kinds, strict=True)))
    with path.open("xb") as file, parquet.ParquetWriter(file, schema) as writer:
        for rows in images:
            if rows:
                arrays = [
                    arrow.array(column, kind)
                    for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)
                ]
                writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def _pyarrow(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UserError(
            "Parquet needs the package pyarrow, which is not installed",
            path=path,
            remedy="Install it with pip install pyarrow, or write .csv.",
        ) from error
    return pyarrow, pyarrow.parquet


def _rows(
    image: MeasuredImage, class_names: Mapping[int, str], channels: int
) -> Iterator[list[object]]:
    found, size = image.objects, image.pixel_size
    missing = channels - found.mean_intensity.shape[1]
    if missing < 0:
        raise ValueError(f"{image.name} has more than {channels} channels")
    for i, index in enumerate(found.class_index.tolist()):
        area, around = int(found.area[i]), float(found.perimeter[i])
        across = float(found.equivalent_diameter[i])
        known = (None,) * 3 if size is None else (area * size**2, around * size, across * size)
        yield [
            *(image.name, class_names[index], area, *found.box[i].tolist()),
            *(*found.centroid[i].tolist(), around, across, float(found.eccentricity[i])),
            *known,
            *found.mean_intensity[i].tolist(),
            *[None] * missing,
            *(image.file, image.page + 1),
        ]
