"""What there is to learn from, against what every image says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cnnseg_gui.core.image_table import ImageFacts
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.training_set import TrainingSet, packed_image, to_learn_from


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project.create(tmp_path / "project", ("background", "cell", "debris", "dust"))
    made.add_images(
        ImageFacts(tmp_path / f"{number}.png", f"{number:064x}", 40, 30) for number in range(7)
    )
    yield made
    made.close()


def paint(project: Project, image_id: int, value: int, pixels: int) -> None:
    mask = project.load_mask(image_id)
    builder = PatchBuilder(mask)
    builder.paint(0, 0, np.ones((1, pixels), bool), value)
    patch = builder.finish()
    assert patch is not None
    project.commit(patch, mask, name="Brush stroke")


def test_what_there_is_to_learn_from_is_what_the_images_say(project: Project) -> None:
    for image_id in range(1, 7):
        paint(project, image_id, (image_id + 1) % 4, 3 * image_id)
    paint(project, 1, 0, 1)
    project.edit_classes(project.class_list.without(2, reads_as=1), name="Merge")
    project.edit_classes(project.class_list.without(3), name="Delete")
    records = [record for record in project.images() if record.decided]
    learnt = [record for record in records if not record.held_out]
    expected: dict[int, int] = {}
    for record in learnt:
        for index, count in record.decided.items():
            expected[index] = expected.get(index, 0) + count
    found = TrainingSet.of(project)
    assert found == TrainingSet(len(learnt), len(records) - len(learnt), expected)
    assert found.held_out == 1
    assert to_learn_from(project) == records
    for record in records:
        packed = packed_image(project, record)
        assert (packed.image, packed.held_out) == (record.sha256, record.held_out)
        assert list(packed.tiles) == project.packed_tiles(record.id)


def test_a_project_without_decided_pixels_has_nothing_to_learn_from(project: Project) -> None:
    assert TrainingSet.of(project) == TrainingSet(0, 0, {})
    assert to_learn_from(project) == []
