"""`cnnseg` without the computing: projects, scores, exports; one clear line for what is wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import (
    CLASSES,
    ON_CPU,
    SIZE,
    VALUES,
    Failing,
    answer,
    make,
    run_module,
    write_pairs,
)
from PIL import Image

from cnnseg_gui import __version__
from cnnseg_gui.cli import main
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.project import Project
from cnnseg_gui.resources import starter_folder


def test_imported_masks_are_decided_pixels_and_one_undoable_gesture_each(tmp_path: Path) -> None:
    project = Project.open(make(tmp_path))
    try:
        for record in project.images():
            mask = project.load_mask(record.id)
            with Image.open(tmp_path / "masks" / record.name) as truth:
                assert np.array_equal(mask.to_array(), np.asarray(truth) // 255)
            assert project.undo_name(record.id) == "Import mask"
            project.undo(mask)
            assert (mask.to_array() == UNLABELLED).all()
            assert project.undo_name(record.id) is None
    finally:
        project.close()


def test_values_without_a_name_become_unlabelled_and_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, masks = write_pairs(tmp_path, 1)
    mask = np.zeros(SIZE, np.uint8)
    mask[:2, :5] = 7
    Image.fromarray(mask).save(masks / "cell 1.png")
    arguments = ("new", tmp_path / "p", "--images", images, "--masks", masks, *CLASSES, *VALUES)
    assert main([str(argument) for argument in arguments]) == 0
    assert "the value 7 is no class: 10 pixels became unlabelled" in capsys.readouterr().err
    project = Project.open(tmp_path / "p")
    (record,) = project.images()
    project.close()
    assert record.decided == {0: mask.size - 10}


def test_masks_of_0_and_255_without_a_map_are_imported_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, masks = write_pairs(tmp_path, 2)
    found = answer(capsys, "new", tmp_path / "p", "--images", images, "--masks", masks, *CLASSES)
    assert found["void_pixels"] == 2 * 16 * 16
    assert found["decided"]["cell"] == 0


def test_a_broken_image_is_named_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, _ = write_pairs(tmp_path, 2)
    whole = (images / "cell 1.png").read_bytes()
    (images / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert main(["new", str(tmp_path / "p"), "--images", str(images)]) == 0
    out, err = capsys.readouterr()
    assert "2 images" in out
    assert "cut.png" in err
    assert err.count("\n") == 1


def test_a_mask_of_another_size_never_attaches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, masks = write_pairs(tmp_path, 2)
    Image.new("L", (SIZE[1], SIZE[0] + 1)).save(masks / "cell 2.png")
    found = answer(
        capsys, "new", tmp_path / "p", "--images", images, "--masks", masks, *CLASSES, *VALUES
    )
    assert (found["images"], found["masks"], found["masks_refused"]) == (2, 1, 1)
    project = Project.open(tmp_path / "p")
    assert [bool(record.decided) for record in project.images()] == [True, False]
    project.close()


def test_what_cannot_become_a_project_leaves_none_behind(tmp_path: Path, fails: Failing) -> None:
    images, masks = write_pairs(tmp_path, 1)
    broken, empty = tmp_path / "broken.png", tmp_path / "empty"
    broken.write_bytes(b"not an image")
    empty.mkdir()
    project = tmp_path / "p"
    assert "no such file" in fails("new", project, "--images", tmp_path / "missing.png")
    assert "no images here" in fails("new", project, "--images", empty)
    assert "no images here" in fails("new", project, "--images", images, "--masks", empty)
    shutil.move(masks / "cell 1.png", masks / "other.png")
    assert "no mask has the name" in fails("new", project, "--images", images, "--masks", masks)
    assert not project.exists()


def test_a_project_is_never_made_over_another(tmp_path: Path, fails: Failing) -> None:
    project = make(tmp_path)
    before = (project / "project.sqlite").read_bytes()
    assert "already" in fails("new", project, "--images", tmp_path / "images")
    assert (project / "project.sqlite").read_bytes() == before


# ---------------------------------------------------------------------- evaluate


def write_masks(folder: Path, **masks: np.ndarray) -> Path:
    folder.mkdir()
    for name, mask in masks.items():
        Image.fromarray(mask.astype(np.uint8)).save(folder / f"{name}.png")
    return folder


def test_scores_are_those_counted_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = write_masks(tmp_path / "truth", a=np.array([[0, 0, 255, 255, 9]]), b=np.zeros((2, 2)))
    said = write_masks(tmp_path / "said", a=np.array([[0, 1, 1, 1, 0]]), c=np.zeros((2, 2)))
    found = answer(capsys, "evaluate", said, "--against", truth, *CLASSES, *VALUES)
    assert (found["images"], found["missing"]) == (1, 1)
    background, cell = found["classes"]
    assert background == {"name": "background", "iou": 1 / 2, "dice": 2 / 3}
    assert cell == {"name": "cell", "iou": 2 / 3, "dice": 4 / 5}
    assert found["mean_iou"] == pytest.approx(7 / 12)
    assert found["pixel_accuracy"] == 3 / 4
    assert found["unnamed_values"] == {"9": 1}


def test_unlabelled_predictions_count_as_wrong_and_ignored_truth_does_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = write_masks(tmp_path / "truth", a=np.array([[0, 0, 1, 1, 3, 3]]))
    said = write_masks(tmp_path / "said", a=np.array([[0, 255, 1, 1, 0, 1]]))
    found = answer(capsys, "evaluate", said, "--against", truth, "--ignore", 3)
    assert [entry["iou"] for entry in found["classes"]] == [1 / 2, 1.0]
    assert found["predicted_as_no_class"] == 1


def test_a_missing_prediction_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = write_masks(tmp_path / "truth", a=np.array([[0, 1]]), b=np.array([[0, 1]]))
    said = write_masks(tmp_path / "said", a=np.array([[0, 1]]))
    assert main(["evaluate", str(said), "--against", str(truth)]) == 0
    out, err = capsys.readouterr()
    assert err == "1 true mask without a prediction\n"
    assert "1.0000" in out


def test_nothing_to_compare_is_a_failure(tmp_path: Path, fails: Failing) -> None:
    truth = write_masks(tmp_path / "truth", a=np.array([[0, 1]]))
    said = write_masks(tmp_path / "said", b=np.array([[0, 1]]))
    assert "no prediction" in fails("evaluate", said, "--against", truth)
    blank = write_masks(tmp_path / "blank", b=np.full((1, 2), 255))
    assert "no pixel" in fails("evaluate", said, "--against", blank)


# ---------------------------------------------------------------------- export, models, doctor


def test_an_export_agrees_with_what_was_imported(
    taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, truth = tmp_path / "data set", taught.parent / "masks"
    assert main(["export", str(taught), "--format", "png", "-o", str(out)]) == 0
    found = answer(capsys, "evaluate", out / "masks", "--against", truth, *CLASSES, *VALUES)
    assert (found["images"], found["missing"], found["pixel_accuracy"]) == (6, 0, 1.0)
    for path in truth.iterdir():
        with Image.open(path) as true, Image.open(out / "masks" / path.name) as exported:
            assert np.array_equal(np.asarray(true) // 255, np.asarray(exported))


def test_exporting_twice_into_one_folder_is_refused(
    taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fails: Failing
) -> None:
    out = tmp_path / "coco"
    found = answer(capsys, "export", taught, "--format", "coco", "-o", out)
    assert found["images"] == 6
    assert (out / "annotations.json").is_file()
    assert str(out) in fails("export", taught, "--format", "coco", "-o", out)


def test_networks_are_listed_with_their_parameters(
    capsys: pytest.CaptureFixture[str], fails: Failing
) -> None:
    found = answer(capsys, "models")
    parameters = {entry["name"]: entry["parameters"] for entry in found["networks"]}
    assert parameters["unet"] == 31_037_698
    (unet,) = answer(capsys, "models", "unet")["networks"]
    assert unet["options"]["width"] == 64
    assert "no network, starter or classifier" in fails("models", "nothing")


def doctor_code() -> int:
    """1 while no starter is in the checkout, which is all that may be missing here."""
    return 0 if (starter_folder() / "fcn-lite0" / "card.json").is_file() else 1


def test_the_doctor_finds_what_is_installed_and_what_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    complete = doctor_code() == 0
    found = answer(capsys, "doctor", *ON_CPU, code=doctor_code())
    assert found["versions"]["cnnseg-gui"] == __version__
    assert found["device"]["precision"] in ("float32", "bfloat16")
    assert found["device"]["milliseconds"]["float32"] > 0
    assert found["lite0_sha256"].startswith("57934424")
    assert found["window"] == "offscreen"
    assert bool(found["problems"]) is not complete
    assert ("fcn-lite0" in found["starters"]) is complete


def test_the_doctor_finds_a_window_that_cannot_be_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "abacus")
    assert answer(capsys, "doctor", *ON_CPU, code=doctor_code())["window"] == "offscreen"
    (tmp_path / "PySide6.py").write_text("raise ImportError('libEGL.so.1: no such file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = answer(capsys, "doctor", *ON_CPU, code=1)
    assert found["window"] == ""
    assert any("cannot be opened: ImportError: libEGL" in line for line in found["problems"])


# ---------------------------------------------------------------------- usage, and the process


def test_wrong_usage_is_one_line_and_exit_code_2(taught: Path, refuses: Failing) -> None:
    assert "COMMAND" in refuses()
    assert "invalid choice" in refuses("paint")
    assert "--images" in refuses("new", "p")
    assert "is not VALUE=CLASS" in refuses("new", "p", "--images", "i", "--mask-values", "0")
    assert "named twice" in refuses("new", "p", "--images", "i", "--mask-values", "0=a,0=b")
    assert "is there twice" in refuses("new", "p", "--images", "i", "--classes", "a,a")
    assert "not one of" in refuses("new", "p", "--images", "i", *CLASSES, "--mask-values", "0=dog")
    assert "not allowed with" in refuses("train", "p", "--seconds", "1", "--steps", "1")
    assert "above 0" in refuses("train", "p", "--steps", "0")
    assert "above 0" in refuses("train", "p", "--seconds", "nan")
    assert "need --network" in refuses("train", "p", "--option", "width=8")
    assert "only unet" in refuses("train", taught, "--network", "transformer")
    assert "invalid choice" in refuses("export", "p", "--format", "tarot", "-o", "x")
    assert "passes over" in refuses("evaluate", "p", "--against", "t", "--ignore", "0", *VALUES)


def test_an_option_or_a_device_that_there_is_not_fails_in_one_line(
    taught: Path, capsys: pytest.CaptureFixture[str], fails: Failing
) -> None:
    assert "colour" in fails("train", taught, "--network", "unet", "--option", "colour=8")
    assert "no device" in fails("train", taught, "--device", "abacus")


def test_the_version_is_printed() -> None:
    done = run_module("--version")
    assert (done.returncode, done.stdout) == (0, f"CNNSeg {__version__}\n")


def test_commands_that_compute_nothing_never_load_torch(tmp_path: Path) -> None:
    images, masks = write_pairs(tmp_path, 2)
    code = (
        "import sys; from cnnseg_gui.cli import main; p, i, m, o = sys.argv[1:]\n"
        "assert main(['new', p, '--images', i, '--masks', m]) == 0\n"
        "assert main(['export', p, '--format', 'coco', '-o', o]) == 0\n"
        "assert main(['evaluate', m, '--against', m]) == 0\n"
        "assert not {'torch', 'PySide6'} & set(sys.modules)\n"
    )
    paths = (tmp_path / "p", images, masks, tmp_path / "out")
    command = [sys.executable, "-c", code, *map(str, paths)]
    subprocess.run(command, check=True, timeout=100, capture_output=True)


def test_the_engine_gets_its_own_arguments_and_ends_with_its_pipe() -> None:
    assert "usage: cnnseg engine" in run_module("engine", "--help").stdout
    assert run_module("engine", *ON_CPU).returncode == 0


def test_images_that_moved_or_changed_are_named_and_the_others_are_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make(tmp_path, 3)
    images = tmp_path / "images"
    (tmp_path / "far").mkdir()
    (images / "cell 1.png").rename(tmp_path / "far" / "x.png")
    (images / "cell 2.png").write_bytes((images / "cell 3.png").read_bytes())
    arguments = ("export", project, "--format", "png", "--output")
    found = answer(capsys, *arguments, tmp_path / "one", code=1)
    assert (found["images"], len(found["refused"])) == (1, 2)
    assert "cell 1.png: this image is not there any more" in found["refused"][0]
    assert "cell 2.png: this file has changed" in found["refused"][1]
    more = (tmp_path / "two", "--look-in", tmp_path / "far")
    assert answer(capsys, *arguments, *more, code=1)["images"] == 2
    opened = Project.open(project)
    assert opened.images()[0].path == tmp_path / "far" / "x.png"
    opened.close()


def test_looking_in_a_folder_that_is_not_there_is_one_line(tmp_path: Path, fails: Failing) -> None:
    project = make(tmp_path, 1)
    arguments = ("export", project, "--format", "png", "-o", tmp_path / "set", "--look-in")
    assert "no such folder" in fails(*arguments, tmp_path / "nowhere")
