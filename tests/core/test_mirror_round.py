"""The mirror follows the database: masks, classes, names, whatever changed them and when."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from fault_operations import painted
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core.classes import palette_table
from cnnseg_gui.core.image_table import APPROVED, probe
from cnnseg_gui.core.indexed_png import indexed_png
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.mirror import read_note
from cnnseg_gui.core.mirror_round import mirror_round
from cnnseg_gui.core.project import Project

_SHAPE = (300, 290)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Three images, of which the first two have masks."""
    made = Project.create(tmp_path / "project", ("background", "cell", "debris"))
    for name in ("cell.png", "other.png", "third.png"):
        Image.new("RGB", _SHAPE[::-1]).save(tmp_path / name)
        made.add_images([probe(tmp_path / name)])
    for image in (1, 2):
        mask = made.load_mask(image)
        made.commit(painted(mask, 40 * image, image), mask, name="Brush stroke")
    return made


def bring_up(project: Project) -> list[str]:
    """A round; gives the masks' files that there are then."""
    outcome = mirror_round(project.path)
    assert not outcome.failures
    project.note_mirrored(outcome.done)
    return files(project)


def files(project: Project) -> list[str]:
    return sorted(path.name for path in (project.folder / "masks").glob("*.png"))


def test_every_mask_is_there_as_people_see_it_and_says_whose_it_is(project: Project) -> None:
    project.tags.add(1, "stained")
    project.set_status(2, APPROVED)
    assert bring_up(project) == ["cell.png", "other.png"]
    for record in project.images()[:2]:
        path = project.folder / "masks" / f"{record.path.stem}.png"
        assert np.array_equal(read_mask(path), project.load_mask(record.id).to_array())
        note = read_note(path)
        assert note is not None
        assert (note.image.path, note.image.sha256) == (f"../{record.name}", record.sha256)
        assert (note.image.tags, note.image.status) == (record.tags, record.status)
        assert note.classes == project.class_list
    assert mirror_round(project.path).done == ()
    project.close()


def test_an_edit_of_the_classes_reaches_the_masks_of_all_images(project: Project) -> None:
    bring_up(project)
    before = read_mask(project.folder / "masks" / "other.png")
    assert (before == 2).any()
    project.edit_classes(project.class_list.without(2, reads_as=1), name="Merge")
    bring_up(project)
    after = read_mask(project.folder / "masks" / "other.png")
    assert np.array_equal(after, np.where(before == 2, 1, before))
    project.undo(project.load_mask(1))
    bring_up(project)
    assert np.array_equal(read_mask(project.folder / "masks" / "other.png"), before)
    project.edit_classes(project.class_list.with_colour(1, (9, 8, 7)), name="Recolour")
    bring_up(project)
    with Image.open(project.folder / "masks" / "cell.png") as image:
        assert image.getpalette()[3:6] == [9, 8, 7]  # type: ignore[index]
    project.close()


def test_a_second_image_of_a_stem_leaves_no_stale_file(project: Project, tmp_path: Path) -> None:
    bring_up(project)
    Image.new("RGB", _SHAPE[::-1]).save(tmp_path / "CELL.jpg")
    (number,) = project.add_images([probe(tmp_path / "CELL.jpg")])
    mask = project.load_mask(number)
    project.commit(painted(mask, 10, 1), mask, name="Brush stroke")
    assert bring_up(project) == [f"CELL.{number}.png", "cell.1.png", "other.png"]
    for name, image in (("cell.1.png", 1), (f"CELL.{number}.png", number)):
        shown = read_mask(project.folder / "masks" / name)
        assert np.array_equal(shown, project.load_mask(image).to_array())
    project.close()


def test_what_changes_while_it_is_written_is_written_again(project: Project) -> None:
    outcome = mirror_round(project.path)
    mask = project.load_mask(1)
    project.commit(painted(mask, 200, 2), mask, name="Brush stroke")
    project.note_mirrored(outcome.done)
    (again,) = mirror_round(project.path).done
    assert again.image_id == 1
    project.close()


def test_one_damaged_mask_keeps_no_other_from_the_mirror(project: Project) -> None:
    project._db.execute("UPDATE tile SET data = x'00' WHERE image_id = 1")
    outcome = mirror_round(project.path)
    (failure,) = outcome.failures
    assert "cell.png is damaged" in str(failure)
    assert files(project) == ["other.png"]
    project.close()


def test_it_stops_between_two_masks(project: Project) -> None:
    asked = iter([False, True])
    outcome = mirror_round(project.path, should_stop=lambda: next(asked))
    assert len(outcome.done) == 1
    project.note_mirrored(outcome.done)
    assert len(mirror_round(project.path).done) == 1
    project.close()


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(1, 256),
    st.integers(1, 70),
    st.text(max_size=30),
)
@settings(max_examples=60)
def test_the_png_is_read_by_others_pixel_for_pixel(
    height: int, width: int, colours: int, band: int, note: str
) -> None:
    rng = np.random.default_rng(height * width + colours)
    pixels = rng.integers(0, colours, (height, width), dtype=np.uint8)
    palette = rng.integers(0, 256, (colours, 3), dtype=np.uint8)
    bands = (pixels[top : top + band] for top in range(0, height, band))
    data = indexed_png((height, width), bands, palette, note=note)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), pixels)
        assert image.getpalette()[: 3 * colours] == palette.ravel().tolist()  # type: ignore[index]
        assert image.text.get("cnnseg", "") == note  # type: ignore[attr-defined]


def test_the_palette_is_that_of_the_classes(project: Project) -> None:
    bring_up(project)
    with Image.open(project.folder / "masks" / "cell.png") as image:
        shown = np.asarray(image.convert("RGB"))
    mask = project.load_mask(1).to_array()
    assert np.array_equal(shown, palette_table(project.classes)[mask])
    project.close()
