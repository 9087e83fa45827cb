"""The mirror holds every mask under a name of its own, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core import mirror
from cnnseg_gui.core.image_table import NEW, ImageRecord, probe
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.project import Project


def test_two_images_of_one_stem_keep_two_masks(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    for name in ("cell.png", "cell.jpg", "other.png"):
        Image.new("RGB", (9, 7)).save(tmp_path / name)
        project.add_images([probe(tmp_path / name)])
    records = project.images()
    for record in records:
        pixels = np.full((7, 9), record.id, np.uint8)
        mirror.write(project.folder, records, record.id, pixels, project.classes)
    files = sorted(path.name for path in (project.folder / "masks").iterdir())
    assert files == ["cell.1.png", "cell.2.png", "other.png"]
    for record in records:
        path = project.folder / "masks" / mirror.mirror_name(record, records)
        assert (read_mask(path) == record.id).all()
    project.close()


_STEMS = st.sampled_from(["cell", "Cell", "cell.1", "cell.2", "CELL.2", "cell.1.3", "Zelle", "a.b"])


@given(st.lists(_STEMS, min_size=1, max_size=8))
def test_no_two_images_ever_share_a_mask_file(stems: list[str]) -> None:
    records = [
        ImageRecord(number, Path(f"{number}/{stem}.tif"), "", 1, 1, NEW, False, {})
        for number, stem in enumerate(stems, start=1)
    ]
    names = [mirror.mirror_name(record, records).casefold() for record in records]
    assert len(set(names)) == len(names)
    for name, stem in zip(names, stems, strict=True):
        assert name.startswith(stem.casefold())
