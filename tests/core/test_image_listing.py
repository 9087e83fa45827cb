"""What is asked about the list, against what all the images say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnseg_gui.core.image_listing import reading
from cnnseg_gui.core.image_table import ImageFacts
from cnnseg_gui.core.project import Project

NAMES = ("Cell.png", "cell.jpg", "b_1.png", "bX1.png", "É.png", "e\u0301.tif", "straße.png")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project.create(tmp_path / "project", ("background", "cell", "debris"))
    made.add_images(
        ImageFacts(tmp_path / "images" / name, f"{place:064x}", 40, 30)
        for place, name in enumerate(NAMES)
    )
    yield made
    made.close()


def test_pages_in_any_length_are_all_images_in_order(project: Project) -> None:
    project.tags.add(2, "odd")
    project.tags.add(2, "blurred")
    for most in (1, 2, 3, 100):
        read, after = [], 0
        while page := project.listing.page(after=after, most=most):
            read += page
            after = page[-1].id
        assert [(r.id, r.name, r.status, r.tags) for r in project.images()] == read


def test_names_alike_are_found_whatever_their_case_ending_and_unicode_form(
    project: Project,
) -> None:
    with reading(project.path) as listing:
        for stem, expected in {
            "cell": [1, 2],
            "CELL": [1, 2],
            "b_1": [3],
            "é": [5, 6],
            "STRASSE": [7],
            "%": [],
            "images": [],
        }.items():
            assert [number for number, _ in listing.of_stem(stem)] == expected
        assert listing.of_stem("b_1")[0][1] == project.image(3).path


def test_only_files_that_are_not_there_yet_are_new(project: Project, tmp_path: Path) -> None:
    new = tmp_path / "images" / "new.png"
    assert project.listing.not_yet([project.image(1).path, new, project.image(5).path]) == [new]
