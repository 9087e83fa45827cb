"""An export is exactly what was painted, and complete or not there."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from painted_masks import CLASSES, rings
from PIL import Image, ImageOps
from written_sets import read_back

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.formats.export import (
    ExportItem,
    ExportJob,
    ExportReport,
    ExportStopped,
    export_project,
    gather,
    unique_stems,
    write,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

both = pytest.mark.parametrize("format_name", ["png", "coco"])


def save_image(path: Path, shape: tuple[int, int], *, orientation: int = 1) -> Path:
    """An image no two pixels of which are alike; `shape` is the one on the screen."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    upright = Image.fromarray(np.stack([y, x, y ^ x], axis=-1).astype(np.uint8))
    # What a camera stores is what the orientation's inverse makes of the upright picture.
    inverse = {1: None, 6: Image.Transpose.ROTATE_90, 2: Image.Transpose.FLIP_LEFT_RIGHT}
    method = inverse[orientation]
    stored = upright if method is None else upright.transpose(method)
    exif = Image.Exif()
    if orientation != 1:
        exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    stored.save(path, exif=exif)
    return path


def job_of(*items: tuple[Path, Pixels]) -> ExportJob:
    return ExportJob(tuple(ExportItem(path, mask.copy) for path, mask in items), CLASSES)


def three_images(folder: Path) -> ExportJob:
    mask = rings()
    return job_of(*[(save_image(folder / f"{n}.png", mask.shape), mask) for n in "abc"])


def painted_project(folder: Path) -> Project:
    """Three images; the second has no decided pixel."""
    shape = (300, 280)
    paths = [save_image(folder / "pictures" / f"{n}.png", shape) for n in (1, 2, 3)]
    project = Project.create(folder / "project", ("background", "cell"))
    numbers = project.add_images([probe(path) for path in paths])
    for number, value in ((numbers[0], 1), (numbers[2], 0)):
        mask = project.load_mask(number)
        builder = PatchBuilder(mask)
        builder.paint(240, 230, np.ones((40, 35), np.bool_), value)
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush")
    return project


@both
def test_a_project_is_read_back_as_painted_without_its_undecided_images(
    tmp_path: Path, format_name: str
) -> None:
    project = painted_project(tmp_path)
    report = export_project(project, format_name, tmp_path / "out" / "set")
    assert report == ExportReport(tmp_path / "out" / "set", 2, 1, (), ())
    again = read_back(format_name, report.folder)
    assert sorted(again) == ["1.png", "3.png"]
    for record in project.images():
        if record.name in again:
            assert np.array_equal(again[record.name], project.load_mask(record.id).to_array())
            assert (report.folder / "images" / record.name).read_bytes() == (
                record.path.read_bytes()
            )
    project.close()


def test_undecided_images_are_exported_where_asked(tmp_path: Path) -> None:
    project = painted_project(tmp_path)
    report = write(gather(project, with_undecided=True), "png", tmp_path / "set")
    project.close()
    assert (report.images, report.left_out) == (3, 0)
    assert (read_back("png", report.folder)["2.png"] == UNLABELLED).all()


def test_another_thread_can_write_what_was_gathered(tmp_path: Path) -> None:
    project = painted_project(tmp_path)
    job = gather(project)
    project.close()
    reports: list[ExportReport] = []
    worker = threading.Thread(target=lambda: reports.append(write(job, "coco", tmp_path / "set")))
    worker.start()
    worker.join(30)
    assert reports[0].images == 2


def test_a_project_without_decided_pixels_says_what_to_do(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    with pytest.raises(UserError, match="Paint on an image"):
        export_project(project, "png", tmp_path / "set")
    project.close()
    assert not (tmp_path / "set").exists()


def test_an_unknown_format_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"“nothing”.*png, coco"):
        write(three_images(tmp_path), "nothing", tmp_path / "set")


@both
@pytest.mark.parametrize("orientation", [2, 6])
def test_an_image_that_exif_turns_agrees_with_its_mask_in_every_program(
    tmp_path: Path, format_name: str, orientation: int
) -> None:
    mask = rings(60, 50)
    path = save_image(tmp_path / "photo.tif", mask.shape, orientation=orientation)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    report = write(job_of((path, mask)), format_name, tmp_path / "set")
    assert report.turned == ("photo.png",)
    with Image.open(report.folder / "images" / "photo.png") as image:
        assert not image.getexif()
        assert np.array_equal(np.asarray(image), upright)
    assert np.array_equal(upright[..., 0], np.mgrid[:60, :50][0])
    assert np.array_equal(read_back(format_name, report.folder)["photo.png"], mask)


def test_a_compressed_tiff_that_is_turned_agrees_with_its_mask(tmp_path: Path) -> None:
    upright = np.mgrid[:60, :50][0].astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "scan.tif"
    Image.fromarray(np.rot90(upright)).save(path, exif=exif, compression="tiff_lzw")
    report = write(job_of((path, rings(60, 50))), "coco", tmp_path / "set")
    assert report.turned == ("scan.png",)
    with Image.open(report.folder / "images" / "scan.png") as image:
        assert np.array_equal(np.asarray(image.convert("L")), upright)


@both
@pytest.mark.parametrize("channels", [1, 3])
def test_a_turned_image_of_more_than_8_bits_keeps_its_values(
    tmp_path: Path, format_name: str, channels: int
) -> None:
    upright = (np.arange(60 * 50 * channels) * 7).astype(np.uint16).reshape(60, 50, channels)
    upright = np.ascontiguousarray(upright.squeeze())
    path, mask = tmp_path / "scan.tiff", rings(60, 50)
    photometric = "minisblack" if channels == 1 else "rgb"
    turned = (0x0112, "H", 1, 6, True)
    tifffile.imwrite(path, np.rot90(upright), photometric=photometric, extratags=[turned])
    shown = read_image(path).pixels
    assert shown.shape == (60, 50, 3)
    report = write(job_of((path, mask)), format_name, tmp_path / "set")
    assert report.turned == ("scan.tif",)
    assert report.verified is not None
    assert report.verified.identical == 1
    written = report.folder / "images" / "scan.tif"
    assert np.array_equal(tifffile.imread(written), upright)
    assert np.array_equal(read_image(written).pixels, shown)
    assert np.array_equal(read_back(format_name, report.folder)["scan.tif"], mask)


def test_a_turned_jpeg_of_a_camera_agrees_with_its_mask(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "nasty_images" / "exif_orientation" / "Landscape_6.jpg"
    mask = np.zeros((1200, 1800), np.uint8)
    mask[:300, 900:] = 1
    report = write(job_of((path, mask)), "coco", tmp_path / "set")
    with Image.open(report.folder / "images" / "Landscape_6.png") as image:
        assert image.size == (1800, 1200)
    assert np.array_equal(read_back("coco", report.folder)["Landscape_6.png"], mask)


@both
def test_images_of_the_same_name_keep_their_own_masks(tmp_path: Path, format_name: str) -> None:
    names = ["x/a.png", "x/a.tif", "y/A.png", "y/a-2.png", "y/b.png"]
    items = []
    for value, name in enumerate(names):
        shape = (20 + value, 30)
        items.append((save_image(tmp_path / name, shape), np.full(shape, value % 3, np.uint8)))
    report = write(job_of(*items), format_name, tmp_path / "set")
    again = read_back(format_name, report.folder)
    expected = ["a.png", "a-3.tif", "A-4.png", "a-2.png", "b.png"]
    assert sorted(again) == sorted(expected)
    assert report.renamed == ((items[1][0], "a-3.tif"), (items[2][0], "A-4.png"))
    for (path, mask), name in zip(items, expected, strict=True):
        assert np.array_equal(again[name], mask)
        assert (report.folder / "images" / name).read_bytes() == path.read_bytes()


def test_names_that_differ_only_in_unicode_form_do_not_overwrite_each_other() -> None:
    stems = unique_stems([Path("Zu\u0308rich.png"), Path("Z\u00fcrich.png"), Path("ZÜRICH.png")])
    assert stems == ["Zu\u0308rich", "Z\u00fcrich-2", "ZÜRICH-3"]


@both
@pytest.mark.parametrize("kind", ["folder", "empty folder", "file", "dangling link"])
def test_what_is_there_already_is_never_touched(
    tmp_path: Path, format_name: str, kind: str
) -> None:
    target = tmp_path / "here" / "set"
    target.parent.mkdir()
    if kind == "file":
        target.write_bytes(b"mine")
    elif kind == "dangling link":
        target.symlink_to(tmp_path / "nowhere")
    else:
        target.mkdir()
        if kind == "folder":
            (target / "mine.txt").write_bytes(b"mine")
    before = listing(tmp_path / "here")
    asked: list[bool] = []
    with pytest.raises(UserError, match="nothing is overwritten"):
        write(
            three_images(tmp_path / "pictures"),
            format_name,
            target,
            should_stop=lambda: bool(asked.append(True)),
        )
    assert not asked, "it was said only after the work"
    assert listing(tmp_path / "here") == before
    assert not (tmp_path / "nowhere").exists()


def test_what_appears_there_during_the_export_is_not_touched(tmp_path: Path) -> None:
    target = tmp_path / "here" / "set"

    def someone_else(done: int, total: int) -> None:
        if done == total:
            target.mkdir()
            (target / "theirs.txt").write_bytes(b"theirs")

    with pytest.raises(UserError, match="nothing is overwritten"):
        write(three_images(tmp_path / "pictures"), "png", target, on_progress=someone_else)
    assert listing(tmp_path / "here") == {"set", "set/theirs.txt"}


def break_third(job: ExportJob, how: str) -> None:
    path = job.items[2].image
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    elif how == "another size":
        save_image(path, (61, 50))


@both
@pytest.mark.parametrize(
    ("how", "says"),
    [("missing", "not there any more"), ("truncated", "is truncated"), ("another size", "size")],
)
def test_a_broken_image_is_named_and_the_others_are_exported(
    tmp_path: Path, format_name: str, how: str, says: str
) -> None:
    job = three_images(tmp_path / "pictures")
    break_third(job, how)
    report = write(job, format_name, tmp_path / "set")
    (error,) = report.refused
    assert says in error.what
    assert error.path == str(job.items[2].image)
    assert report.images == 2
    again = read_back(format_name, report.folder)
    assert again.keys() == {"a.png", "b.png"}
    assert {path.name for path in (report.folder / "images").iterdir()} == again.keys()


@both
def test_an_export_without_any_image_that_can_be_read_leaves_nothing(
    tmp_path: Path, format_name: str
) -> None:
    job = three_images(tmp_path / "pictures")
    for item in job.items:
        item.image.unlink()
    with pytest.raises(UserError, match="not there any more") as caught:
        write(job, format_name, tmp_path / "new" / "deep" / "set")
    assert caught.value.path == str(job.items[0].image)
    assert listing(tmp_path) == {"pictures"}


def test_an_image_replaced_since_it_was_painted_is_not_exported(tmp_path: Path) -> None:
    project = painted_project(tmp_path)
    path = project.images()[0].path
    with Image.open(path) as image:
        other = ImageOps.mirror(image)
    other.save(path)
    report = export_project(project, "png", tmp_path / "set")
    project.close()
    (error,) = report.refused
    assert "has changed since it was added" in error.what
    assert error.path == str(path)
    assert path.name not in {copy.name for copy in (tmp_path / "set" / "images").iterdir()}


@both
def test_a_mask_with_a_class_that_is_not_listed_is_refused(
    tmp_path: Path, format_name: str
) -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[3, 4] = 9
    job = job_of((save_image(tmp_path / "a.png", (20, 20)), mask))
    with pytest.raises(UserError, match="holds class 9"):
        write(job, format_name, tmp_path / "set")
    assert listing(tmp_path) == {"a.png"}


@both
@pytest.mark.parametrize("asked", [1, 2, 4])
def test_a_cancelled_export_leaves_nothing(tmp_path: Path, format_name: str, asked: int) -> None:
    job = three_images(tmp_path / "pictures")
    answers = iter([False] * (asked - 1) + [True])
    with pytest.raises(ExportStopped):
        write(job, format_name, tmp_path / "new" / "set", should_stop=lambda: next(answers))
    assert not (tmp_path / "new").exists()


def test_progress_counts_every_image(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write(
        three_images(tmp_path),
        "png",
        tmp_path / "set",
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def refusing(real: Callable[..., int], after: int) -> Callable[..., int]:
    """Answers as a full disk does from the given call on."""
    calls = iter(range(10_000))

    def shim(*arguments: object) -> int:
        if next(calls) >= after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments)

    return shim


@both
@pytest.mark.parametrize("call", ["write_bytes", "write_text", "rename", "fsync"])
@pytest.mark.parametrize("after", [0, 2])
def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, format_name: str, call: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = three_images(tmp_path / "pictures")
    owner = os if call == "fsync" else Path
    once = call in ("write_text", "rename")
    shim = refusing(getattr(owner, call), 0 if once else after)
    monkeypatch.setattr(owner, call, lambda *a, **_: shim(*a))
    if call == "write_text":  # lists that grow are appended to
        real = Path.open

        def opened(path: Path, mode: str = "r", **named: str) -> object:
            return shim(path) if mode == "ab" else real(path, mode, **named)

        monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(
        UserError, match=r"exporting the data set failed.*Free some space"
    ) as caught:
        write(job, format_name, tmp_path / "new" / "set")
    assert caught.value.path == str(tmp_path / "new" / "set")
    assert not (tmp_path / "new").exists()


def test_a_programming_error_leaves_nothing_either(tmp_path: Path) -> None:
    def fail() -> Pixels:
        raise ZeroDivisionError

    good = save_image(tmp_path / "a.png", (20, 20))
    job = ExportJob((ExportItem(good, fail),), CLASSES)
    with pytest.raises(ZeroDivisionError):
        write(job, "coco", tmp_path / "set")
    assert listing(tmp_path) == {"a.png"}


def test_a_single_class_project_keeps_its_undecided_pixels_in_coco(tmp_path: Path) -> None:
    mask = np.full((9, 12), UNLABELLED, np.uint8)
    mask[2:4, 3:9] = 0
    item = ExportItem(save_image(tmp_path / "a.png", mask.shape), mask.copy)
    report = write(ExportJob((item,), make_classes(["ground"])), "coco", tmp_path / "set")
    assert json.loads((report.folder / "annotations.json").read_text())["categories"] == []
    assert np.array_equal(read_back("coco", report.folder)["a.png"], mask)


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
