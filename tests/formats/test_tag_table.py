"""Tags go out with a data set and come back as they were."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.export import export_project
from cnnseg_gui.formats.tag_table import read_tags, write_tags

NAMES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=12
).filter(lambda name: name == name.strip())

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@given(st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple)))
@settings(max_examples=60, deadline=None)
def test_any_tags_are_read_back_as_they_were(tags: dict[str, tuple[str, ...]]) -> None:
    with TemporaryDirectory() as folder:
        write_tags(Path(folder), tags)
        assert read_tags(Path(folder)) == tags


def test_a_data_set_without_tags_has_no_table(tmp_path: Path) -> None:
    write_tags(tmp_path, {"a.png": ()})
    assert list(tmp_path.iterdir()) == []
    assert read_tags(tmp_path) == {}


@pytest.mark.parametrize("text", ["", "picture,label\n", "image,tag\na.png\n"])
def test_another_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tags.csv").write_text(text)
    with pytest.raises(UserError, match=r"tags\.csv"):
        read_tags(tmp_path)


@pytest.mark.parametrize("format_name", ["png", "coco"])
def test_an_export_carries_the_tags_under_the_names_it_gives(
    tmp_path: Path, format_name: str
) -> None:
    project = Project.create(tmp_path / "project", ("background", "cell"))
    for folder in ("a", "b"):
        path = tmp_path / folder / "same.png"
        path.parent.mkdir()
        Image.fromarray(np.full((8, 8, 3), ord(folder), np.uint8)).save(path)
        (number,) = project.add_images([probe(path)])
        mask = project.load_mask(number)
        builder = PatchBuilder(mask)
        builder.paint(0, 0, np.ones((4, 4), np.bool_), np.ones((4, 4), np.uint8))
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
        project.tags.add(number, f"folder {folder}")
    export_project(project, format_name, tmp_path / "out")
    project.close()
    wanted = {"same.png": ("folder a",), "same-2.png": ("folder b",)}
    assert read_tags(tmp_path / "out") == wanted
    if format_name == "coco":
        content = json.loads((tmp_path / "out" / "annotations.json").read_text())
        assert {i["file_name"]: tuple(i["tags"]) for i in content["images"]} == wanted
