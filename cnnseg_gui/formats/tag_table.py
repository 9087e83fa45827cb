"""tags.csv: what the images of a data set are called, beside its masks."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from cnnseg_gui.core.errors import UserError, from_os_error

FILE_NAME = "tags.csv"
_HEADER = ["image", "tag"]


def write_tags(folder: Path, tags: Mapping[str, tuple[str, ...]]) -> None:
    """One row per image and tag, UTF-8; no file where nothing is tagged.

    Args:
        folder: of the data set.
        tags: by the images' names in images/.
    """
    rows = [[image, tag] for image, own in tags.items() for tag in own]
    if rows:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([_HEADER, *rows])
        (folder / FILE_NAME).write_text(text.getvalue(), encoding="utf-8", newline="\n")


def read_tags(folder: Path) -> dict[str, tuple[str, ...]]:
    """The tags by the images' names; images without one are left out.

    Raises:
        UserError: the file is not what `write_tags` writes, or cannot be read.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return {}
    found: dict[str, tuple[str, ...]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
            if header != _HEADER:
                raise ValueError(f"its columns are {header}")
            for image, tag in rows:
                found[image] = (*found.get(image, ()), tag)
    except OSError as error:
        raise from_os_error(error, doing="reading the tags", path=path) from error
    except (ValueError, csv.Error) as error:
        raise UserError(
            f"this is no table of tags ({error})", path=path, remedy="Export the project again."
        ) from error
    return found
