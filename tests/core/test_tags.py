"""Tags, and the models that are stored and promoted."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.objects import object_at
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.tags import clean_tag


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project", ("background", "cell"))
    for number in range(3):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(path)
        made.add_images([probe(path)])
    return made


def test_tags_are_there_at_once_and_after_reopening(project: Project) -> None:
    project.tags.add(1, " nucleus ")
    project.tags.add(1, "stained", source="imagenet:resnet18")
    project.tags.add(1, "nucleus")
    project.tags.add(3, "nucleus")
    folder = project.folder
    project.close()
    again = Project.open(folder)
    assert [record.tags for record in again.images()] == [("nucleus", "stained"), (), ("nucleus",)]
    assert again.image(1).tags == ("nucleus", "stained")
    assert again.tags.counts() == {"nucleus": 2, "stained": 1}
    again.tags.remove(1, "nucleus")
    again.tags.remove(1, "never there")
    assert again.tags.of(1) == ("stained",)
    again.close()


def test_a_tag_for_no_image_is_refused(project: Project) -> None:
    with pytest.raises(UserError):
        project.tags.add(99, "nucleus")
    assert project.tags.counts() == {}
    project.close()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201, "\u2028"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UserError) as caught:
        clean_tag(name)
    assert caught.value.remedy


@given(st.text(min_size=1, max_size=40))
@settings(max_examples=60)
def test_a_clean_tag_stays_as_it_is(name: str) -> None:
    try:
        cleaned = clean_tag(name)
    except UserError:
        return
    assert clean_tag(cleaned) == cleaned
    assert unicodedata.normalize("NFC", cleaned) == cleaned == cleaned.strip()


def test_only_promoted_revisions_propose_and_older_ones_come_back(project: Project) -> None:
    first = project.revisions.add(b"one", b"{}")
    worse = project.revisions.add(b"two", b"{}", promoted=False)
    assert project.revisions.current == first
    assert worse.promoted == 0
    third = project.revisions.add(b"three", b"{}")
    assert project.revisions.current == third
    project.revisions.promote("r001")
    assert project.revisions.current is not None
    assert project.revisions.current.name == "r001"
    project.revisions.promote("r002")
    assert project.revisions.current.name == "r002"
    assert [revision.name for revision in project.revisions.all()] == ["r001", "r002", "r003"]
    with pytest.raises(UserError, match="r009"):
        project.revisions.promote("r009")
    assert project.revisions.find(worse.sha256).folder.name == "r002"
    project.close()


def test_taught_classifiers_have_folders_of_their_own(project: Project) -> None:
    project.revisions.add(b"masks", b"{}")
    stored = project.classifiers.add(b"tags", b'{"labels": []}')
    assert stored.folder.name == "t001"
    assert (stored.folder / "model.safetensors").read_bytes() == b"tags"
    assert project.classifiers.all() == [stored]
    assert project.classifiers.find(stored.sha256) == stored
    assert project.revisions.current is not None
    assert project.revisions.current.name == "r001"
    with pytest.raises(UserError, match="no classifier"):
        project.classifiers.find("0" * 64)
    project.close()


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_an_object_is_boxed_whole_however_far_it_reaches(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 700)), data.draw(st.integers(1, 700))
    mask = np.zeros((height, width), np.uint8)
    top = data.draw(st.integers(0, height - 1))
    left = data.draw(st.integers(0, width - 1))
    bottom = data.draw(st.integers(top + 1, height))
    right = data.draw(st.integers(left + 1, width))
    mask[top:bottom, left:right] = 2
    reads: list[Rect] = []

    def read(rect: Rect) -> np.ndarray:
        reads.append(rect)
        return mask[rect.slices]

    row = data.draw(st.integers(top, bottom - 1))
    column = data.draw(st.integers(left, right - 1))
    assert object_at(read, mask.shape, row, column) == (top, left, bottom, right)
    if (top, left) != (0, 0):
        assert object_at(read, mask.shape, 0, 0) is None
    assert object_at(read, mask.shape, height, 0) is None


def test_objects_that_touch_in_a_corner_are_one_and_other_classes_are_not() -> None:
    mask = np.zeros((6, 6), np.uint8)
    mask[1, 1] = mask[2, 2] = 1
    mask[2, 3] = 2
    assert object_at(lambda r: mask[r.slices], (6, 6), 1, 1) == (1, 1, 3, 3)
    assert object_at(lambda r: mask[r.slices], (6, 6), 2, 3) == (2, 3, 3, 4)
    mask[:] = 255
    assert object_at(lambda r: mask[r.slices], (6, 6), 2, 3) is None


def test_of_an_object_larger_than_the_screen_the_part_round_the_pixel_is_taken() -> None:
    mask = np.ones((5000, 5000), np.uint8)
    found = object_at(lambda rect: mask[rect.slices], mask.shape, 2500, 2500)
    assert found == (2500 - 1024, 2500 - 1024, 2500 + 1024, 2500 + 1024)
