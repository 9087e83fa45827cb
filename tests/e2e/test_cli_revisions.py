"""`cnnseg revisions` and `cnnseg promote`: what was learnt, and going back to any of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from commands import ON_CPU, Failing, answer, make, needs_starter

from cnnseg_gui.cli import main
from cnnseg_gui.commands import train
from cnnseg_gui.core.model_choice import choose, chosen, proposing
from cnnseg_gui.core.project import Project


@pytest.fixture
def twice(taught: Path, tmp_path: Path) -> Path:
    """A project with two revisions, the second from the first."""
    shutil.copytree(taught.parent, tmp_path, dirs_exist_ok=True)
    project = tmp_path / "project"
    assert main(["train", str(project), "--steps", "2", *ON_CPU, "--promote"]) == 0
    return project


def test_every_revision_is_a_line_and_the_one_that_proposes_has_a_star(
    twice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["revisions", str(twice)]) == 0
    first, second, ahead = capsys.readouterr().out.splitlines()
    assert ahead == "forecast: too early to tell: 1 of 4 scores"  # both are from five images
    assert first.startswith("+ r001  2")
    assert second.startswith("* r002  2")
    assert "unet from r001, 5 images, 2 steps: held-out IoU 0." in second


def test_the_numbers_are_those_of_the_card(twice: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "revisions", twice)
    assert found["current"] == "r002"
    first, second = found["revisions"]
    assert (first["proposes"], second["proposes"]) == (False, True)
    assert second["parent"] == "r001"
    for facts in found["revisions"]:
        card = json.loads((Path(facts["folder"]) / "card.json").read_bytes())
        assert facts["sha256"] == card["sha256"]
        assert facts["iou"] == card["metrics"]["iou"]
        assert facts["check"] == card["check"]
        assert facts["by_class"] == card["by_class"]
        assert facts["check"]["outcome"] == "unproven"  # one image is held out


def test_one_goes_back_and_forward_again(twice: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "promote", twice, "r001")
    assert (found["revision"], found["before"]) == ("r001", "r002")
    assert answer(capsys, "revisions", twice)["current"] == "r001"
    project = Project.open(twice)
    project.revisions.set_title("r002", "the good one")
    project.close()
    assert main(["promote", str(twice), "the good one"]) == 0
    assert "r002 proposes now instead of r001: held-out IoU" in capsys.readouterr().out


def test_what_was_chosen_in_the_window_proposes_until_a_revision_is_promoted(
    twice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.open(twice)
    choose(project, "starter:fcn-lite0", knows=True, mapping={"cell": "nucleus"})
    found = answer(capsys, "revisions", twice)
    assert (found["current"], found["proposing"]) == (None, "starter:fcn-lite0")
    assert not any(facts["proposes"] for facts in found["revisions"])
    assert main(["revisions", str(twice)]) == 0
    assert "the starter fcn-lite0 proposes" in capsys.readouterr().out.splitlines()
    assert main(["promote", str(twice), "r001"]) == 0
    assert "r001 proposes now instead of the starter fcn-lite0" in capsys.readouterr().out
    assert answer(capsys, "revisions", twice)["current"] == "r001"
    assert proposing(project) == f"weights:{project.revisions.named('r001').sha256}"
    assert chosen(project) == ""  # what is taught next is the same
    assert project.setting("class_mapping") == "{}"
    project.close()


@needs_starter
def test_training_goes_on_from_what_proposes(twice: Path) -> None:
    project = Project.open(twice)
    assert train.proposing(project).card.network == "unet"
    choose(project, "starter:fcn-lite0", knows=True)
    assert train.proposing(project).card.network == "fcn-lite0"
    project.close()


def test_a_network_that_is_to_be_taught_next_makes_room_for_what_is_promoted(
    twice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.open(twice)
    choose(project, "new:unet?width=8")
    assert answer(capsys, "revisions", twice)["current"] == "r002"
    assert answer(capsys, "promote", twice, "r001")["before"] == "r002"
    assert chosen(project) == ""
    project.close()


def test_a_revision_that_is_not_there_is_said_with_those_that_are(
    twice: Path, fails: Failing
) -> None:
    assert "Choose one of r001, r002." in fails("promote", twice, "r009")


def test_before_the_first_one_the_starter_proposes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fails: Failing
) -> None:
    project = make(tmp_path, 1)
    found = answer(capsys, "revisions", project)
    assert (found["current"], found["revisions"]) == (None, [])
    assert main(["revisions", str(project)]) == 0
    assert capsys.readouterr().out == "no revision yet: the starter fcn-lite0 proposes\n"
    assert "Teach the network first" in fails("promote", project, "r001")


def test_what_was_learnt_and_is_no_better_is_kept_but_does_not_propose(
    twice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fresh network that has had one step stands no chance beside what was promoted."""
    found = answer(capsys, "train", twice, "--network", "unet", "--steps", 1, *ON_CPU)
    listed = answer(capsys, "revisions", twice)
    newest = listed["revisions"][-1]
    assert newest["revision"] == found["revision"] == "r003"
    assert newest["check"] == found["check"]
    assert bool(newest["promoted"]) == found["promoted"]
    assert listed["current"] == ("r003" if found["promoted"] else "r002")
