"""RootPainter's annotations: red where foreground, green where background, nothing elsewhere.

A project is `projects/<name>/annotations/{train,val}/<image>.png` (RGBA) and `<name>.seg_proj`,
which names the folder in `datasets/` that holds the images (Smith et al., New Phytologist, 2022).
Such data sets are only read.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from cnnseg_gui.core.classes import PixelClass, default_colour
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats.class_table import BACKGROUND
from cnnseg_gui.formats.dataset import DataSet, Format, ReadImage
from cnnseg_gui.formats.entries import by_stem, decode_json, image_files, inside, read_bytes
from cnnseg_gui.formats.mask_file import check_mask_file

_CLASSES = (
    PixelClass(0, BACKGROUND, default_colour(0)),
    PixelClass(1, "foreground", (255, 0, 0)),
)


class _Project(msgspec.Struct):
    dataset: str = ""


def read(path: Path) -> DataSet:
    """Opens a project's folder, or the folder that holds projects/ and datasets/.

    Raises:
        UserError: there is none.
    """
    projects = _projects(path)
    if not projects:
        raise UserError("there is no project of RootPainter here", path=path)
    images: list[ReadImage] = []
    refused: list[UserError] = []
    for project in projects:
        try:
            folder = _image_folder(project)
            found = by_stem(image_files(folder)) if folder.is_dir() else {}
        except UserError as error:
            refused.append(error)
            continue
        for split in ("train", "val"):
            annotations = project / "annotations" / split
            for name in image_files(annotations) if annotations.is_dir() else []:
                stem = Path(name).stem
                image = folder / found.get(stem, name)
                reader = partial(_read, project, annotations / name)
                images.append(ReadImage(image.name, image, reader, split=split))
    return DataSet(_CLASSES, images, refused=tuple(refused))


def recognises(path: Path) -> bool:
    """Whether there are annotations in train/ or val/ of a project."""
    return bool(_projects(path))


FORMAT = Format(
    name="rootpainter",
    title="RootPainter",
    description="a project's annotations: red = foreground, green = background; only read",
    writer=None,
    read=read,
    recognises=recognises,
)


# ---------------------------------------------------------------------- inside


def _projects(path: Path) -> list[Path]:
    below = sorted((path / "projects").iterdir()) if (path / "projects").is_dir() else []
    return [folder for folder in (path, *below) if _is_project(folder)]


def _is_project(folder: Path) -> bool:
    annotations = folder / "annotations"
    return any((annotations / split).is_dir() for split in ("train", "val"))


def _image_folder(project: Path) -> Path:
    """datasets/<name> beside projects/; the name comes from the project's file."""
    lists = sorted(project.glob("*.seg_proj"))
    if lists:
        name = decode_json(
            read_bytes(project, lists[0], largest=1 << 28), _Project, lists[0]
        ).dataset
        if name:
            return inside(project.parent.parent / "datasets", name)
    return project / "images"


def _read(project: Path, path: Path, shape: tuple[int, int]) -> Pixels:
    check_mask_file(project, path, shape)
    try:
        with Image.open(path, formats=("PNG",)) as image:
            pixels = np.array(image.convert("RGBA"))
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(f"the annotation cannot be read ({error})", path=path) from error
    red, green, _, alpha = np.moveaxis(pixels, -1, 0)
    mask = np.full(shape, UNLABELLED, np.uint8)
    # Drawn with a soft edge at times: what is more red than green is foreground.
    mask[(alpha > 0) & (green > red)] = 0
    mask[(alpha > 0) & (red > green)] = 1
    return mask
