"""What the queue is ordered by is kept, also for images that nothing is known of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnnseg_gui.core.contradictions import Dismissed
from cnnseg_gui.core.image_doubts import ImageDoubt, doubt_of
from cnnseg_gui.core.image_table import APPROVED, IN_WORK, ImageFacts
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.queue_order import queue_order
from cnnseg_gui.core.rect import Rect


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project")
    made.add_images(ImageFacts(tmp_path / f"{n}.png", f"{n:02}", 9, 9) for n in range(6))
    return made


def embedding(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    return np.array(values, np.float16)


def test_what_was_noted_is_there_again_and_the_rest_is_not_known(project: Project) -> None:
    project.doubts.note(
        [
            ImageDoubt(2, "ab", 0.5, 0.25, 100.0, embedding(1, 2, 3)),
            ImageDoubt(4, "ab", 0.25, None, 50.0, embedding(0, 1, 0)),
        ]
    )
    project.doubts.note([ImageDoubt(2, "cd", 0.75, None, 10.0)])
    waiting = project.doubts.waiting()
    assert waiting.ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert np.array_equal(
        waiting.uncertainty, np.array([np.nan, 0.75, np.nan, 0.25, np.nan, np.nan]), equal_nan=True
    )
    assert np.isnan(waiting.disagreement).all()
    assert waiting.embeddings[1].tolist() == [1, 2, 3]
    assert not waiting.embeddings[0].any()
    assert queue_order(waiting, project.doubts.seen()).ids.tolist()[0] == 2
    project.close()


def test_a_measured_disagreement_stays_until_another_revision_proposes(project: Project) -> None:
    def measured() -> float:
        return float(project.doubts.waiting().disagreement[1])

    project.doubts.note([ImageDoubt(2, "ab", 0.5, 0.25, 100.0)])
    project.doubts.note([ImageDoubt(2, "ab", 0.5, None, 100.0)])  # it was shown
    assert measured() == 0.25
    project.doubts.note([ImageDoubt(2, "ab", 0.5, 0.75, 100.0)])
    assert measured() == 0.75
    project.doubts.note([ImageDoubt(2, "cd", 0.5, None, 100.0)])
    assert np.isnan(measured())
    project.close()


def test_worked_on_images_wait_no_more_and_are_what_others_are_compared_with(
    project: Project,
) -> None:
    project.doubts.note([ImageDoubt(n, "ab", 0.5, 0.5, 1.0, embedding(n, 1)) for n in range(1, 7)])
    project.set_status(1, APPROVED)
    project.set_status(2, IN_WORK)
    assert project.doubts.waiting().ids.tolist() == [3, 4, 5, 6]
    assert project.doubts.seen().tolist() == [[1, 1], [2, 1]]
    project.close()


def test_only_what_another_revision_proposed_for_is_out_of_date(project: Project) -> None:
    project.doubts.note([ImageDoubt(1, "ab", 0.5, 0.5, 1.0), ImageDoubt(2, "cd", 0.5, 0.5, 1.0)])
    project.set_status(3, APPROVED)
    assert project.doubts.out_of_date("ab", most=10) == [2, 4, 5, 6]
    assert project.doubts.out_of_date("ab", most=2) == [2, 4]
    project.close()


def test_an_empty_project_has_an_empty_queue(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "empty")
    assert len(queue_order(made.doubts.waiting(), made.doubts.seen()).ids) == 0
    made.close()


def test_what_another_program_wrote_is_not_known(project: Project) -> None:
    project.doubts.note([ImageDoubt(n, "ab", 0.5, 0.5, 1.0, embedding(1, 2)) for n in (1, 2, 3)])
    odd = "uncertainty = 'x', embedding = x'00'"
    project._db.execute(f"UPDATE image_doubt SET {odd} WHERE image_id = 1")
    waiting = project.doubts.waiting()
    assert np.isnan(waiting.uncertainty[0])
    assert waiting.embeddings.shape == (6, 2)
    assert not waiting.embeddings[0].any()
    project.close()


def test_what_was_dismissed_stays_so(project: Project) -> None:
    region = Dismissed(Rect(1, 2, 30, 40), 1, 0)
    project.doubts.dismiss(3, region)
    project.doubts.dismiss(3, region)
    assert project.doubts.dismissed(3) == [region]
    assert project.doubts.dismissed(1) == []
    project.close()


def test_the_pixels_expected_to_be_wrong_are_what_is_missing_from_the_confidence() -> None:
    classes = np.zeros((10, 20), np.uint8)
    confidence = np.full((10, 20), 255, np.uint8)
    confidence[:, :5] = 204
    before = classes.copy()
    before[0] = 1
    found = doubt_of(7, "ab", classes, confidence, before=before)
    assert (found.image_id, found.revision, found.disagreement) == (7, "ab", 0.1)
    assert found.pixels == pytest.approx(10)
    assert found.uncertainty == pytest.approx(0.05)
    assert doubt_of(7, "ab", classes, confidence).disagreement is None
