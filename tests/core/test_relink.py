"""Images that moved are found again by what they hold."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moving import Make, nearby, paint, painted_pixels, projects, save
from PIL import Image

from cnnseg_gui.core.attached import read_attached
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import IN_WORK, ImageFacts, probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.relink import Relinked, moved_part, relink


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with projects(tmp_path) as build:
        yield build


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("scans/a.png", "scans/b.png"),  # renamed
        ("scans/a.png", "scans/a.PNG.png"),
        ("scans/a.png", "scans/done/a.png"),  # moved below
        ("scans/a.png", "a.png"),  # moved above
        ("scans/a.png", "other/x.png"),  # moved beside, and renamed
        ("scans/a.png", "project/a.png"),
        ("2024/scans/a.png", "2025/scans/a.png"),  # a folder above was renamed
        ("2024/scans/a.png", "2025/2024/scans/a.png"),  # a folder above was moved
        ("scans/Zu\u0308rich.png", "scans/Z\u00fcrich.png"),  # as a copy to another system does
    ],
)
def test_a_file_that_moved_is_found_nearby(
    make: Make, tmp_path: Path, before: str, after: str
) -> None:
    project = make(before, "elsewhere/z.png")
    (tmp_path / after).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / before).rename(tmp_path / after)
    for folder in (tmp_path / before).parents:
        if folder.is_relative_to(tmp_path) and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    assert nearby(project, 1) == {1: tmp_path / after}


def test_one_image_that_is_found_tells_where_the_others_of_its_folder_are(
    make: Make, tmp_path: Path
) -> None:
    project = make("old/x/a.png", "old/x/b.png", "old/y/c.png", "stays/d.png")
    (tmp_path / "old").rename(tmp_path / "new")
    found = nearby(project, 2)
    assert found == {
        1: tmp_path / "new/x/a.png",
        2: tmp_path / "new/x/b.png",
        3: tmp_path / "new/y/c.png",
    }
    project.files.move(found)
    for record in project.images():
        read_attached(record.path, record.sha256)
        assert painted_pixels(project, record.id) == 30
        assert record.status == IN_WORK


def test_a_file_of_the_same_name_and_size_with_other_bytes_is_never_taken(
    make: Make, tmp_path: Path
) -> None:
    project = make("scans/a.png")
    (tmp_path / "scans/a.png").unlink()
    save(tmp_path / "new/a.png", 99)
    assert nearby(project, 1) == {}
    assert relink(project, [tmp_path]) == Relinked({}, (project.files.get(1),))


def test_names_that_were_exchanged_are_sorted_out(make: Make, tmp_path: Path) -> None:
    project = make("scans/a.png", "scans/b.png", "scans/c.png")
    folder = tmp_path / "scans"
    for before, after in (("a", "x"), ("b", "a"), ("c", "b"), ("x", "c")):
        (folder / f"{before}.png").rename(folder / f"{after}.png")
    found = nearby(project, 1)
    assert found == {1: folder / "c.png", 2: folder / "a.png", 3: folder / "b.png"}
    project.files.move(found)
    for record in project.images():
        read_attached(record.path, record.sha256)


def test_an_exchange_that_cannot_be_sorted_out_moves_nothing(make: Make, tmp_path: Path) -> None:
    project = make("scans/a.png", "scans/b.png")
    (tmp_path / "scans/a.png").replace(tmp_path / "scans/b.png")  # b is lost for good
    assert nearby(project, 1) == {}


def test_a_folder_is_searched_for_all_that_is_missing(make: Make, tmp_path: Path) -> None:
    project = make(*(f"scans/{n}.png" for n in range(12)))
    archive = tmp_path / "far" / "away" / "2023"
    archive.mkdir(parents=True)
    for n in range(10):
        name = f"{n}.png" if n % 2 else f"renamed {n}.png"
        (tmp_path / f"scans/{n}.png").rename(archive / name)
    (tmp_path / "scans/10.png").unlink()
    save(archive / "noise.png", 77)
    seen: list[tuple[int, int, int]] = []
    found = relink(project, [tmp_path / "far"], on_progress=lambda *step: seen.append(step))
    assert found.moved.keys() == set(range(1, 11))
    assert [file.id for file in found.missing] == [11]
    assert seen[-1][:2] == (11, 11)
    for record in project.images():
        if record.id != 11:
            read_attached(record.path, record.sha256)


def test_a_search_that_is_stopped_keeps_what_it_found(make: Make, tmp_path: Path) -> None:
    project = make("scans/a.png", "scans/b.png")
    (tmp_path / "scans").rename(tmp_path / "new")
    steps: list[int] = []
    found = relink(
        project,
        [tmp_path / "new"],
        on_progress=lambda looked, files, done: steps.append(done),
        should_stop=lambda: 1 in steps,
    )
    assert list(found.moved) == [1]
    assert project.image(1).path == tmp_path / "new/a.png"
    assert project.image(2).path == tmp_path / "scans/b.png"


def test_equal_images_get_a_file_each_their_own_name_first(make: Make, tmp_path: Path) -> None:
    project = make("scans/a.png")
    shutil.copy(tmp_path / "scans/a.png", tmp_path / "scans/b.png")
    paint(project, *project.add_images([probe(tmp_path / "scans/b.png")]))
    (tmp_path / "scans").rename(tmp_path / "new")
    assert relink(project, [tmp_path / "new"]).moved == {
        1: tmp_path / "new/a.png",
        2: tmp_path / "new/b.png",
    }
    (tmp_path / "new/a.png").unlink()  # one file is left for two: it stays b's
    assert nearby(project, 1) == {}


def test_an_image_added_again_makes_room_unless_it_was_worked_on(
    make: Make, tmp_path: Path
) -> None:
    project = make("scans/a.png", "scans/b.png")
    (tmp_path / "scans").rename(tmp_path / "new")
    again = project.add_images([probe(tmp_path / "new/a.png"), probe(tmp_path / "new/b.png")])
    paint(project, again[1])
    found = relink(project, [tmp_path / "new"])
    assert found.moved == {1: tmp_path / "new/a.png"}
    assert [record.id for record in project.images()] == [1, 2, again[1]]
    with pytest.raises(UserError, match="has this file already"):
        project.files.move({2: tmp_path / "new/b.png"})
    assert project.image(2).path == tmp_path / "scans/b.png"


def test_a_projects_masks_are_not_taken_for_its_images(make: Make, tmp_path: Path) -> None:
    project = make("scans/a.png")
    masks = project.folder / "masks"
    masks.mkdir(exist_ok=True)
    (tmp_path / "scans/a.png").rename(masks / "a.png")
    assert relink(project, [tmp_path]).moved == {}


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_circle_of_links_ends(make: Make, tmp_path: Path) -> None:
    project = make("scans/a.png")
    (tmp_path / "scans/a.png").rename(tmp_path / "b.png")
    (tmp_path / "scans/loop").symlink_to(tmp_path, target_is_directory=True)
    assert relink(project, [tmp_path]).moved == {1: tmp_path / "b.png"}


def test_a_folder_that_is_not_there_is_one_line(make: Make, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        relink(make("a.png"), [tmp_path / "nowhere"])


_STEPS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4)


@given(_STEPS, _STEPS, st.sampled_from(["1.png", "2.png"]))
def test_the_part_of_a_path_that_moved_leads_from_one_to_the_other(
    first: list[str], second: list[str], name: str
) -> None:
    before, after = Path("/").joinpath(*first, "1.png"), Path("/").joinpath(*second, name)
    old, new = moved_part(before, after)
    assert new / before.relative_to(old).parent / name == after


@given(st.integers(0, 2**32), st.permutations(range(5)))
def test_whatever_is_renamed_every_mask_is_with_its_content_or_nothing_moves(
    tmp_path_factory: pytest.TempPathFactory, seed: int, order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("any") / "alone" / "here"
    project = Project.create(folder / "project", ("background", "cell"))
    try:
        paths = [save(folder / f"{n}.png", n, (12, 12)) for n in range(5)]
        for number in project.add_images(probe(path) for path in paths):
            paint(project, number)
        held = [path.read_bytes() for path in paths]
        for path, n in zip(paths, order, strict=True):
            path.write_bytes(held[n])
        lost = seed % 5
        found = nearby(project, lost + 1)
        if order[lost] != lost:
            assert found[lost + 1] == paths[order.index(lost)]
            project.files.move(found)
        for file in project.files.all():
            moved = file.id in found
            assert not moved or probe(file.path).sha256 == file.sha256
    finally:
        project.close()


def test_all_pages_of_a_file_go_with_it(make: Make, tmp_path: Path) -> None:
    project = make("other/a.png")
    path = tmp_path / "scans" / "stack.tif"
    path.parent.mkdir()
    pages = [Image.new("L", (20, 10 + n), n) for n in range(3)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    sha256 = probe(path).sha256
    numbers = project.add_images(ImageFacts(path, sha256, 10 + n, 20, n) for n in range(3))
    for number in numbers:
        paint(project, number)
    path.rename(tmp_path / "other" / "renamed.tif")
    found = nearby(project, numbers[1])
    assert found == dict.fromkeys(numbers, tmp_path / "other" / "renamed.tif")
    project.files.move(found)
    assert [record.page for record in project.images()] == [0, 0, 1, 2]
