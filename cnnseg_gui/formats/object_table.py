"""A table of measured objects as CSV: UTF-8, a row per object, units in the names of columns.

What is not known is empty: micrometres where the image's file does not say how large a pixel is,
and channels that an image does not have.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from cnnseg_gui.core.atomic import temporary_name
from cnnseg_gui.core.errors import from_os_error
from cnnseg_gui.core.measurements import Measurements

_COLUMNS = (
    *("image", "class", "area_px", "top_px", "left_px", "bottom_px", "right_px"),
    *("centroid_row_px", "centroid_column_px", "perimeter_px", "equivalent_diameter_px"),
    *("eccentricity", "area_um2", "perimeter_um", "equivalent_diameter_um"),
)


class MeasuredImage(NamedTuple):
    """The objects of an image; `pixel_size` is micrometres per pixel, across, where known."""

    name: str
    objects: Measurements
    pixel_size: float | None = None


def write_csv(
    path: Path, images: Iterable[MeasuredImage], class_names: Mapping[int, str], *, channels: int
) -> int:
    """Writes image by image beside `path`, and renames when all is written.

    Args:
        path: what is there is replaced.
        class_names: by class index.
        channels: columns `mean_intensity_1`, …: the most that an image has.

    Returns:
        How many objects were written.

    Raises:
        ValueError: an image has more channels; nothing remains.
        UserError: the disk refuses; what was at `path` is untouched.
    """
    beside, count = path.with_name(temporary_name()), 0
    try:
        try:
            with beside.open("x", encoding="utf-8", newline="") as file:
                table = csv.writer(file, lineterminator="\n")
                means = [f"mean_intensity_{number}" for number in range(1, channels + 1)]
                table.writerow([*_COLUMNS, *means])
                for image in images:
                    table.writerows(_rows(image, class_names, channels))
                    count += len(image.objects.area)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise from_os_error(error, doing="writing the table", path=path) from error
    return count


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
        yield [
            *(image.name, class_names[index], area, *found.box[i].tolist()),
            *(*found.centroid[i].tolist(), around, across, float(found.eccentricity[i])),
            *(("", "", "") if size is None else (area * size**2, around * size, across * size)),
            *found.mean_intensity[i].tolist(),
            *[""] * missing,
        ]
