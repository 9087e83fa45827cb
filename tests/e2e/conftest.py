"""A project that has learnt, and commands that must not succeed."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import ON_CPU, THREE_STEPS, TINY, Failing, make

from cnnseg_gui.cli import main


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has learnt for three steps; tests only read it."""
    project = make(tmp_path_factory.mktemp("taught"))
    assert main(["train", str(project), *TINY, *THREE_STEPS, *ON_CPU]) == 0
    return project


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]) -> Failing:
    """Runs a command that must fail with exactly one line; returns it."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        assert main([str(argument) for argument in arguments]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("cnnseg: ")
        assert err.count("\n") == 1, err
        return err

    return run


@pytest.fixture
def refuses(capsys: pytest.CaptureFixture[str]) -> Failing:
    """Runs a command line that is no proper use; returns the line it says."""

    def run(*arguments: object) -> str:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        assert left.value.code == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1, err
        return err

    return run
