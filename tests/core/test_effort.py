"""What each image has cost a person, as the gestures say."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnseg_gui.core import database
from cnnseg_gui.core.effort import PAUSE_S, EffortTable, ImageEffort, batch_step, in_words
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.patch import Patch, PatchBuilder
from cnnseg_gui.core.project import Project


def square(side: int, mask: Mask | None = None, value: int = 1) -> Patch:
    builder = PatchBuilder(mask or Mask(300, 300))
    builder.paint(250, 250, np.ones((side, side), np.bool_), value)
    patch = builder.finish()
    assert patch is not None
    return patch


def project_with_an_image(folder: Path) -> tuple[Project, Mask]:
    path = folder / "a.png"
    Image.fromarray(np.zeros((300, 300, 3), np.uint8)).save(path)
    project = Project.create(folder / "project")
    project.add_images([probe(path)])
    mask = project.load_mask(1)
    return project, mask


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("effort") / database.FILE_NAME
    with closing(database.connect(path, create=True)) as opened:
        yield opened


gestures = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.floats(0, 200),
        st.sampled_from(
            ["Brush stroke", "Accept proposal", "Accept above cell", "Import mask", batch_step(0.9)]
        ),
        st.integers(1, 9),
    ),
    max_size=12,
)


@given(gestures)
def test_it_is_what_adding_up_a_list_of_all_gestures_gives(
    connection: sqlite3.Connection, done: list[tuple[int, float, str, int]]
) -> None:
    connection.execute("DELETE FROM effort")
    connection.execute("DELETE FROM image")
    for number in (1, 2, 3):
        connection.execute(
            "INSERT INTO image (id, path, sha256, height, width) VALUES (?, ?, '', 9, 9)",
            (number, str(number)),
        )
    table = EffortTable(connection, Path("here"))
    now, log = 1000.0, []
    for image, gap, name, side in done:
        now += gap
        table.note(image, [(square(side), name)], now, ())
        if not name.startswith("Import"):
            log.append((image, now, name, side * side))
    hands = [entry for entry in log if entry[2] != batch_step(0.9)]
    found = table.all()
    for effort in found:
        mine = [entry for entry in log if entry[0] == effort.image_id]
        by_hand = [entry for entry in mine if entry in hands]
        gaps = [
            after[1] - before[1]
            for before, after in pairwise(hands)
            if after[0] == effort.image_id and after[1] - before[1] <= PAUSE_S
        ]
        assert effort.seconds == pytest.approx(sum(gaps))
        assert effort.gestures == len(by_hand)
        assert effort.painted == sum(n for _, _, name, n in mine if name == "Brush stroke")
        assert effort.accepted == sum(n for _, _, name, n in mine if name.startswith("Accept"))
        assert effort.first == (by_hand or mine)[0][1]
    assert {effort.image_id for effort in found} == {entry[0] for entry in log}
    assert [effort.first for effort in found] == sorted(effort.first for effort in found)


def test_only_pixels_that_became_another_value_count() -> None:
    mask = Mask(300, 300)
    assert square(20, mask).changed_pixels() == 400  # across four tiles
    assert square(30, mask).changed_pixels() == 500


def test_painting_accepted_pixels_as_what_they_are_changes_none(tmp_path: Path) -> None:
    project, mask = project_with_an_image(tmp_path)
    accepted = int(project.class_list.accepted_as[1])
    project.commit(square(10, mask, accepted), mask, name="Accept proposal")
    project.commit(square(20, mask, 1), mask, name="Brush stroke")
    (found,) = project.effort.all()
    assert (found.painted, found.accepted) == (300, 100)
    project.close()


def test_a_clock_that_was_put_back_takes_no_time_away(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM effort")
    connection.execute(
        "INSERT OR IGNORE INTO image (id, path, sha256, height, width) VALUES (1, 'a', '', 9, 9)"
    )
    table = EffortTable(connection, Path("here"))
    for now in (1000.0, 10.0, 20.0):
        table.note(1, [(square(1), "Brush stroke")], now, ())
    (found,) = table.all()
    assert (found.seconds, found.gestures) == (10.0, 3)


def test_painting_in_a_project_is_counted(tmp_path: Path) -> None:
    project, mask = project_with_an_image(tmp_path)
    project.commit(square(10, mask), mask, name="Brush stroke")
    project.commit(square(20, mask), mask, name="Accept proposal")
    (found,) = project.effort.all()
    assert (found.gestures, found.painted, found.accepted) == (2, 100, 300)
    assert found.corrected == 0.25
    assert 0 <= found.seconds < 10
    project._db.execute("UPDATE effort SET last = 'text', seconds = 'more', painted = x'00'")
    project.commit(square(10, mask, 2), mask, name="Brush stroke")
    assert in_words(project.effort.all()) == "1 image, 0 s, 3 gestures"
    project.close()


def test_a_batch_is_nobodys_time(tmp_path: Path) -> None:
    project, mask = project_with_an_image(tmp_path)
    project.commit(square(10, mask), mask, name=batch_step(0.955))
    (found,) = project.effort.all()
    assert (found.seconds, found.gestures, found.painted, found.accepted) == (0, 0, 0, 100)
    assert in_words([found]) == "nothing was painted yet"
    began = found.first
    project.commit(square(20, mask), mask, name="Brush stroke")
    project.commit(square(30, mask), mask, name=batch_step(1.0))
    (found,) = project.effort.all()
    assert (found.gestures, found.painted, found.accepted) == (1, 300, 600)
    assert found.seconds == 0
    assert found.first > began
    project.close()


def test_the_words_say_whether_newer_images_cost_less() -> None:
    efforts = [ImageEffort(n, 600.0 / n, 40, 0, 0, float(n)) for n in range(1, 5)]
    assert in_words(efforts) == (
        "4 images, 21 min, 160 gestures; the first 2 took 8 min each, the last 3 min"
    )
    of_batch = ImageEffort(9, 0.0, 0, 0, 500, 9.0)
    assert in_words([*efforts, *[of_batch] * 5]) == in_words(efforts)
    assert in_words(efforts[3:]) == "1 image, 2 min, 40 gestures"
    assert in_words([ImageEffort(1, 42.4, 3, 0, 0, 0.0)]) == "1 image, 42 s, 3 gestures"
    assert in_words([]) == "nothing was painted yet"
