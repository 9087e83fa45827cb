"""A project whose database is damaged or gone is made again from its mirror."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from fault_operations import painted
from painted import blobs
from PIL import Image

from cnnseg_gui.core.database import DamagedProject, database_error, whole
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import APPROVED, probe
from cnnseg_gui.core.mirror import IMAGES, PROJECT
from cnnseg_gui.core.mirror_round import mirror_round
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.rebuild import Rebuilt, rebuild, survey

_SHAPE = (300, 290)
_WHEN = datetime(2026, 11, 23, 14, 5, 12)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of four images, with masks, tags, an edited list of classes and two revisions."""
    project = Project.create(tmp_path / "project", ("background", "cell", "debris"))
    for number, name in enumerate(("a.png", "Ä 細胞.png", "b.png", "b.jpg")):
        Image.new("RGB", _SHAPE[::-1], (number, 0, 0)).save(tmp_path / name)
        project.add_images([probe(tmp_path / name)])
    for image in (1, 2, 4):
        mask = project.load_mask(image)
        builder = PatchBuilder(mask)
        pixels = blobs(image, _SHAPE)
        builder.paint(0, 0, pixels != 255, pixels)
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
    project.edit_classes(project.class_list.without(2, reads_as=1), name="Merge")
    project.edit_classes(project.class_list.with_added("mitosis"), name="Add")
    project.tags.add(1, "stained, well")
    project.tags.add(3, "färbung")
    project.set_status(2, APPROVED)
    project.set_setting("last_image", "2")
    project.revisions.add(b"first weights", b"{}")
    second = project.revisions.add(b"second weights", b"{}", promoted=False)
    project.revisions.set_title(second.name, "kept")
    project.note_mirrored(mirror_round(project.path).done)
    project.close()
    return project.folder


def contents(folder: Path) -> dict[str, object]:
    """All of a project that the mirror holds."""
    project = Project.open(folder)
    try:
        return {
            "classes": project.class_list,
            "images": [
                (r.path, r.sha256, r.status, r.held_out, r.tags, r.decided)
                for r in project.images()
            ],
            "masks": [project.load_mask(r.id).to_array().tolist() for r in project.images()],
            "revisions": [(r.name, r.sha256, r.promoted, r.title) for r in project.revisions.all()],
            "setting": project.setting("last_image"),
        }
    finally:
        project.close()


def made_again(folder: Path) -> Rebuilt:
    return rebuild(survey(folder), when=_WHEN)


@pytest.mark.parametrize("damage", ["gone", "empty", "nonsense", "cut", "first page"])
def test_all_of_it_comes_back(folder: Path, damage: str) -> None:
    before = contents(folder)
    path = folder / "project.sqlite"
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "first page":
        path.write_bytes(b"\0" * 4096 + data[4096:])
    else:
        path.write_bytes({"empty": b"", "nonsense": b"?" * 5000, "cut": data[:9000]}[damage])
    with pytest.raises(DamagedProject, match=r"Keep it as it is: `cnnseg doctor --repair`"):
        contents(folder)
    damaged = None if damage == "gone" else path.read_bytes()
    told = made_again(folder)
    assert contents(folder) == before
    assert (told.images, told.masks, told.tags, told.revisions) == (4, 3, 2, 2)
    assert told.problems == ()
    if damaged is None:
        assert told.aside is None
    else:
        assert told.aside == folder / "project (damaged 2026-11-23 14.05.12).sqlite"
        assert told.aside.read_bytes() == damaged


@pytest.mark.parametrize("value", [None, "x", b"1"])
def test_what_is_no_number_is_damage_that_sqlite_does_not_see(value: object) -> None:
    """As the number of a row that an index has lost."""
    assert whole(7) == 7
    with pytest.raises(sqlite3.DatabaseError) as caught:
        whole(value)
    assert isinstance(database_error(caught.value, Path("project.sqlite")), DamagedProject)


def test_whatever_is_cut_or_flipped_it_opens_whole_or_is_made_again(
    folder: Path, tmp_path: Path
) -> None:
    before, rng = contents(folder), np.random.default_rng(0)
    intact = (folder / "project.sqlite").read_bytes()
    refused = 0
    for turn in range(200):
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        data = bytearray(intact)
        if turn % 4 == 0:
            del data[int(rng.integers(len(data))) :]
        else:
            for _ in range(int(rng.integers(1, 40))):
                data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        (copy / "project.sqlite").write_bytes(data)
        try:
            same = contents(copy)["masks"] == before["masks"]
        except UserError:
            same = False
        if not same:
            refused += 1
            made_again(copy)
            assert contents(copy) == before | {"images": contents(copy)["images"]}
            assert len(list(copy.glob("project (damaged*"))) == 1
        shutil.rmtree(copy)
    assert refused > 60


def test_a_mask_that_was_mirrored_later_than_the_list_counts(folder: Path) -> None:
    (folder / "masks" / IMAGES).write_text("path,page,sha256,height,width,status,held_out,tags\n")
    before = contents(folder)
    (folder / "project.sqlite").unlink()
    told = made_again(folder)
    assert told.masks == 3
    after = contents(folder)
    assert sorted(map(str, after["masks"])) == sorted(  # type: ignore[call-overload]
        str(mask)
        for mask, image in zip(before["masks"], before["images"], strict=True)  # type: ignore[call-overload]
        if image[5]
    )


def test_without_the_tables_the_masks_notes_are_enough(folder: Path) -> None:
    before = contents(folder)
    for name in (PROJECT, IMAGES):
        (folder / "masks" / name).unlink()
    (folder / "project.sqlite").write_bytes(b"")
    made_again(folder)
    after = contents(folder)
    assert after["classes"] == before["classes"]
    assert len(after["images"]) == 3  # type: ignore[arg-type]


def test_a_folder_of_foreign_masks_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    Image.new("L", (9, 9)).save(tmp_path / "masks" / "a.png")
    with pytest.raises(UserError, match="does not say what project it belongs to"):
        survey(tmp_path)


def test_a_mask_of_another_size_is_left_out_and_said(folder: Path) -> None:
    from cnnseg_gui.core.mirror import MaskNote, read_note, write_noted

    note = read_note(folder / "masks" / "a.png")
    assert isinstance(note, MaskNote)
    Image.new("L", (9, 9)).save(folder / "masks" / "x.png")
    write_noted(folder, "a.png", [np.zeros(_SHAPE, np.uint8)], note)
    small = Image.open(folder / "masks" / "x.png")
    small.save(folder / "masks" / "b.3.png")  # says nothing, and fits no image's name alone
    (folder / "project.sqlite").unlink()
    told = made_again(folder)
    assert {Path(str(problem.path)).name for problem in told.problems} == {"x.png", "b.3.png"}
    assert (folder / "masks" / "x.png").is_file()


def test_a_rebuild_that_fails_leaves_everything_as_it_was(folder: Path) -> None:
    (folder / "project.sqlite").write_bytes(b"damaged")
    found = survey(folder)

    def stop(done: int, of: int) -> None:
        raise UserError("the disk is full")

    with pytest.raises(UserError, match="disk is full"):
        rebuild(found, when=_WHEN, on_progress=stop)
    assert (folder / "project.sqlite").read_bytes() == b"damaged"
    assert not list(folder.glob(".cnnseg-*"))
    assert made_again(folder).masks == 3


def test_painting_goes_on_in_it(folder: Path) -> None:
    (folder / "project.sqlite").unlink()
    made_again(folder)
    project = Project.open(folder)
    mask = project.load_mask(1)
    before = mask.to_array()
    project.commit(painted(mask, 100, 3), mask, name="Brush stroke")
    project.undo(mask)
    assert np.array_equal(mask.to_array(), before)
    project.close()
