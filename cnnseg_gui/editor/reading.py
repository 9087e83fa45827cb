"""What the workspace has done in worker threads: looking at image files and reading them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.image_io import find_images, read_image
from cnnseg_gui.core.project import ImageFacts, ImageRecord, probe
from cnnseg_gui.core.pyramid import ImagePyramid, build_pyramid


def probe_all(paths: Sequence[Path]) -> tuple[list[ImageFacts], list[UserError]]:
    """The facts of all images among files and folders, and what is wrong with the others.

    Raises:
        UserError: there are none.
    """
    facts, errors = [], []
    for path in find_images(paths):
        try:
            facts.append(probe(path))
        except UserError as error:
            errors.append(error)
    return facts, errors


def load_image(record: ImageRecord) -> ImagePyramid:
    """Reads an image and checks that it is still the one whose mask the project holds.

    Raises:
        UserError: it cannot be read, or is another one now.
    """
    try:
        data = record.path.read_bytes()
    except OSError as error:
        raise from_os_error(error, doing="opening the image", path=record.path) from error
    if hashlib.sha256(data).hexdigest() != record.sha256:
        raise UserError(
            "this file has changed since it was added, so its mask may not fit",
            path=record.path,
            remedy="Put the former file back; the mask is kept.",
        )
    image = read_image(data, name=str(record.path))
    if image.pixels.shape[:2] != (record.height, record.width):
        raise UserError(
            f"the image measures {image.pixels.shape[1]} × {image.pixels.shape[0]} pixels and "
            f"its mask {record.width} × {record.height}",
            path=record.path,
            remedy="Put the former file back; the mask is kept.",
        )
    return build_pyramid(image.pixels)
