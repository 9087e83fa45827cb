"""`cnnseg models`, `classify`, `tag`, and staged training, as a person types them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from commands import ON_CPU, Failing, answer, make, write_pairs

from cnnseg_gui.cli import main


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNSEG_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def test_models_lists_everything_with_size_weights_and_published_scores(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = answer(capsys, "models")
    networks = {item["name"]: item for item in found["networks"]}
    classifiers = {item["name"]: item for item in found["classifiers"]}
    assert len(networks) == 16
    assert len(classifiers) == 15
    assert networks["unet-resnet50"]["weights"] == "not downloaded, 97.8 MiB"
    assert networks["fcn-resnet50"]["published"] == "mean IoU 60.5 %"
    assert classifiers["alexnet"]["published"] == "top-1 56.5 %, top-5 79.1 %"
    assert classifiers["alexnet-2012"]["weights"] == "none published"
    assert classifiers["efficientnet-lite0"]["weights"] == "installed with the program"


def test_models_shows_one_networks_layers(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "models", "alexnet-2012")
    layers = [layer for layer in found["layers"] if layer["parameters"]]
    assert [layer["parameters"] for layer in layers] == [
        *(34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000)
    ]
    assert main(["models", "alexnet-2012"]) == 0
    out = capsys.readouterr().out
    assert "11×11" in out
    assert "34,944" in out


def test_what_cannot_be_downloaded_is_one_line(fails: Failing, refuses: Failing) -> None:
    assert "no weights are published" in fails("models", "alexnet-2012", "--download")
    refuses("models", "--download")
    assert "lenet" in fails("models", "lenet")


def test_weights_come_from_a_mirror_only_if_their_hash_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "resnet18-f37072fd.pth").write_bytes(b"something else")
    arguments = ["models", "resnet18", "--download", "--mirror", str(mirror)]
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert "44.7 MiB" in said
    assert "ImageNet" in said, "the licence is said before"
    assert not list((tmp_path / "weights").glob("*.pth"))


def test_images_are_classified_without_a_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, _ = write_pairs(tmp_path, 2)
    (images / "broken.png").write_bytes(b"no image")
    found = answer(capsys, "classify", images, "--top", 3, *ON_CPU, code=1)
    assert len(found["images"]) == 2
    assert [len(image["labels"]) for image in found["images"]] == [3, 3]
    assert found["failed"] == [str(images / "broken.png")]


def test_a_classifier_that_is_not_here_says_what_to_do(tmp_path: Path, fails: Failing) -> None:
    images, _ = write_pairs(tmp_path, 1)
    line = fails("classify", images, "--model", "vgg16")
    assert "not downloaded, 527.8 MiB" in line
    assert "--download" in line
    project = make(tmp_path / "more", 1)
    assert "taught no classifier" in fails("classify", images, "--model", project)


def test_tags_are_added_listed_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fails: Failing, refuses: Failing
) -> None:
    project = make(tmp_path, 3)

    def tags() -> list[list[str]]:
        return [image["tags"] for image in answer(capsys, "tag", project)["images"]]

    assert main(["tag", str(project), "--add", "bright", "--images", "cell 1", "cell 3.png"]) == 0
    assert tags() == [["bright"], [], ["bright"]]
    assert main(["tag", str(project), "--remove", "bright", "--images", "cell 1"]) == 0
    assert main(["tag", str(project), "--from-folders"]) == 0
    assert tags() == [["images"], ["images"], ["bright", "images"]]
    assert "cell 9" in fails("tag", project, "--add", "x", "--images", "cell 9")
    refuses("tag", project, "--add", "x")


def test_a_tag_is_removed_as_it_was_added_and_one_that_no_image_has_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make(tmp_path, 1)
    typed = unicodedata.normalize("NFD", " gefärbt ")
    call = ("--images", "cell 1")
    assert answer(capsys, "tag", project, "--add", typed, *call)["images"][0]["tags"] == ["gefärbt"]
    assert answer(capsys, "tag", project, "--remove", typed, *call)["images"][0]["tags"] == []
    assert main(["tag", str(project), "--remove", typed, *call]) == 0
    assert "none of these images has the tag “gefärbt”" in capsys.readouterr().err


def test_a_finer_fcn_goes_on_from_the_coarser_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fails: Failing
) -> None:
    project = make(tmp_path, 2)
    fresh = ("--from-scratch", "--steps", 1, *ON_CPU)
    line = fails("train", project, "--network", "fcn16s-vgg16", "--staged", *fresh)
    assert "no revision" in line
    first = answer(capsys, "train", project, "--network", "fcn32s-vgg16", *fresh)
    assert "does not go on from fcn32s-vgg16" in fails(
        "train", project, "--network", "fcn8s-vgg16", "--staged", *fresh
    )
    second = answer(capsys, "train", project, "--network", "fcn16s-vgg16", "--staged", *fresh)
    assert (first["network"], second["network"]) == ("fcn32s-vgg16", "fcn16s-vgg16")
    card = (project / "models" / "r002" / "card.json").read_text()
    assert first["sha256"] in card
    assert '"at_once": false' in card
