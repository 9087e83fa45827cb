"""The list of classes: edits rewrite no pixel, and whatever is done can be taken back exactly."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core import database
from cnnseg_gui.core.class_list import ClassList, is_sound, pack_edit, unpack_edit
from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED, Mask
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project

_SHAPE = (40, 300)


def fresh(count: int = 4) -> ClassList:
    return ClassList(make_classes(["background", *(f"kind {k}" for k in range(1, count))]))


def make_project(folder: Path, images: int = 2) -> Project:
    project = Project.create(folder / "project", [cls.name for cls in fresh().live])
    for number in range(images):
        path = folder / f"{number}.png"
        Image.fromarray(np.full((*_SHAPE, 3), number, np.uint8)).save(path)
        project.add_images([probe(path)])
    return project


def paint(project: Project, mask: Mask, rows: slice, value: int) -> None:
    builder = PatchBuilder(mask)
    height = rows.stop - rows.start
    builder.paint(rows.start, 0, np.ones((height, _SHAPE[1]), bool), value)
    patch = builder.finish()
    if patch is not None:
        project.commit(patch, mask, name="Brush stroke")


def edit(project: Project, change: Callable[[ClassList], ClassList]) -> None:
    project.edit_classes(change(project.class_list), name="Edit")


def test_a_merged_class_reads_as_the_other_and_undo_separates_them_again(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    masks = [project.load_mask(number) for number in (1, 2)]
    for mask in masks:
        paint(project, mask, slice(0, 10), 1)
        paint(project, mask, slice(10, 20), 2)
    before = [mask.to_array() for mask in masks]
    assert project.class_cost(2) == (2 * 10 * 300, 2)
    edit(project, lambda classes: classes.without(2, reads_as=1))
    masks = [project.load_mask(number) for number in (1, 2)]
    assert all((mask.to_array()[:20] == 1).all() for mask in masks)
    assert project.image(1).decided == {1: 20 * 300}
    assert project.class_cost(1) == (2 * 20 * 300, 2)
    paint(project, masks[1], slice(15, 25), 1)  # over the merged pixels, on the other image
    project.undo(masks[0])
    assert [cls.index for cls in project.classes] == [0, 1, 2, 3]
    assert np.array_equal(masks[0].to_array(), before[0])
    after = project.load_mask(2).to_array()
    assert (after[10:15] == 2).all()
    assert (after[15:25] == 1).all()
    project.close()


def test_a_deleted_class_is_unlabelled_and_its_number_is_never_used_again(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    mask = project.load_mask(1)
    paint(project, mask, slice(0, 10), 3)
    edit(project, lambda classes: classes.without(3))
    mask = project.load_mask(1)
    assert (mask.to_array() == UNLABELLED).all()
    assert project.images()[0].decided == {}
    edit(project, lambda classes: classes.with_added("fresh"))
    assert [cls.index for cls in project.classes] == [0, 1, 2, 4]
    paint(project, mask, slice(5, 12), 4)
    for _ in range(3):
        project.undo(mask)
    assert (mask.to_array()[:10] == 3).all()
    for _ in range(3):
        project.redo(mask)
    assert (mask.to_array()[5:12] == 4).all()
    assert (mask.to_array()[:5] == UNLABELLED).all()
    project.close()


def test_a_class_whose_adding_was_taken_back_keeps_its_number(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    edit(project, lambda classes: classes.with_added("first"))
    mask = project.load_mask(1)
    project.undo(mask)
    edit(project, lambda classes: classes.with_added("second"))
    assert project.classes[-1].index == 5
    assert [cls.name for cls in project.classes][-1] == "second"
    project.close()


def test_adding_a_class_is_not_taken_back_while_another_image_is_painted_with_it(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path)
    first, second = project.load_mask(1), project.load_mask(2)
    paint(project, second, slice(0, 5), 1)
    edit(project, lambda classes: classes.with_added("first"))
    index = project.classes[-1].index
    first.meaning = project.class_list.meaning
    paint(project, first, slice(0, 5), index)
    painted = first.to_array()
    assert project.undo_name(2) == "Brush stroke", "its own stroke, older than the class"
    assert project.undo(second) is not None
    assert not second.counts().any()
    assert (project.undo_name(2), project.undo(second)) == (None, None)
    assert project.classes[-1].name == "first"
    assert np.array_equal(project.load_mask(1).to_array(), painted)
    project.redo(second)
    assert second.counts().any()
    project.undo(second)
    project.undo(first)
    assert project.undo_name(2) == "Edit"
    project.undo(second)
    assert "first" not in [cls.name for cls in project.classes]
    project.redo(second)  # its own stroke
    project.redo(second)  # the class
    project.redo(first)
    assert np.array_equal(project.load_mask(1).to_array(), painted)
    project.close()


def test_the_network_sees_classes_without_gaps(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    mask = project.load_mask(1)
    paint(project, mask, slice(0, 10), 1)
    paint(project, mask, slice(10, 20), 3)
    edit(project, lambda classes: classes.without(2))
    edit(project, lambda classes: classes.moved(3, -2))
    assert [cls.name for cls in project.classes] == ["kind 3", "background", "kind 1"]
    classes = project.class_list
    assert [cls.name for cls in classes.dense_classes] == ["background", "kind 1", "kind 3"]
    dense = project.load_mask(1, dense=True).to_array()
    assert (dense[10:20] == 2).all()
    assert np.array_equal(classes.from_dense[dense], project.load_mask(1).to_array())
    project.close()


def test_names_and_colours_change_and_a_former_name_is_remembered() -> None:
    classes = fresh().with_name(1, "nucleus").with_colour(1, (1, 2, 3)).with_name(1, "cell")
    assert classes.find(1).name == "cell"
    assert classes.find(1).colour == (1, 2, 3)
    assert classes.find(1).former == ("kind 1", "nucleus")
    assert unpack_edit(pack_edit(fresh(), classes)) == (fresh(), classes)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda classes: classes.with_added(" "), "has no name"),
        (lambda classes: classes.with_added("KIND 1"), "already"),
        (lambda classes: classes.with_name(2, "kind 1"), "already"),
        (lambda classes: classes.without(0), "cannot be deleted"),
    ],
)
def test_what_cannot_be_done_is_said(wrong: Callable[[ClassList], ClassList], says: str) -> None:
    with pytest.raises(UserError, match=says):
        wrong(fresh())


def test_all_numbers_used_is_said_and_not_wrapped_round() -> None:
    classes = fresh()
    for number in range(classes.live[-1].index + 1, 255):
        classes = classes.with_added(f"more {number}")
    with pytest.raises(UserError, match="255 class numbers"):
        classes.with_added("one too many")


@given(st.integers(1, 255), st.integers(0, 10))
def test_every_class_gets_an_accepted_value_as_long_as_there_is_room(count: int, more: int) -> None:
    classes = fresh(count).with_accepted_values()
    assert classes.with_accepted_values() == classes
    values = list(classes.accepted_values)
    assert values == list(range(254, 254 - len(values), -1))
    assert len(values) == min(count, 50, max(0, 254 - 64 - (count - 1)))
    assert (classes.meaning[classes.accepted_as[:count]] == np.arange(count)).all()
    for number in range(min(more, 255 - count - len(values))):
        classes = classes.with_added(f"more {number}").with_accepted_values()
    assert is_sound(classes)
    assert classes.accepted_values[: len(values)] == bytes(values)  # for good


def test_an_accepted_value_follows_its_class(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    value = int(project.class_list.accepted_as[2])
    edit(project, lambda classes: classes.without(2, reads_as=1))
    assert project.class_list.meaning[value] == 1
    edit(project, lambda classes: classes.without(1))
    assert project.class_list.meaning[value] == UNLABELLED
    mask = project.load_mask(1)
    project.undo(mask)
    project.undo(mask)
    assert project.class_list.meaning[value] == 2
    project.close()
    project = Project.open(tmp_path / "project")
    assert project.class_list.accepted_as[2] == value
    project.close()


def test_an_edit_from_before_accepted_values_is_taken_back_without_losing_them(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path)
    after = replace(fresh().with_name(1, "cell"), accepted=())
    project._db.execute(
        "INSERT INTO journal (image_id, name, patch, created) VALUES (NULL, 'Edit', ?, 1.0)",
        (pack_edit(fresh(), after),),
    )
    accepted = project.class_list.accepted
    project.undo(project.load_mask(1))
    assert project.class_list.find(1).name == "kind 1"
    assert project.class_list.accepted == accepted
    project.close()


@pytest.mark.parametrize("count", [1, 4, 60, 150, 255])
def test_a_project_of_an_earlier_version_gets_accepted_values(tmp_path: Path, count: int) -> None:
    path = tmp_path / database.FILE_NAME
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for migration in database._MIGRATIONS[:-1]:
            connection.executescript(migration)
        connection.execute(f"PRAGMA application_id = {database._APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(database._MIGRATIONS) - 1}")
        connection.executemany(
            "INSERT INTO class VALUES (?, ?, 1, 2, 3, 0, NULL, '[]')",
            [(number, f"kind {number}") for number in range(count)],
        )
    project = Project.open(tmp_path)
    assert project.class_list.accepted == fresh(count).with_accepted_values().accepted
    project.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("paint"), st.integers(0, 1), st.integers(0, 39), st.integers(0, 5)),
        st.tuples(st.sampled_from(["undo", "redo"]), st.integers(0, 1)),
        st.tuples(st.just("merge"), st.integers(1, 5), st.integers(0, 5)),
        st.tuples(st.just("delete"), st.integers(1, 5)),
        st.tuples(st.sampled_from(["add", "reopen"])),
    ),
    max_size=14,
)


@given(steps)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_equals_a_plain_reference(
    tmp_path_factory: pytest.TempPathFactory, sequence: list[tuple[object, ...]]
) -> None:
    """The reference keeps whole arrays and one meaning, and undoes by going back in a list."""
    folder = tmp_path_factory.mktemp("any")
    project = make_project(folder)
    masks = {number: project.load_mask(number + 1) for number in (0, 1)}
    stored = {number: np.full(_SHAPE, UNLABELLED, np.uint8) for number in (0, 1)}
    history: list[list[object]] = []  # [image or None, undone, before, after]

    def last(image: int, *, undone: bool) -> list[object] | None:
        found = [h for h in history if h[0] in (image, None) and h[1] is undone]
        return (found[0] if undone else found[-1]) if found else None

    def edited(change: Callable[[ClassList], ClassList]) -> None:
        before = project.class_list
        try:
            after = change(before)
        except (UserError, KeyError):
            return
        project.edit_classes(after, name="Edit")
        history[:] = [h for h in history if not (h[0] is None and h[1])]
        history.append([None, False, before, after])

    for kind, *values in sequence:
        if kind == "paint":
            image, row, value = (int(str(v)) for v in values)
            before = stored[image].copy()
            stored[image][row : row + 3] = value
            paint(project, masks[image], slice(row, min(row + 3, 40)), value)
            if not np.array_equal(before, stored[image]):
                history[:] = [h for h in history if not (h[0] in (image, None) and h[1])]
                history.append([image, False, before, stored[image].copy()])
        elif kind in ("undo", "redo"):
            image = int(str(values[0]))
            back = kind == "undo"
            step = last(image, undone=not back)
            (project.undo if back else project.redo)(masks[image])
            if step is not None:
                step[1] = back
                if step[0] is not None:
                    stored[image] = np.array(step[2] if back else step[3])
        elif kind == "merge":
            gone, into = (int(str(v)) for v in values)
            if gone != into:
                edited(lambda classes, gone=gone, into=into: classes.without(gone, reads_as=into))
        elif kind == "delete":
            edited(lambda classes, gone=int(str(values[0])): classes.without(gone))
        elif kind == "add":
            edited(lambda classes: classes.with_added(f"added {len(history)}"))
        else:
            project.close()
            project = Project.open(folder / "project")
            masks = {number: project.load_mask(number + 1) for number in (0, 1)}
        meaning = project.class_list.meaning
        for image, mask in masks.items():
            mask.meaning = meaning
            assert np.array_equal(mask.to_array(), meaning[stored[image]])
            counts = np.bincount(meaning[stored[image]].ravel(), minlength=256)
            counts[UNLABELLED] = 0
            found = {int(k): int(counts[k]) for k in np.flatnonzero(counts)}
            assert project.image(image + 1).decided == found
    project.close()


def test_the_oldest_steps_go_when_the_history_is_full_and_the_mask_stays(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    mask = project.load_mask(1)
    for number in range(300):
        paint(project, mask, slice(number % 40, number % 40 + 1), (number + number // 40) % 4)
    assert len(project.history(1)) == 300  # hundreds deep: small strokes take little
    project.limit_history(3000)
    paint(project, mask, slice(0, 40), 2)
    painted = mask.to_array()
    left = project.history(1)
    assert 1 <= len(left) < 100
    assert left[-1].name == "Brush stroke"
    folder = project.folder
    project.close()
    project = Project.open(folder)
    mask = project.load_mask(1)
    assert np.array_equal(mask.to_array(), painted)
    for _ in left:
        assert project.undo(mask) is not None
    assert project.undo(mask) is None
    project.close()
