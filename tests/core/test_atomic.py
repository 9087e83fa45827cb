"""A fault while saving leaves the old file or the new one, and nothing beside it."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from cnnseg_gui.core.atomic import sweep, write_atomically
from cnnseg_gui.core.errors import UserError


class Refusing:
    """Answers as the operating system does when it fails, from the n-th call on."""

    def __init__(self, real: object, error: OSError, *, calls: range) -> None:
        self._real, self._error, self._calls, self.asked = real, error, calls, 0

    def __call__(self, *arguments: object) -> object:
        self.asked += 1
        if self.asked - 1 in self._calls:
            raise self._error
        assert callable(self._real)
        return self._real(*arguments)


def disk_full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def in_use() -> OSError:
    """What Windows says while a virus scanner has the file open."""
    error = PermissionError(errno.EACCES, "in use")
    error.winerror = 32  # type: ignore[attr-defined,unused-ignore]
    return error


def test_a_saved_file_holds_the_new_bytes_and_nothing_else_is_there(tmp_path: Path) -> None:
    for data in (b"old", b"", b"new" * 100_000):
        write_atomically(tmp_path / "mask.png", data)
        assert (tmp_path / "mask.png").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are inherited there")
def test_others_may_read_what_the_umask_lets_them_read(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_atomically(tmp_path / "mask.png", b"1")
    assert stat.S_IMODE((tmp_path / "mask.png").stat().st_mode) == stat.S_IMODE(
        plain.stat().st_mode
    )


@pytest.mark.parametrize(("owner", "call"), [(os, "fsync"), (Path, "replace")])
def test_a_full_disk_keeps_the_old_file_and_leaves_nothing_beside_it(
    tmp_path: Path, owner: object, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomically(tmp_path / "mask.png", b"old")
    shim = Refusing(getattr(owner, call), disk_full(), calls=range(1))
    monkeypatch.setattr(owner, call, lambda *a: shim(*a))
    with pytest.raises(UserError, match="Free some space"):
        write_atomically(tmp_path / "mask.png", b"new")
    assert (tmp_path / "mask.png").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not synced there")
def test_a_drive_that_cannot_sync_folders_saves_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cannot = OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    shim = Refusing(os.fsync, cannot, calls=range(1, 2))  # the file is synced first
    monkeypatch.setattr(os, "fsync", lambda handle: shim(handle))
    write_atomically(tmp_path / "mask.png", b"new")
    assert shim.asked == 2
    assert (tmp_path / "mask.png").read_bytes() == b"new"


def test_a_file_that_is_in_use_for_a_moment_is_replaced_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = Refusing(Path.replace, in_use(), calls=range(3))
    monkeypatch.setattr(Path, "replace", lambda *a: shim(*a))
    write_atomically(tmp_path / "mask.png", b"new")
    assert shim.asked == 4
    assert (tmp_path / "mask.png").read_bytes() == b"new"


def test_a_file_that_stays_in_use_is_given_up_and_keeps_what_it_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mask.png").write_bytes(b"old")
    shim = Refusing(Path.replace, in_use(), calls=range(1000))
    monkeypatch.setattr(Path, "replace", lambda *a: shim(*a))
    with pytest.raises(UserError, match="permissions"):
        write_atomically(tmp_path / "mask.png", b"new")
    assert (tmp_path / "mask.png").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


def test_a_file_that_cannot_be_replaced_keeps_what_it_held(tmp_path: Path) -> None:
    target = tmp_path / "mask.png"
    target.mkdir()  # a rename over a folder fails, for root as well
    (target / "precious").write_bytes(b"1")
    with pytest.raises(UserError, match="saving failed"):
        write_atomically(target, b"new")
    assert (target / "precious").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]


def test_what_a_crash_left_behind_is_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".cnnseg-abc").write_bytes(b"half")
    (tmp_path / "mask.png").write_bytes(b"whole")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mask.png"]
