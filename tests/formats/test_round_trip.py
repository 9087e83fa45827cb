"""Written and read again, by the format's reader and by its check: equal to the pixel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from painted_masks import CLASSES, masks, rings
from written_sets import masks_of_entries, read_back, with_image, write_set

from cnnseg_gui.core.classes import PixelClass, default_colour, make_classes
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats.dataset import SPLITS
from cnnseg_gui.formats.registry import FORMATS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

EXACT: list[tuple[str, Mapping[str, str]]] = [
    ("png", {}),
    ("png", {"values": "grey"}),
    ("png", {"values": "rgb"}),
    ("coco", {}),
    ("coco", {"undecided": "field"}),
    ("voc", {}),
    ("cityscapes", {}),
    ("hf", {}),
    ("cvat", {}),
    ("labelme", {"shapes": "masks"}),
]
OUTLINES: list[tuple[str, Mapping[str, str]]] = [
    ("coco", {"shapes": "polygons"}),
    ("yolo", {}),
    ("labelme", {}),
    ("cvat", {"shapes": "polygons"}),
]
exactly = pytest.mark.parametrize(("name", "choices"), EXACT, ids=str)
all_ways = pytest.mark.parametrize(("name", "choices"), EXACT + OUTLINES, ids=str)
few = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])

# Any script, emoji, spaces, quotes, dots: what a file system takes for a name.
_STEMS = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="/\0"), min_size=1, max_size=12
)

# A class's name, as `make_classes` takes it: XML cannot hold control characters.
_NAMES = (
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda name: bool(name) and not {"\ufffe", "\uffff"} & set(name))
)


@all_ways
@few
@given(
    painted=st.lists(st.tuples(_STEMS, masks()), min_size=1, max_size=3),
    splits=st.lists(st.sampled_from(SPLITS), min_size=3, max_size=3) | st.just(["", "", ""]),
)
def test_any_mask_under_any_name_is_equal_to_the_pixel(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    choices: Mapping[str, str],
    painted: list[tuple[str, Pixels]],
    splits: list[str],
) -> None:
    folder, format_ = tmp_path_factory.mktemp(name), FORMATS[name]
    named = [(f"{stem}.png", mask) for stem, mask in painted]
    of_name = {own: split for (own, _), split in zip(named, splits, strict=False)}
    entries, options = write_set(format_, folder, named, choices=choices, splits=of_name)
    expected = [format_.kept(mask) for _, mask in named]
    assert format_.check is not None
    checked = list(format_.check(folder, options, entries))
    for found in (checked, masks_of_entries(format_, folder, entries)):
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    read = {image.image: image.split for image in format_.read(folder).images}
    assert [read[folder / entry.image] for entry in entries] == [e.split for e in entries]


@all_ways
def test_two_hundred_classes_with_gaps_keep_index_name_and_colour(
    tmp_path: Path, name: str, choices: Mapping[str, str]
) -> None:
    names = ["ground", *(f"класс {n} 🌱, “{n}”: <&>" for n in range(1, 200))]
    colours = make_classes(names)
    classes = [PixelClass(c.index + (c.index > 100) * 50, c.name, c.colour) for c in colours]
    indices = np.array([cls.index for cls in classes], np.uint8)
    mask = np.zeros((300, 250), np.uint8)
    mask[:200] = np.repeat(np.resize(indices, 500).reshape(20, 25), 10, axis=0).repeat(10, axis=1)
    mask[250:] = UNLABELLED
    format_ = FORMATS[name]
    entries, _ = write_set(format_, tmp_path, {"a.png": mask}, classes=classes, choices=choices)
    assert np.array_equal(masks_of_entries(format_, tmp_path, entries)[0], format_.kept(mask))
    again = format_.read(tmp_path).classes
    assert [(c.index, c.name) for c in again] == [(c.index, c.name) for c in classes]
    if choices.get("values") != "rgb":  # colours that are there twice had to change
        assert [c.colour for c in again[1:]] == [c.colour for c in classes[1:]]


@all_ways
@few
@given(names=st.lists(_NAMES, min_size=1, max_size=4))
def test_classes_of_any_name_keep_it(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    choices: Mapping[str, str],
    names: list[str],
) -> None:
    folder, format_ = tmp_path_factory.mktemp(name), FORMATS[name]
    classes = [PixelClass(n, own, default_colour(n)) for n, own in enumerate(["ground", *names])]
    mask = np.arange(len(classes), dtype=np.uint8)[:, None]
    entries, _ = write_set(format_, folder, {"a.png": mask}, classes=classes, choices=choices)
    (again,) = masks_of_entries(format_, folder, entries)
    read = {cls.index: cls.name for cls in format_.read(folder).classes}
    assert np.array_equal(again, mask)
    if name == "cvat" and len(set(names)) < len(names):  # a label can be there but once
        assert len(set(read.values())) == len(read)
    else:
        assert read == {cls.index: cls.name for cls in classes}


@all_ways
def test_the_smallest_and_the_emptiest_images_are_kept(
    tmp_path: Path, name: str, choices: Mapping[str, str]
) -> None:
    format_ = FORMATS[name]
    named = {
        "one.png": np.array([[1]], np.uint8),
        "undecided.png": np.full((1, 1), UNLABELLED, np.uint8),
        "negative.png": np.zeros((40, 1), np.uint8),
    }
    entries, _ = write_set(format_, tmp_path, named, choices=choices)
    found = masks_of_entries(format_, tmp_path, entries)
    for again, mask in zip(found, named.values(), strict=True):
        assert np.array_equal(again, format_.kept(mask))


@all_ways
def test_classes_of_the_same_colour_or_name_stay_two(
    tmp_path: Path, name: str, choices: Mapping[str, str]
) -> None:
    classes = [
        PixelClass(0, "unlabelled", (224, 224, 192)),
        PixelClass(1, "__ignore__", (0, 0, 0)),
        PixelClass(2, "unlabelled", (0, 0, 0)),
        PixelClass(3, "unlabelled", (224, 224, 192)),
    ]
    format_ = FORMATS[name]
    entries, _ = write_set(format_, tmp_path, {"a.png": rings()}, classes=classes, choices=choices)
    assert np.array_equal(masks_of_entries(format_, tmp_path, entries)[0], format_.kept(rings()))


@all_ways
def test_only_one_format_recognises_a_data_set(
    tmp_path: Path, name: str, choices: Mapping[str, str]
) -> None:
    write_set(FORMATS[name], tmp_path, {"a.png": rings()}, choices=choices)
    assert [other for other, format_ in FORMATS.items() if format_.recognises(tmp_path)] == [name]


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_of_images_a_file_and_nothing_at_all_are_no_data_set(
    tmp_path: Path, name: str
) -> None:
    format_ = FORMATS[name]
    (tmp_path / "images").mkdir()
    for path in (with_image(tmp_path / "plain", "a.png"), with_image(tmp_path / "deep")):
        assert not format_.recognises(path)
        assert not format_.recognises(path / "a.png")
    assert not format_.recognises(tmp_path / "nowhere")
    with pytest.raises(UserError):
        format_.read(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["coco", "hf", "labelme", "cvat"])
def test_tags_travel_in_the_data_set(tmp_path: Path, name: str) -> None:
    tags = {"a.png": ("sharp", "zwei Wörter", "“<&>”")}
    write_set(FORMATS[name], tmp_path, {"a.png": rings(), "b.png": rings()}, tags=tags)
    read = {image.image.name: image.tags for image in FORMATS[name].read(tmp_path).images}
    assert read == {"a.png": tags["a.png"], "b.png": ()}


@exactly
def test_the_same_masks_give_the_same_files(
    tmp_path: Path, name: str, choices: Mapping[str, str]
) -> None:
    contents = []
    for run in ("one", "two"):
        (tmp_path / run / name).mkdir(parents=True)
        write_set(FORMATS[name], tmp_path / run / name, {"a.png": rings()}, choices=choices)
        contents.append(
            {
                path.relative_to(tmp_path / run): path.read_bytes()
                for path in (tmp_path / run).rglob("*")
                if path.is_file()
            }
        )
    assert contents[0] == contents[1]
    assert not any(path.name.endswith(".part") for path in contents[0])


def test_an_unknown_choice_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"“circles”.*rle, polygons"):
        write_set(FORMATS["coco"], tmp_path, {}, choices={"shapes": "circles"})


def test_a_data_set_without_images_is_read_as_such(tmp_path: Path) -> None:
    write_set(FORMATS["coco"], tmp_path, {})
    assert read_back("coco", tmp_path) == {}
    assert [c.name for c in FORMATS["coco"].read(tmp_path).classes] == [c.name for c in CLASSES]
