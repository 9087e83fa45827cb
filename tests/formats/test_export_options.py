"""What goes out is what was chosen, is read back, and has a card."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from painted_masks import CLASSES
from PIL import Image
from written_sets import read_back

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import APPROVED, probe
from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.dataset import Entry, WriteOptions
from cnnseg_gui.formats.export import (
    FORMATS,
    ExportItem,
    ExportReport,
    Proposer,
    export_project,
    gather,
    write,
    written_formats,
)
from cnnseg_gui.formats.export_plan import plan, tiny_objects
from cnnseg_gui.formats.export_verifying import MaskSpool, compare, verify
from cnnseg_gui.formats.selection import ExportOptions
from cnnseg_gui.formats.splits import SplitRule

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHAPE = (60, 50)
MASKED = [name for name in written_formats() if not FORMATS[name].labels_only]


def project_of(folder: Path) -> Project:
    """Six images: 1 and 2 with cells, approved; 3 background alone; 4 undecided; 5, 6 partly."""
    random = np.random.default_rng(0)
    paths = []
    for number in range(1, 7):
        path = folder / "pictures" / f"p{number % 3}_{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (*SHAPE, 3)).astype(np.uint8)).save(path)
        paths.append(path)
    project = Project.create(folder / "project", ("background", "cell", "dirt", "unused"))
    numbers = project.add_images([probe(path) for path in paths])
    for number in numbers:
        if number == numbers[3]:
            continue
        mask = project.load_mask(number)
        if number not in numbers[4:]:
            paint(project, mask, (0, 0, *SHAPE), 0)
        if number != numbers[2]:
            paint(project, mask, (5, 5 + number, 20, 30), 1)
            paint(project, mask, (30, 10, 31, 12), 2, name="Accept proposal")
    for number in numbers[:2]:
        project.set_status(number, APPROVED)
    project.tags.add(numbers[0], "sharp")
    return project


def paint(
    project: Project, mask: Mask, box: tuple[int, int, int, int], value: int, name: str = "Brush"
) -> None:
    builder = PatchBuilder(mask)
    top, left, bottom, right = box
    builder.paint(top, left, np.ones((bottom - top, right - left), np.bool_), value)
    patch = builder.finish()
    assert patch is not None
    project.commit(patch, mask, name=name)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = project_of(tmp_path)
    yield made
    made.close()


def exported(
    project: Project,
    folder: Path,
    format_name: str = "png",
    **options: Any,  # noqa: ANN401
) -> ExportReport:
    return export_project(project, format_name, folder, options=ExportOptions(**options))


def card(folder: Path) -> Any:  # noqa: ANN401
    return json.loads((folder / "dataset.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("which", "images", "left_out"), [("decided", 5, 1), ("approved", 2, 4), ("all", 6, 0)]
)
def test_the_images_chosen_go_out(
    tmp_path: Path, project: Project, which: str, images: int, left_out: int
) -> None:
    report = exported(project, tmp_path / "set", which=which)
    assert (report.images, report.left_out) == (images, left_out)


def test_images_of_background_alone_are_kept(tmp_path: Path, project: Project) -> None:
    report = exported(project, tmp_path / "set", "coco")
    assert (read_back("coco", report.folder)["p0_3.png"] == 0).all()
    assert "background alone: 1" in (report.folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("format_name", MASKED)
def test_every_format_is_read_back_and_says_so(
    tmp_path: Path, project: Project, format_name: str
) -> None:
    report = exported(project, tmp_path / "set", format_name, split=SplitRule((50, 25, 25)))
    verified = report.verified
    assert verified is not None
    assert verified.images == 5
    assert verified.reader
    assert verified.sound
    if verified.exact:
        assert verified.identical == 5
        assert f"Identical: 5 of 5 images read back by {verified.reader}" in verified.in_words()


def test_a_format_without_masks_takes_images_as_they_are(tmp_path: Path, project: Project) -> None:
    report = exported(project, tmp_path / "set", "folders")
    assert report.verified is None
    assert report.images == 5
    assert card(report.folder)["tags"] == {"sharp": 1}
    text = (report.folder / "README.md").read_text(encoding="utf-8")
    assert "| sharp | 1 |" in text
    assert "## Classes" not in text


def test_tags_are_left_out_where_they_are_not_wanted(tmp_path: Path, project: Project) -> None:
    assert (exported(project, tmp_path / "one").folder / "tags.csv").is_file()
    other = exported(project, tmp_path / "other", tags=False)
    assert not (other.folder / "tags.csv").exists()
    assert card(other.folder)["tags"] == {}


def test_outlines_say_by_how_much_they_differ(tmp_path: Path, project: Project) -> None:
    report = exported(project, tmp_path / "set", "coco", choices={"shapes": "polygons"})
    verified = report.verified
    assert verified is not None
    assert not verified.exact
    assert all(0 <= one.worst_iou <= 1 for one in verified.differing)


def test_a_mask_that_was_spoilt_is_named_with_its_pixels(tmp_path: Path) -> None:
    format_, options = FORMATS["png"], WriteOptions(CLASSES)
    mask = np.zeros((10, 10), np.uint8)
    mask[:5] = 1
    assert format_.writer is not None
    writer = format_.writer(tmp_path, options)
    entries = []
    with MaskSpool() as spool:
        for name in ("a.png", "b.png"):
            entries.append(Entry(writer.place(name, "", ()), (10, 10)))
            writer.add(entries[-1], mask)
            spool.add(mask)
        writer.finish()
        with Image.open(tmp_path / "masks" / "b.png") as image:
            image.load()
            image.putpixel((0, 0), 0)
            image.save(tmp_path / "masks" / "b.png")
        found = verify(format_, tmp_path, options, entries, spool, on_image=lambda number: None)
    assert found is not None
    assert not found.sound
    assert found.identical == 1
    (one,) = found.differing
    assert (one.image, one.pixels) == ("images/b.png", 1)
    assert one.worst_iou == pytest.approx(49 / 50)
    assert "1 pixels differ" in found.in_words()


def test_an_image_without_a_mask_to_read_differs_wholly() -> None:
    mask = np.zeros((4, 5), np.uint8)
    for read in (None, mask.T):
        found = compare(mask, read, "x")
        assert found is not None
        assert (found.pixels, found.worst_iou) == (20, 0.0)


def test_merged_and_dropped_classes_are_so_in_masks_and_card(
    tmp_path: Path, project: Project
) -> None:
    report = exported(project, tmp_path / "set", classes=("dirt=cell", "unused="))
    data = card(report.folder)
    assert [row["name"] for row in data["classes"]] == ["background", "cell"]
    for record in project.images():
        if record.decided:
            own = project.load_mask(record.id).to_array()
            expected = np.where(own == 2, 1, own)
            assert np.array_equal(read_back("png", report.folder)[record.name], expected)


def test_tiles_hold_the_pixels_of_their_places(tmp_path: Path, project: Project) -> None:
    report = exported(project, tmp_path / "set", tile=32)
    assert report.images == 5 * 4
    masks = read_back("png", report.folder)
    record = project.images()[0]
    whole = project.load_mask(record.id).to_array()
    with Image.open(record.path) as image:
        pixels = np.asarray(image)
    for row, top in enumerate((0, 28)):
        for column, left in enumerate((0, 18)):
            name = f"{record.path.stem}_{row}_{column}.png"
            assert np.array_equal(masks[name], whole[top : top + 32, left : left + 32])
            with Image.open(report.folder / "images" / name) as tile:
                assert np.array_equal(np.asarray(tile), pixels[top : top + 32, left : left + 32])
    assert report.verified is not None
    assert report.verified.identical == 20
    painted = sum(effort.painted for effort in project.effort.all())
    assert f"by hand: {painted:,}" in (report.folder / "README.md").read_text(encoding="utf-8")


def test_tiles_of_deep_images_keep_their_values(tmp_path: Path) -> None:
    import tifffile

    values = np.arange(60 * 50, dtype=np.uint16).reshape(60, 50) * 20
    path = tmp_path / "deep.tif"
    tifffile.imwrite(path, values)
    made = Project.create(tmp_path / "project")
    (number,) = made.add_images([probe(path)])
    paint(made, made.load_mask(number), (0, 0, 60, 50), 0)
    report = exported(made, tmp_path / "set", tile=40)
    made.close()
    tile = tifffile.imread(report.folder / "images" / "deep_1_1.tif")
    assert np.array_equal(tile, values[20:, 10:])


def test_a_split_is_in_the_folders_the_card_and_keeps_groups(
    tmp_path: Path, project: Project
) -> None:
    project.set_split(project.images()[0].id, "test")
    rule = SplitRule((100, 0, 0), group="prefix")
    report = exported(project, tmp_path / "set", split=rule)
    splits = {row["source"]: row["split"] for row in card(report.folder)["images"]}
    assert splits["p1_1.png"] == "test"
    assert splits["p2_2.png"] == "train"
    assert (report.folder / "images" / "test" / "p1_1.png").is_file()
    assert "by prefix, seed 0" in (report.folder / "README.md").read_text(encoding="utf-8")


def test_linked_images_take_no_space(tmp_path: Path, project: Project) -> None:
    report = exported(project, tmp_path / "set", images="link")
    record = project.images()[0]
    assert (report.folder / "images" / record.name).samefile(record.path)
    assert report.copied == 0


def test_images_that_cannot_be_linked_are_copied(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    report = exported(project, tmp_path / "set", images="link")
    assert report.copied == 5
    name = project.images()[0].name
    assert (report.folder / "images" / name).read_bytes() == project.images()[0].path.read_bytes()


def test_images_referred_to_stay_where_they_are(tmp_path: Path, project: Project) -> None:
    report = exported(project, tmp_path / "set", "coco", images="refer")
    content = json.loads((report.folder / "annotations.json").read_text(encoding="utf-8"))
    files = {row["file_name"] for row in content["images"]}
    assert str(project.images()[0].path) in files
    assert not list(report.folder.rglob("*.png"))
    assert report.verified is not None
    assert report.verified.identical == 5


def test_a_format_that_needs_its_images_says_so(tmp_path: Path, project: Project) -> None:
    with pytest.raises(UserError, match="Copy or link"):
        exported(project, tmp_path / "set", "png", images="refer")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"choices": {"shapes": "x"}}, "no choice “shapes”"),
        ({"choices": {"values": "x"}}, "indexed, grey, rgb"),
        ({"which": "some"}, "decided, approved, all"),
        ({"tile": 3}, "16 pixels or more"),
    ],
)
def test_options_that_cannot_be_are_refused_before_the_work(
    tmp_path: Path, project: Project, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        exported(project, tmp_path / "set", **options)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("name", ["rootpainter", "cellpose"])
def test_a_format_that_is_only_read_says_so(tmp_path: Path, project: Project, name: str) -> None:
    with pytest.raises(UserError, match="only read"):
        exported(project, tmp_path / "set", name)


def test_an_earlier_export_is_replaced_whole(tmp_path: Path, project: Project) -> None:
    exported(project, tmp_path / "set", "coco")
    exported(project, tmp_path / "set", replace=True)
    assert not (tmp_path / "set" / "annotations.json").exists()
    assert len(read_back("png", tmp_path / "set")) == 5
    assert {path.name for path in tmp_path.iterdir()} == {"set", "project", "pictures"}


def test_an_export_that_fails_leaves_the_earlier_one(tmp_path: Path, project: Project) -> None:
    exported(project, tmp_path / "set", "coco")
    before = (tmp_path / "set" / "dataset.json").read_bytes()
    job = gather(project, options=ExportOptions(replace=True))
    with pytest.raises(ZeroDivisionError):
        write(job, "png", tmp_path / "set", on_checked=lambda done, total: 1 // 0 and None)
    assert (tmp_path / "set" / "dataset.json").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"set", "project", "pictures"}


def test_what_is_no_export_is_never_replaced(tmp_path: Path, project: Project) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="no earlier export"):
        exported(project, tmp_path / "set", replace=True)
    assert (tmp_path / "set" / "thesis.tex").read_text() == "mine"


def test_an_export_that_the_project_has_images_in_is_never_replaced(tmp_path: Path) -> None:
    first = project_of(tmp_path)
    exported(first, tmp_path / "set")
    first.close()
    second = Project.create(tmp_path / "second")
    (number,) = second.add_images([probe(tmp_path / "set" / "images" / "p1_1.png")])
    paint(second, second.load_mask(number), (0, 0, 9, 9), 1)
    with pytest.raises(UserError, match="lies in the folder"):
        exported(second, tmp_path / "set", replace=True)
    second.close()
    assert (tmp_path / "set" / "images" / "p1_1.png").is_file()


def test_a_composite_fills_undecided_pixels_alone_and_the_card_says_so(
    tmp_path: Path, project: Project
) -> None:
    def propose(_: ExportItem | None, pixels: Pixels) -> Pixels:
        return np.where(pixels[..., 0] > 128, 3, 0).astype(np.uint8)

    report = export_project(
        project,
        "png",
        tmp_path / "set",
        options=ExportOptions(which="all"),
        proposer=Proposer("r007", propose),
    )
    masks = read_back("png", report.folder)
    filled = 0
    for record in project.images():
        own = project.load_mask(record.id).to_array()
        with Image.open(record.path) as image:
            proposal = propose(None, np.asarray(image))
        assert np.array_equal(masks[record.name], np.where(own == UNLABELLED, proposal, own))
        filled += int((own == UNLABELLED).sum())
    data = card(report.folder)
    assert data["composite_revision"] == "r007"
    assert sum(row["pixels_proposed"] for row in data["images"]) == filled
    text = (report.folder / "README.md").read_text(encoding="utf-8")
    assert f"filled by revision r007: {filled:,} pixels" in text


def test_a_composite_leaves_open_what_is_decided_as_a_class_that_stays_out(
    tmp_path: Path, project: Project
) -> None:
    report = export_project(
        project,
        "png",
        tmp_path / "set",
        options=ExportOptions(classes=("cell=",)),
        proposer=Proposer("r007", lambda _, pixels: np.full(pixels.shape[:2], 2, np.uint8)),
    )
    masks = read_back("png", report.folder)
    proposed = {row["source"]: row["pixels_proposed"] for row in card(report.folder)["images"]}
    assert proposed
    for record in project.images():
        if record.name in proposed:
            own = project.load_mask(record.id).to_array()
            assert (masks[record.name][own == 1] == UNLABELLED).all()
            assert (masks[record.name][own == UNLABELLED] != UNLABELLED).all()
            assert proposed[record.name] == (own == UNLABELLED).sum()


def test_the_card_has_counts_provenance_licence_and_the_hash_of_every_file(
    tmp_path: Path, project: Project
) -> None:
    report = exported(project, tmp_path / "set", licence="CC BY 4.0")
    data = card(report.folder)
    files = {
        path.relative_to(report.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in report.folder.rglob("*")
        if path.is_file() and path.name != "dataset.json"
    }
    assert data["files"] == files
    assert data["licence"] == "CC BY 4.0"
    by_source = {row["source"]: row for row in data["images"]}
    for record in project.images():
        if record.decided:
            row = by_source[record.name]
            names = {cls.index: cls.name for cls in project.classes}
            assert row["pixels"] == {names[n]: count for n, count in record.decided.items()}
            assert row["source_sha256"] == record.sha256
    efforts = project.effort.all()
    text = (report.folder / "README.md").read_text(encoding="utf-8")
    assert f"by hand: {sum(e.painted for e in efforts):,}" in text
    accepted = sum(e.accepted for e in efforts)
    assert accepted > 0
    assert f"from proposals: {accepted:,}." in text
    assert "Licence: CC BY 4.0" in text


def test_a_dry_run_counts_and_warns(project: Project) -> None:
    project.images()[4].path.unlink()
    job = gather(
        project, options=ExportOptions(which="all", split=SplitRule((100, 0, 0), group="prefix"))
    )
    found = plan(job, FORMATS["png"])
    assert (found.images, found.left_out, found.unlabelled, found.background) == (6, 0, 1, 1)
    assert found.splits == {"train": 6, "val": 0, "test": 0}
    assert found.holding == {0: 3, 1: 4, 2: 4}
    assert found.tiny == 4
    said = "\n".join(found.warnings)
    assert "p2_5.png" in said
    assert "1 image is without a decided pixel" in said
    assert "the class unused" in said
    assert "4 objects have fewer than 4 pixels" in said


def test_a_dry_run_tells_of_groups_that_leak(project: Project) -> None:
    records = project.images()
    project.set_split(records[0].id, "train")
    project.set_split(records[3].id, "test")  # both are p1
    rule = SplitRule((50, 25, 25), group="prefix")
    options = ExportOptions(which="all", split=rule)
    assert any(
        "p1" in line for line in plan(gather(project, options=options), FORMATS["png"]).warnings
    )
    anew = replace(options, split=replace(rule, keep=False))
    assert not any(
        "p1" in line for line in plan(gather(project, options=anew), FORMATS["png"]).warnings
    )


def test_a_format_without_undecided_pixels_warns(project: Project) -> None:
    found = plan(gather(project), FORMATS["yolo"])
    assert any("become background" in line for line in found.warnings)


def test_small_objects_are_counted_over_corners() -> None:
    mask = np.full((12, 12), UNLABELLED, np.uint8)
    mask[1, 1] = mask[2, 2] = mask[3, 3] = 1  # 3 px over corners
    mask[6:8, 6:8] = 2  # 4 px
    mask[10, 10] = 3
    assert tiny_objects(mask) == 2
