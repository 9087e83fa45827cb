"""A document of a real project, without a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.pyramid import build_pyramid
from cnnseg_gui.editor.document import Document

OpenDocument = Callable[[Pixels], Document]


@pytest.fixture
def open_document(qtbot: QtBot, tmp_path: Path) -> Iterator[OpenDocument]:
    """Opens uint8[H, W, 3] as the image of a new project with three classes."""
    opened: list[tuple[Project, Document]] = []

    def make(pixels: Pixels) -> Document:
        number = len(opened)
        path = tmp_path / f"{number}.png"
        Image.fromarray(pixels).save(path)
        project = Project.create(tmp_path / f"project{number}", ("background", "cell", "debris"))
        project.add_images([probe(path)])
        (record,) = project.images()
        document = Document(project, record, build_pyramid(pixels), project.load_mask(record.id))
        opened.append((project, document))
        return document

    yield make
    for project, document in opened:
        document.settle()
        document.deleteLater()
        project.close()


@pytest.fixture
def two_greys() -> Pixels:
    """700 × 900: a light disc of radius 200 on a darker ground, both a little noisy."""
    rng = np.random.default_rng(0)
    y, x = np.ogrid[:700, :900]
    grey = np.where((y - 350) ** 2 + (x - 450) ** 2 <= 200**2, 180, 90)
    noisy = grey[..., None] + rng.integers(-4, 5, (700, 900, 3))
    return np.ascontiguousarray(noisy.astype(np.uint8))
