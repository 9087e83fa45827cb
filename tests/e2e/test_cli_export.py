"""`cnnseg export` with its options, and `cnnseg formats`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from commands import ON_CPU, THREE_STEPS, TINY, Failing, answer, make
from PIL import Image

from cnnseg_gui.cli import main
from cnnseg_gui.formats.registry import FORMATS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six images with masks."""
    return make(tmp_path_factory.mktemp("export"))


def test_formats_lists_what_can_be_written_and_chosen(capsys: Capture) -> None:
    rows = {row["name"]: row for row in answer(capsys, "formats")["formats"]}
    assert rows.keys() == FORMATS.keys()
    assert rows["coco"]["choices"]["shapes"][0] == "rle"
    assert not rows["cellpose"]["exports"]
    assert main(["formats"]) == 0
    assert "--choice shapes=rle|polygons" in capsys.readouterr().out


def test_an_export_says_that_it_was_read_back(made: Path, tmp_path: Path, capsys: Capture) -> None:
    found = answer(capsys, "export", made, "--format", "coco", "-o", tmp_path / "set")
    assert found["read_back"]["identical"] == found["read_back"]["of"] == 6
    assert main(["export", str(made), "--format", "voc", "-o", str(tmp_path / "voc")]) == 0
    assert "Identical: 6 of 6 images read back by" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(made: Path, tmp_path: Path, capsys: Capture) -> None:
    arguments = ("--format", "png", "-o", tmp_path / "set", "--split", "50/25/25", "--dry-run")
    found = answer(capsys, "export", made, *arguments)
    assert found["images"] == 6
    assert sum(found["splits"].values()) == 6
    assert found["classes"]["cell"] == {"pixels": 6 * 256, "images": 6}
    assert not (tmp_path / "set").exists()


def test_classes_splits_tiles_links_and_the_licence(
    made: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "set"
    arguments = ["--map", "cell=thing", "--split", "60/20/20", "--seed", "5", "--licence", "CC0"]
    arguments += ["--tiles", "32", "--choice", "values=grey", "--no-tags", "--group", "prefix"]
    found = answer(
        capsys, "export", made, "--format", "png", "-o", out, *arguments, "--separator", "."
    )
    assert found["images"] == 6 * 4
    card = json.loads((out / "dataset.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in card["classes"]] == ["background", "thing"]
    assert card["licence"] == "CC0"
    by_source: dict[str, set[str]] = {}
    for row in card["images"]:
        by_source.setdefault(row["source"], set()).add(row["split"])
    assert all(len(parts) == 1 for parts in by_source.values())


def test_replacing_an_export_needs_to_be_said(
    made: Path, tmp_path: Path, capsys: Capture, fails: Failing
) -> None:
    out = tmp_path / "set"
    answer(capsys, "export", made, "--format", "coco", "-o", out)
    assert "nothing is overwritten" in fails("export", made, "--format", "png", "-o", out)
    answer(capsys, "export", made, "--format", "png", "-o", out, "--replace")
    assert (out / "masks").is_dir()
    assert not (out / "annotations.json").exists()


def test_images_can_be_linked_and_referred_to(made: Path, tmp_path: Path, capsys: Capture) -> None:
    linked = tmp_path / "linked"
    answer(capsys, "export", made, "--format", "png", "-o", linked, "--images", "link")
    source = made.parent / "images" / "cell 1.png"
    assert (linked / "images" / "cell 1.png").samefile(source)
    answer(capsys, "export", made, "--format", "coco", "-o", tmp_path / "r", "--images", "refer")
    assert not list((tmp_path / "r").rglob("*.png"))


def test_only_approved_images_where_there_are_any(
    made: Path, tmp_path: Path, fails: Failing
) -> None:
    said = fails("export", made, "--format", "png", "-o", tmp_path / "set", "--approved")
    assert "no image is approved" in said


def test_a_composite_needs_a_model_and_says_which(
    tmp_path: Path, capsys: Capture, fails: Failing
) -> None:
    project = make(tmp_path)
    out = tmp_path / "set"
    arguments = ["export", str(project), "--format", "png", "-o", str(out), "--composite"]
    assert "learnt nothing yet" in fails(*arguments)
    assert main(["train", str(project), *TINY, *THREE_STEPS, *ON_CPU]) == 0
    Image.fromarray(np.full((48, 64, 3), 70, np.uint8)).save(tmp_path / "more.png")
    found = answer(capsys, *arguments, "--all", *ON_CPU)
    assert found["composite"].startswith("r0")
    for path in (out / "masks").glob("*.png"):
        with Image.open(path) as mask:
            assert np.asarray(mask).max() < 2, "a pixel is undecided"


@pytest.mark.parametrize(
    "arguments", [("--split", "x"), ("--choice", "values"), ("--tiles", "0"), ("--group", "moon")]
)
def test_wrong_usage_is_told_at_once(arguments: tuple[str, str], refuses: Failing) -> None:
    assert refuses("export", "p", "--format", "png", "-o", "x", *arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--map", "moon=cell"), "no class “moon”"),
        (("--choice", "shapes=rle"), "no choice “shapes”"),
        (("--images", "refer"), "Copy or link"),
    ],
)
def test_options_that_do_not_fit_are_one_line(
    made: Path, tmp_path: Path, arguments: tuple[str, str], says: str, fails: Failing
) -> None:
    assert says in fails("export", made, "--format", "png", "-o", tmp_path / "set", *arguments)
