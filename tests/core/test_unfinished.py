"""What is on disk of an interrupted fine-tune: the state before or the new one, never half."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cnnseg_gui.core import atomic, unfinished
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.unfinished import UnfinishedRun

RUN = UnfinishedRun(
    model="starter:a", proposing="starter:a", chosen="", classes=("a", "b"), seconds=60.0
)


def files(project: Path) -> list[str]:
    return sorted(path.name for path in (project / "models").rglob("*") if path.is_file())


def test_the_last_state_is_found_and_the_one_before_is_gone(tmp_path: Path) -> None:
    assert unfinished.find(tmp_path) is None
    first = unfinished.store(tmp_path, RUN, b"one")
    second = unfinished.store(tmp_path, msgspec.structs.replace(RUN, step=7, spent=9.0), b"two")
    assert unfinished.find(tmp_path) == second != first
    assert second.left == 51.0
    assert unfinished.state_path(tmp_path, second.sha256).read_bytes() == b"two"
    assert files(tmp_path) == [f"{second.sha256}.safetensors", "training.json"]


def test_nothing_is_left_of_one_that_is_dropped(tmp_path: Path) -> None:
    unfinished.store(tmp_path, RUN, b"one")
    unfinished.drop(tmp_path)
    unfinished.drop(tmp_path)
    assert unfinished.find(tmp_path) is None
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("fails_at", range(4))
def test_a_fault_at_any_write_leaves_the_state_before_or_the_new_one(
    tmp_path: Path, fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = unfinished.store(tmp_path, RUN, b"one")
    calls = 0

    def faulty(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == fails_at + 1:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", faulty)
        with pytest.raises(UserError, match="No space left"):
            unfinished.store(tmp_path, msgspec.structs.replace(RUN, step=9), b"two")
    found = unfinished.find(tmp_path)
    assert found is not None
    state = unfinished.state_path(tmp_path, found.sha256).read_bytes()
    assert (found, state) in (
        (before, b"one"),
        (msgspec.structs.replace(RUN, step=9, sha256=found.sha256), b"two"),
    )
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"sha256": "../../../etc/passwd"}',
        msgspec.json.encode(msgspec.structs.replace(RUN, sha256="../" * 21 + "a")),
        msgspec.json.encode(msgspec.structs.replace(RUN, sha256="ab" * 32)),
        msgspec.json.encode(RUN).replace(b'"seconds":60.0', b'"seconds":-1'),
        msgspec.json.encode(RUN).replace(b'"classes":["a","b"]', b'"classes":7'),
    ],
)
def test_what_is_damaged_is_said_once_and_set_aside(tmp_path: Path, damage: bytes) -> None:
    unfinished.store(tmp_path, RUN, b"one")
    (tmp_path / "models" / ".unfinished" / "training.json").write_bytes(damage)
    with pytest.raises(UserError, match="damaged") as error:
        unfinished.find(tmp_path)
    assert error.value.remedy
    assert unfinished.find(tmp_path) is None
    assert (unfinished.aside(tmp_path) / "training.json").read_bytes() == damage


def test_what_is_set_aside_replaces_what_was_set_aside_before(tmp_path: Path) -> None:
    for _ in range(2):
        unfinished.store(tmp_path, RUN, b"one")
        unfinished.set_aside(tmp_path)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [".unfinished.damaged"]


def test_a_linked_folder_is_not_emptied(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "training.json").write_bytes(b"mine")
    (tmp_path / "models").mkdir()
    try:
        (tmp_path / "models" / ".unfinished").symlink_to(elsewhere)
    except OSError:
        pytest.skip("no links here")
    unfinished.drop(tmp_path)
    assert (elsewhere / "training.json").read_bytes() == b"mine"
