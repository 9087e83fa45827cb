"""What Pillow reads from exported PNG masks is what was painted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from painted_masks import CLASSES, masks, rings
from PIL import Image
from written_sets import write_set

from cnnseg_gui.core.classes import palette_table
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats import png
from cnnseg_gui.formats.class_table import FILE_NAME


@given(masks())
def test_pillow_reads_every_pixel_as_painted(
    tmp_path_factory: pytest.TempPathFactory, mask: Pixels
) -> None:
    folder = tmp_path_factory.mktemp("png")
    write_set(png.FORMAT, folder, {"an image.v2.jpg": mask})
    with Image.open(folder / "masks" / "an image.v2.png") as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), mask)


def test_any_viewer_shows_the_class_colours(tmp_path: Path) -> None:
    write_set(png.FORMAT, tmp_path, {"a.png": rings()})
    with Image.open(tmp_path / "masks" / "a.png") as image:
        shown = np.asarray(image.convert("RGB"))
    assert np.array_equal(shown, palette_table(CLASSES)[rings()])


def test_the_class_list_names_index_name_and_colour(tmp_path: Path) -> None:
    write_set(png.FORMAT, tmp_path, {})
    content = json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8"))
    assert content["unlabelled"] == 255
    assert content["classes"][3] == {
        "index": 3,
        "name": "Zellwand – außen",
        "colour": list(CLASSES[3].colour),
    }
