"""`cnnseg train` and `cnnseg segment`: revisions and masks without a window."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import (
    CLASSES,
    ON_CPU,
    SIZE,
    THREE_STEPS,
    TINY,
    VALUES,
    Failing,
    answer,
    make,
    needs_starter,
    write_pairs,
)
from PIL import Image

from cnnseg_gui.cli import main
from cnnseg_gui.core.classes import palette_table
from cnnseg_gui.core.project import Project
from cnnseg_gui.resources import starter_folder


def pairs_of_cells(folder: Path) -> Path:
    """A project of two images with two cells each, four pixels apart."""
    images, masks = write_pairs(folder, 2)
    for path in masks.iterdir():
        cells = np.zeros(SIZE, np.uint8)
        cells[10:40, 8:28] = cells[10:40, 32:52] = 255
        Image.fromarray(cells).save(path)
    project = folder / "project"
    arguments = ["new", str(project), "--images", str(images), "--masks", str(masks)]
    assert main([*arguments, *CLASSES, *VALUES]) == 0
    return project


def test_a_revision_has_weights_and_a_card_that_says_how_it_was_made(taught: Path) -> None:
    folder = taught / "models" / "r001"
    card = json.loads((folder / "card.json").read_bytes())
    weights = (folder / "model.safetensors").read_bytes()
    assert card["sha256"] == hashlib.sha256(weights).hexdigest()
    assert card["network"] == "unet"
    assert card["options"] == {"width": 8}
    assert (card["seed"], card["steps"]) == (7, 3)
    assert (card["images"], card["held_out"]) == (5, 1)
    assert set(card["decided"]) == {"background", "cell"}
    assert set(card["metrics"]) == {"iou", "iou_before", "iou_proposing", "kept_step"}
    assert card["command"].startswith("cnnseg train ")
    assert card["command"].endswith(" ".join((*TINY, *THREE_STEPS, *ON_CPU)))


def test_training_again_continues_from_the_newest_revision(
    taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    shutil.copytree(taught.parent, tmp_path, dirs_exist_ok=True)
    first = json.loads((project / "models" / "r001" / "card.json").read_bytes())
    found = answer(capsys, "train", project, "--steps", 1, *ON_CPU)
    assert found["revision"] == "r002"
    second = json.loads((project / "models" / "r002" / "card.json").read_bytes())
    assert second["parent"] == first["sha256"]
    assert second["options"] == {"width": 8}


def test_an_image_that_changed_is_left_out_of_training(
    taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(taught.parent, tmp_path, dirs_exist_ok=True)
    Image.new("RGB", (SIZE[1], SIZE[0])).save(tmp_path / "images" / "cell 1.png")
    (tmp_path / "images" / "cell 2.png").unlink()
    found = answer(capsys, "train", tmp_path / "project", "--steps", 1, *ON_CPU)
    assert (found["images"], found["held_out"]) == (3, 1)


@needs_starter
def test_the_first_training_begins_with_the_starter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starter = json.loads((starter_folder() / "fcn-lite0" / "card.json").read_bytes())
    project = make(tmp_path)
    assert answer(capsys, "train", project, "--steps", 1, *ON_CPU)["network"] == "fcn-lite0"
    card = json.loads((project / "models" / "r001" / "card.json").read_bytes())
    assert card["parent"] == starter["sha256"]


def test_from_scratch_does_without_the_pretrained_encoder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make(tmp_path, 1)
    arguments = ("--network", "unet-lite0", "--from-scratch", "--steps", 1)
    answer(capsys, "train", project, *arguments, *ON_CPU)
    card = json.loads((project / "models" / "r001" / "card.json").read_bytes())
    assert card["options"] == {"pretrained": False}


@pytest.mark.parametrize("loss", ["--borders", "--plain"])
def test_another_loss_makes_another_revision(
    loss: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = pairs_of_cells(tmp_path)
    arguments = ("train", project, *TINY, *THREE_STEPS, *ON_CPU)
    usual = answer(capsys, *arguments)["sha256"]
    assert answer(capsys, *arguments, loss)["sha256"] != usual
    assert answer(capsys, *arguments)["sha256"] == usual


def test_training_without_decided_pixels_says_so(tmp_path: Path, fails: Failing) -> None:
    images, _ = write_pairs(tmp_path, 1)
    assert main(["new", str(tmp_path / "p"), "--images", str(images)]) == 0
    assert "nothing to learn from" in fails("train", tmp_path / "p", *TINY, *ON_CPU)
    assert "no project here" in fails("train", images, *TINY)
    assert not (tmp_path / "p" / "models").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C cannot be sent to one process there")
def test_ctrl_c_stops_training_without_a_revision(tmp_path: Path) -> None:
    project = make(tmp_path, 1)
    # whoever runs the tests in the background has them begin with Ctrl+C ignored: not so its child
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "cnnseg_gui.cli", "train", project, *TINY, *ON_CPU],
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    with process:
        assert process.stderr is not None
        while not process.stderr.readline().startswith("step 1:"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.splitlines()[-1].endswith("stopped; no revision was made. The last one stays.")
    assert "Traceback" not in err
    assert not (project / "models").exists()


# ---------------------------------------------------------------------- segment


def test_segmenting_with_a_project_gives_indexed_masks_in_its_colours(
    taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = taught.parent / "images"
    out = tmp_path / "made" / "here"
    found = answer(capsys, "segment", images, "--model", taught, "-o", out, *ON_CPU)
    assert found["classes"] == ["background", "cell"]
    assert {path.name for path in out.iterdir()} == {path.name for path in images.iterdir()}
    project = Project.open(taught)
    palette = palette_table(project.classes)
    project.close()
    with Image.open(out / "cell 1.png") as mask:
        assert (mask.mode, mask.size) == ("P", (SIZE[1], SIZE[0]))
        assert np.asarray(mask).max() <= 1
        assert bytes(mask.getpalette() or [])[:6] == palette[:2].tobytes()


def test_a_project_its_file_and_its_weights_are_the_same_model(
    taught: Path, tmp_path: Path
) -> None:
    image = taught.parent / "images" / "cell 1.png"
    revision = taught / "models" / "r001"
    models = (taught, taught / "project.sqlite", revision, revision / "model.safetensors")
    masks = []
    for number, model in enumerate(models):
        out = tmp_path / str(number)
        assert main(["segment", str(image), "--model", str(model), "-o", str(out), *ON_CPU]) == 0
        masks.append(np.asarray(Image.open(out / "cell 1.png")))
    assert all(np.array_equal(mask, masks[0]) for mask in masks)


@needs_starter
def test_a_starter_segments_by_its_name(tmp_path: Path) -> None:
    images, _ = write_pairs(tmp_path, 1)
    out = tmp_path / "out"
    assert main(["segment", str(images), "--model", "unet-lite0", "-o", str(out), *ON_CPU]) == 0
    assert (out / "cell 1.png").is_file()


def test_segmenting_goes_on_after_a_broken_image_but_exits_1(
    taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, _ = write_pairs(tmp_path, 2)
    (images / "cell 1.png").write_bytes(b"broken")
    out = tmp_path / "out"
    found = answer(capsys, "segment", images, "--model", taught, "-o", out, *ON_CPU, code=1)
    assert [Path(entry["mask"]).name for entry in found["masks"]] == ["cell 2.png"]
    assert [Path(path).name for path in found["failed"]] == ["cell 1.png"]


def test_segmenting_never_overwrites_an_image(taught: Path, tmp_path: Path, fails: Failing) -> None:
    images, _ = write_pairs(tmp_path, 1)
    before = (images / "cell 1.png").read_bytes()
    assert "overwrite" in fails("segment", images, "--model", taught, "-o", images)
    shutil.copy(images / "cell 1.png", images / "cell 1.bmp")
    assert "of this name" in fails("segment", images, "--model", taught, "-o", tmp_path / "out")
    assert (images / "cell 1.png").read_bytes() == before


def test_a_model_that_is_none_is_named_in_one_line(
    taught: Path, tmp_path: Path, fails: Failing
) -> None:
    image, out = taught.parent / "images" / "cell 1.png", tmp_path / "out"

    def segment_with(model: object) -> str:
        return fails("segment", image, "--model", model, "-o", out)

    assert "no such model" in segment_with("nothing")
    copy = shutil.copytree(taught / "models" / "r001", tmp_path / "copy")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "not those of the model's card" in segment_with(weights)
    (copy / "card.json").write_text("{")
    assert "card is damaged" in segment_with(weights)
    (copy / "card.json").unlink()
    assert "card.json" in segment_with(weights)
    untaught = make(tmp_path / "untaught")
    assert "learnt nothing yet" in segment_with(untaught)
    assert not out.exists()


def test_segmenting_again_goes_on_where_it_was_and_leaves_out_what_is_not_sure(
    taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, out = taught.parent / "images", tmp_path / "out"
    call = ("segment", images, "--model", taught, "-o", out, *ON_CPU)
    first = answer(capsys, *call, "--above", "0.99")
    names = sorted(Path(found["mask"]).name for found in first["masks"])
    with Image.open(out / names[0]) as picture:
        assert (np.asarray(picture) == 255).any(), "nobody is sure of every pixel"
    (out / names[-1]).unlink()
    kept = (out / names[0]).stat().st_mtime_ns
    again = answer(capsys, *call, "--resume")
    assert [Path(found["mask"]).name for found in again["masks"]] == [names[-1]]
    assert (out / names[0]).stat().st_mtime_ns == kept
