"""A fault at every single change of a file: the previous or the new state opens, never neither."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.core.fault_operations import OPERATIONS
from tests.core.fault_shim import Fault
from tests.core.sqlite_shim import sqlite_can_be_watched

_ROOT = Path(__file__).parents[2]
_ALL_FAULTS = ("stroke", "mirror", "revision", "class edit", "images")
_KINDS = {
    "stroke": {"sqlite write", "sqlite sync", "unlink"},
    "mirror": {"open", "write", "fsync", "replace"},
    "revision": {"mkdir", "open", "write", "fsync", "rename", "sqlite write"},
}

pytestmark = pytest.mark.skipif(
    not sqlite_can_be_watched(), reason="this SQLite's system calls cannot be replaced"
)


def reported(module: str, *arguments: str) -> dict[str, Any]:
    """What a helper process found."""
    ended = subprocess.run(
        [sys.executable, "-m", f"tests.core.{module}", *arguments],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("operation", _ALL_FAULTS)
def test_a_fault_at_any_change_leaves_the_old_or_the_new_state(
    tmp_path: Path, operation: str, fault: Fault
) -> None:
    result = reported("fault_process", str(tmp_path), operation, fault)
    assert not result["problems"]
    assert result["changes"] > 15
    assert set(result["kinds"]) >= _KINDS.get(operation, {"sqlite write", "sqlite sync"})
    assert "new" in result["found"]


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {*_ALL_FAULTS, "creation"}))
def test_a_kill_in_the_middle_of_any_change_leaves_the_old_or_the_new_state(
    tmp_path: Path, operation: str
) -> None:
    result = reported("fault_process", str(tmp_path), operation, Fault.TORN)
    assert not result["problems"]
    assert result["changes"] > 15


@pytest.mark.parametrize("fault", [Fault.TORN, Fault.FULL, Fault.FULL_ONCE])
def test_a_project_whose_making_failed_can_be_made_again(tmp_path: Path, fault: Fault) -> None:
    result = reported("fault_process", str(tmp_path), "creation", fault)
    assert not result["problems"]
    assert result["changes"] > 15


def test_a_power_cut_at_any_change_leaves_a_state_that_was_committed(tmp_path: Path) -> None:
    result = reported("crash_images", str(tmp_path), "--every", "3")
    assert not result["problems"]
    assert result["syncs"] >= 4  # of the log and of the database, by two checkpoints
    assert result["looked_at"] > 150
