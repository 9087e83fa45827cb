"""Projects whose image files are moved and changed, for the tests of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.relink import look_nearby

SHAPE = (30, 40)

Make = Callable[..., Project]


def save(path: Path, seed: int, shape: tuple[int, int] = SHAPE) -> Path:
    """An image like no other of another seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, "PNG")
    return path


def paint(project: Project, image_id: int, value: int = 1) -> None:
    mask = project.load_mask(image_id)
    builder = PatchBuilder(mask)
    builder.paint(2, 3, np.ones((5, 6), np.bool_), value)
    patch = builder.finish()
    assert patch is not None
    project.commit(patch, mask, name="Stroke")


@contextmanager
def projects(folder: Path) -> Iterator[Make]:
    """Gives what makes a project in `project/` of images at the given places, all painted on."""
    made: list[Project] = []

    def build(*names: str) -> Project:
        project = Project.create(folder / "project", ("background", "cell"))
        made.append(project)
        facts = [probe(save(folder / name, seed)) for seed, name in enumerate(names)]
        for number in project.add_images(facts):
            paint(project, number)
        return project

    yield build
    for project in made:
        project.close()


def nearby(project: Project, image_id: int) -> dict[int, Path]:
    return look_nearby(project.files.all(), project.files.get(image_id), project.folder)


def painted_pixels(project: Project, image_id: int) -> int:
    return int(np.count_nonzero(project.load_mask(image_id).to_array() != UNLABELLED))
