"""Names that a data set gives to its images, and what it may call them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.classes import PixelClass, palette_table
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.formats.class_table import (
    distinct_colours,
    read_classes,
    values_of_colours,
    write_classes,
)
from cnnseg_gui.formats.dataset import WriteOptions
from cnnseg_gui.formats.entries import Names, by_stem, image_files, inside

_NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="/\0"), min_size=1, max_size=9
)


@given(st.lists(_NAMES, min_size=1, max_size=8))
def test_names_are_one_line_and_differ_in_more_than_case_or_ending(names: list[str]) -> None:
    free = Names()
    given_names = [free.free(f"{name}.png") for name in names]
    stems = [PurePosixPath(name).stem.casefold() for name in given_names]
    assert len(set(stems)) == len(names)
    for name in given_names:
        assert len(name.splitlines()) == 1
        assert name == name.strip()
        assert "\\" not in name
        assert not name.startswith(".")


def test_an_ordinary_name_stays_as_it_is() -> None:
    free = Names()
    assert free.free("Zürich 12:30 (1).v2.tif") == "Zürich 12:30 (1).v2.tif"
    assert free.free("zürich 12:30 (1).v2.png") == "zürich 12:30 (1).v2-2.png"


@pytest.mark.parametrize(
    "name", ["a.png", "x/y/a b.png", "./a.png", "x\\a.png", "…/ü😀.png", "a..b"]
)
def test_a_name_inside_is_opened_whatever_stands_between_folders(tmp_path: Path, name: str) -> None:
    expected = tmp_path / name.replace("\\", "/")
    assert inside(tmp_path, name) == expected
    assert inside(tmp_path, name, below="images") == tmp_path / "images" / name.replace("\\", "/")


def test_a_link_within_the_data_set_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    assert inside(tmp_path, "b.png") == tmp_path / "b.png"


def test_images_are_found_in_the_order_a_person_would_count_them(tmp_path: Path) -> None:
    for name in ("10.png", "2.JPG", ".hidden.png", "notes.txt", "sub/1.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert image_files(tmp_path) == ["2.JPG", "10.png"]
    assert image_files(tmp_path, depth=1) == ["2.JPG", "10.png", "sub/1.tif"]
    assert by_stem(["sub/1.tif", "1.png"]) == {"sub/1": "sub/1.tif", "1": "1.png"}


_COLOURS = st.tuples(*[st.sampled_from([0, 1, 192, 224, 255])] * 3)


@given(st.lists(_COLOURS, min_size=1, max_size=60))
def test_colours_that_are_there_twice_are_told_apart(colours: list[tuple[int, int, int]]) -> None:
    classes, void = distinct_colours([PixelClass(n, str(n), c) for n, c in enumerate(colours)])
    assert len({void, *(cls.colour for cls in classes)}) == len(classes) + 1
    mask = np.array([[*range(len(classes)), 255]], np.uint8)
    table = palette_table(classes)
    table[255] = void
    values, unexplained = values_of_colours(table[mask], classes, void)
    assert np.array_equal(values, mask)
    assert unexplained == 0


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        '{"classes": [{"index": 255, "name": "a"}]}',
        '{"classes": [{"index": 1, "name": "a"}, {"index": 1, "name": "b"}]}',
        '{"classes": [{"index": 1, "name": " "}]}',
        '{"classes": [{"index": 1, "name": "a", "colour": [1, 2, 300]}]}',
    ],
)
def test_a_table_of_classes_that_no_mask_can_have_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "classes.json").write_text(content)
    with pytest.raises(UserError, match=r"classes\.json"):
        read_classes(tmp_path)


def test_a_table_of_classes_comes_back(tmp_path: Path) -> None:
    classes = (PixelClass(0, "ground", (1, 2, 3)), PixelClass(7, "Зелёный 🌱", (4, 5, 6)))
    write_classes(tmp_path, classes, void=(9, 9, 9))
    assert read_classes(tmp_path) == (classes, (9, 9, 9))


def test_the_first_choice_is_the_default() -> None:
    offered = {"shapes": ("rle", "polygons")}
    assert WriteOptions(()).choice(offered, "shapes") == "rle"
    assert WriteOptions((), {"shapes": "polygons"}).choice(offered, "shapes") == "polygons"
