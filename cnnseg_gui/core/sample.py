"""The sample project that ships with the program: real images with masks to compare."""

from __future__ import annotations

import shutil
from pathlib import Path

from cnnseg_gui.core.errors import from_os_error
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.resources import resource

CLASSES = ("background", "nucleus")


def sample_images() -> list[Path]:
    """The shipped images, by name."""
    return sorted(resource("sample/images").glob("*.png"))


def true_mask(image: Path) -> Path:
    """The mask that experts drew of a sample image: indexed PNG, 0 background, 1 nucleus."""
    return resource("sample/masks") / image.name


def copy_sample(folder: Path) -> Path:
    """Makes a fresh sample project with its own copies of the images in a new folder.

    Returns:
        The project's folder.

    Raises:
        UserError: it cannot be written there.
    """
    images = folder / "images"
    try:
        images.mkdir(parents=True)
        copies = [Path(shutil.copy(path, images)) for path in sample_images()]
    except OSError as error:
        raise from_os_error(error, doing="copying the sample images", path=folder) from error
    project = Project.create(folder, CLASSES)
    try:
        project.add_images([probe(path) for path in copies])
    finally:
        project.close()
    return folder
