"""`cnnseg doctor PROJECT` from the command line: what is wrong, and mending with consent."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from commands import answer, make

from cnnseg_gui.cli import main
from cnnseg_gui.core.mirror_round import mirror_round
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.project_lock import lock_project


class Terminal(io.StringIO):
    """Somebody sits there."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with masks, which are in the mirror."""
    folder = make(tmp_path)
    opened = Project.open(folder)
    opened.note_mirrored(mirror_round(opened.path).done)
    opened.close()
    return folder


def damage(project: Path) -> None:
    (project / "project.sqlite").write_bytes(b"no database" * 400)


def masks(project: Path) -> list[np.ndarray]:
    opened = Project.open(project)
    found = [opened.load_mask(record.id).to_array() for record in opened.images()]
    opened.close()
    return found


def test_a_whole_project_is_said_to_be_whole(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "doctor", project)
    assert (found["images"], found["masks"], found["findings"]) == (6, 6, [])
    assert main(["doctor", str(project)]) == 0
    assert "all is whole" in capsys.readouterr().out


def test_damage_is_said_and_only_mended_where_that_is_asked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = masks(project)
    damage(project)
    (finding,) = answer(capsys, "doctor", project, code=1)["findings"]
    assert finding["repair"] == "rebuild"
    assert (project / "project.sqlite").read_bytes() == b"no database" * 400
    assert main(["doctor", str(project), "--repair"]) == 1
    assert "nobody can be asked here. Say --yes" in capsys.readouterr().err
    found = answer(capsys, "doctor", project, "--repair", "--yes")
    assert found["findings"] == []
    assert "made again: 6 masks of 6 images" in found["repaired"][0]
    after = masks(project)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(("said", "code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_somebody_at_a_terminal_is_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch, said: str, code: int
) -> None:
    damage(project)
    monkeypatch.setattr("sys.stdin", Terminal(said))
    assert main(["doctor", str(project), "--repair"]) == code


def test_a_project_that_a_window_has_open_is_not_mended(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(project)
    lock = lock_project(project)
    assert lock is not None
    assert main(["doctor", str(project), "--repair", "--yes"]) == 1
    assert "another window or command has this project open" in capsys.readouterr().err
    lock.unlock()


def test_repair_without_a_project_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["doctor", "--repair"])
    assert stopped.value.code == 2
