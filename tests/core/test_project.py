"""A project keeps every gesture, and opens again as it was left."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core import database
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import APPROVED, IN_WORK, NEW, probe
from cnnseg_gui.core.mask import UNLABELLED, Mask
from cnnseg_gui.core.patch import Patch, PatchBuilder
from cnnseg_gui.core.project import Project


def make_project(folder: Path, images: int = 1, size: tuple[int, int] = (300, 280)) -> Project:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(images):
        path = folder / f"image {number}.png"
        Image.fromarray(np.full((*size, 3), number, np.uint8)).save(path)
        paths.append(path)
    project = Project.create(folder / "project", ("background", "cell"))
    project.add_images([probe(path) for path in paths])
    return project


def dab(mask: Mask, top: int, left: int, side: int, value: int) -> Patch | None:
    builder = PatchBuilder(mask)
    builder.paint(top, left, np.ones((side, side), bool), value)
    return builder.finish()


gestures = st.lists(
    st.one_of(
        st.tuples(
            st.just("paint"),
            st.integers(-10, 290),
            st.integers(-10, 270),
            st.integers(1, 90),
            st.sampled_from([0, 1, UNLABELLED]),
        ),
        st.tuples(st.just("undo")),
        st.tuples(st.just("redo")),
        st.tuples(st.just("reopen")),
    ),
    max_size=14,
)


@given(gestures)
def test_painting_undo_redo_and_reopening_match_a_plain_history(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple]
) -> None:
    project = make_project(tmp_path_factory.mktemp("p"))
    image_id = project.images()[0].id
    mask = project.load_mask(image_id)
    past, future = [mask.to_array()], []
    for step in steps:
        if step[0] == "paint":
            patch = dab(mask, *step[1:])
            if patch is not None:
                project.commit(patch, mask, name="Brush stroke")
                past.append(mask.to_array())
                future.clear()
        elif step[0] == "undo":
            assert (project.undo(mask) is not None) == (len(past) > 1)
            if len(past) > 1:
                future.append(past.pop())
        elif step[0] == "redo":
            assert (project.redo(mask) is not None) == bool(future)
            if future:
                past.append(future.pop())
        else:
            folder = project.folder
            project.close()
            project = Project.open(folder)
            mask = project.load_mask(image_id)
        assert np.array_equal(mask.to_array(), past[-1])
    assert np.array_equal(project.load_mask(image_id).to_array(), past[-1])
    counted = {int(k): int(n) for k, n in enumerate(mask.counts()) if n}
    assert project.image(image_id).decided == counted
    project.close()


def test_a_gesture_marks_the_image_in_work_and_names_the_undo(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    image_id = project.images()[0].id
    mask = project.load_mask(image_id)
    assert project.undo_name(image_id) is None
    patch = dab(mask, 5, 5, 10, 1)
    assert patch is not None
    project.commit(patch, mask, name="Brush stroke")
    assert project.image(image_id).status == IN_WORK
    assert project.undo_name(image_id) == "Brush stroke"
    project.undo(mask)
    assert project.undo_name(image_id) is None
    assert project.redo_name(image_id) == "Brush stroke"
    project.set_status(image_id, APPROVED)
    assert project.image(image_id).status == APPROVED
    project.close()


def test_every_fifth_worked_on_image_is_held_out_and_stays_so(tmp_path: Path) -> None:
    project = make_project(tmp_path, images=9, size=(20, 20))
    order = [record.id for record in project.images()][::-1]
    for image_id in order:
        mask = project.load_mask(image_id)
        patch = dab(mask, 2, 2, 3, 1)
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
    assert [project.image(number).held_out for number in order] == [
        place % 5 == 2 for place in range(9)
    ]
    project.close()


def test_a_mask_is_stored_only_with_the_image_it_belongs_to(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    stranger = Mask(300, 280)
    patch = dab(stranger, 1, 1, 4, 1)
    assert patch is not None
    with pytest.raises(ValueError, match="no image"):
        project.commit(patch, stranger, name="Brush stroke")
    project.close()


def test_opening_what_is_no_project_says_so_and_leaves_it_alone(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no project here"):
        Project.open(tmp_path)
    (tmp_path / "project.sqlite").write_bytes(b"this is a letter, not a database" * 99)
    with pytest.raises(UserError, match="not a project"):
        Project.open(tmp_path)
    assert (tmp_path / "project.sqlite").read_bytes().startswith(b"this is a letter")


def test_another_programs_database_is_not_taken_over(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "project.sqlite")
    other.execute("CREATE TABLE music (title TEXT)")
    other.commit()
    other.close()
    before = (tmp_path / "project.sqlite").read_bytes()
    with pytest.raises(UserError, match="not a project"):
        Project.open(tmp_path)
    assert (tmp_path / "project.sqlite").read_bytes() == before


def test_a_project_is_never_made_over_another(tmp_path: Path) -> None:
    make_project(tmp_path).close()
    with pytest.raises(UserError, match="project already"):
        Project.create(tmp_path / "project")


def test_a_full_disk_leaves_the_project_as_it_was(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    image_id = project.images()[0].id
    mask = project.load_mask(image_id)
    rng = np.random.default_rng(0)
    pages = project._db.execute("PRAGMA page_count").fetchone()[0]
    project._db.execute(f"PRAGMA max_page_count = {pages + 8}")  # SQLite's own "disk is full"
    builder = PatchBuilder(mask)
    builder.paint(0, 0, np.ones((300, 280), bool), rng.integers(0, 9, (300, 280), np.uint8))
    patch = builder.finish()
    assert patch is not None
    with pytest.raises(UserError, match="disk is full"):
        project.commit(patch, mask, name="Brush stroke")
    assert (project.load_mask(image_id).to_array() == UNLABELLED).all()
    project._db.execute("PRAGMA max_page_count = 1000000")
    project.commit(patch, mask, name="Brush stroke")
    assert np.array_equal(project.load_mask(image_id).to_array(), mask.to_array())
    project.close()


def test_a_revision_is_stored_whole_and_found_by_its_weights(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    assert project.revisions.current is None
    first = project.revisions.add(b"weights one", b'{"network": "unet"}')
    (project.folder / "models" / ".r002.part").mkdir()  # left by a crash
    second = project.revisions.add(b"weights two", b"{}")
    assert project.revisions.current == second
    assert project.revisions.find(first.sha256) == first
    assert (first.folder / "model.safetensors").read_bytes() == b"weights one"
    assert [revision.name for revision in project.revisions.all()] == ["r001", "r002"]
    with pytest.raises(UserError, match="no revision"):
        project.revisions.find("0" * 64)
    project.close()


def test_files_of_equal_content_are_held_out_together_or_not_at_all(tmp_path: Path) -> None:
    project = make_project(tmp_path, images=4, size=(20, 20))
    third = project.images()[2].path
    twin = tmp_path / "twin.png"
    twin.write_bytes(third.read_bytes())
    project.add_images([probe(twin)])
    for record in project.images():
        mask = project.load_mask(record.id)
        patch = dab(mask, 2, 2, 3, 1)
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
    assert [record.held_out for record in project.images()] == [False, False, True, False, True]
    project.close()


def test_a_damaged_step_of_the_history_is_one_line_and_the_mask_stays(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    mask = project.load_mask(1)
    patch = dab(mask, 2, 2, 30, 1)
    assert patch is not None
    project.commit(patch, mask, name="Brush stroke")
    before = mask.to_array()
    project._db.execute("UPDATE journal SET patch = x'00'")
    with pytest.raises(UserError, match="history is damaged"):
        project.undo(mask)
    assert np.array_equal(mask.to_array(), before)
    project.close()


def test_taking_back_work_on_an_approved_image_makes_it_unfinished(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    mask = project.load_mask(1)
    patch = dab(mask, 2, 2, 30, 1)
    assert patch is not None
    project.commit(patch, mask, name="Brush stroke")
    second = dab(mask, 60, 60, 30, 1)
    assert second is not None
    project.commit(second, mask, name="Brush stroke")
    project.set_status(1, APPROVED)
    project.undo(mask)
    assert project.image(1).status == IN_WORK
    project.close()


def test_an_image_on_which_nothing_is_decided_any_more_is_new_and_keeps_its_role(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path, images=3)
    masks = {number: project.load_mask(number) for number in (1, 2, 3)}
    for number, mask in masks.items():  # the third group of images is held out
        patch = dab(mask, 5, 5, 10 * number, 1)
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
    assert [project.image(number).held_out for number in masks] == [False, False, True]
    project.set_status(3, APPROVED)
    project.undo(masks[3])
    assert project.image(3).status == NEW
    assert project.image(3).held_out
    project.redo(masks[3])
    assert project.image(3).status == IN_WORK
    erased = dab(masks[3], 0, 0, 100, UNLABELLED)
    assert erased is not None
    project.commit(erased, masks[3], name="Eraser stroke")
    assert project.image(3).status == NEW
    assert project.image(3).held_out
    assert {one.image_id for one in project.effort.all()} == {1, 2, 3}, "what it cost is kept"
    project.close()


def test_an_approval_is_taken_back_and_the_mask_stays(tmp_path: Path) -> None:
    project = make_project(tmp_path, images=2)
    mask = project.load_mask(1)
    patch = dab(mask, 5, 5, 10, 1)
    assert patch is not None
    project.commit(patch, mask, name="Brush stroke")
    for number, status in ((1, IN_WORK), (2, NEW)):
        project.set_status(number, APPROVED)
        project.disapprove(number)
        assert project.image(number).status == status
    assert project.image(1).decided == {1: 100}
    project.close()


def make_first_schema(path: Path) -> None:
    """Turns a project's file into one that the first version would have made."""
    new, old = path.with_suffix(".new"), sqlite3.connect(path)
    old.execute("PRAGMA journal_mode = DELETE")
    old.close()
    path.rename(new)
    first = sqlite3.connect(path, isolation_level=None)
    for statement in database._MIGRATIONS[0].split(";"):
        first.execute(statement)
    first.execute("ATTACH ? AS new", (str(new),))
    for table in ("image", "class", "tile", "pixel_count", "journal", "revision", "setting"):
        columns = ", ".join(row[1] for row in first.execute(f"PRAGMA table_info({table})"))
        first.execute(f"INSERT INTO {table} SELECT {columns} FROM new.{table}")
    first.execute(f"PRAGMA application_id = {database._APPLICATION_ID}")
    first.execute("PRAGMA user_version = 1")
    first.close()


def test_a_project_of_the_first_schema_opens_with_all_its_strokes(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    mask = project.load_mask(1)
    patch = dab(mask, 2, 2, 30, 1)
    assert patch is not None
    project.commit(patch, mask, name="Brush stroke")
    project.revisions.add(b"weights", b"{}")
    folder = project.folder
    project.close()
    make_first_schema(folder / database.FILE_NAME)
    again = Project.open(folder)
    assert np.array_equal(again.load_mask(1).to_array(), mask.to_array())
    assert again.find_image(again.images()[0].sha256).id == 1
    assert again.revisions.current is not None
    assert again.revisions.current.name == "r001"
    assert [cls.name for cls in again.classes] == ["background", "cell"]
    painted = again.load_mask(1)
    assert again.undo(painted) is not None
    assert not painted.counts().any()
    again.close()
