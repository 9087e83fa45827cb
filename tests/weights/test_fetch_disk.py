"""Downloads onto disks that refuse, and from a folder in place of a server."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from weight_server import WeightServer

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.weights.fetch import FetchStopped, fetch
from cnnseg_gui.weights.store import MIRROR, WeightStore, part_of

LIMITED = """
import json, resource, signal, sys
from pathlib import Path
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.weights.catalogue import WeightFile
from cnnseg_gui.weights.fetch import fetch
from cnnseg_gui.weights.store import WeightStore

folder, facts, most = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    fetch(WeightStore(folder, catalogue={"small": WeightFile(**facts)}), "small")
except UserError as error:
    print(error)
    sys.exit(1)
"""


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def mirrored(store: WeightStore, mirror: Path | str) -> WeightStore:
    return WeightStore(store.folder, str(mirror), {"small": store.published("small")})


@pytest.fixture
def mirror(tmp_path: Path, store: WeightStore, payload: bytes) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / store.published("small").file).write_bytes(payload)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
def test_a_disk_that_refuses_midway_keeps_the_part_and_it_is_resumed(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    facts = json.dumps(dataclasses.asdict(server.published))
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(store.folder), facts, "300000"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1, ended.stderr
    assert "File too large" in ended.stdout
    assert not store.path("small").exists()
    kept = part_of(store.path("small")).read_bytes()
    assert kept == payload[:300_000]
    assert fetch(store, "small").read_bytes() == payload
    assert server.asked[-1][1] == "bytes=300000-"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_says_so_and_leaves_nothing_half(
    store: WeightStore, server: WeightServer
) -> None:
    store.folder.mkdir(parents=True)
    part_of(store.path("small")).symlink_to("/dev/full")

    with pytest.raises(UserError) as caught:
        fetch(store, "small")

    assert "No space left" in caught.value.what
    assert "Free some space" in caught.value.remedy
    assert "memory" not in caught.value.remedy
    assert not store.path("small").exists()


def test_no_byte_is_asked_for_where_there_is_no_room(
    store: WeightStore, server: WeightServer, payload: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**6, 10**6 - 1, 1))

    with pytest.raises(UserError, match="no room"):
        fetch(store, "small")

    assert server.asked == []


def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, store: WeightStore, server: WeightServer
) -> None:
    (tmp_path / "file").write_bytes(b"")
    nowhere = WeightStore(tmp_path / "file" / "weights", catalogue={"small": server.published})

    with pytest.raises(UserError) as caught:
        fetch(nowhere, "small")

    assert str(tmp_path / "file") in str(caught.value)
    assert server.asked == []


def test_a_mirror_folder_is_copied_from(
    store: WeightStore, server: WeightServer, mirror: Path, payload: bytes
) -> None:
    seen: list[int] = []

    path = fetch(
        mirrored(store, mirror), "small", on_progress=lambda done, _total: seen.append(done)
    )

    assert path == store.path("small")
    assert path.read_bytes() == payload
    assert seen[-1] == len(payload)
    assert server.asked == []


def test_a_mirror_address_replaces_the_folder_and_keeps_the_name(
    store: WeightStore, server: WeightServer, payload: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = store.published("small").file
    monkeypatch.setenv(MIRROR, f"http://127.0.0.1:{server.port}/inside/our/house/")

    assert fetch(mirrored(store, ""), "small").read_bytes() == payload
    assert server.asked == [(f"/inside/our/house/{file}", None)]


def test_a_mirror_folder_with_another_file_is_refused(store: WeightStore, mirror: Path) -> None:
    (mirror / store.published("small").file).write_bytes(b"another")

    with pytest.raises(UserError, match="sha256"):
        fetch(mirrored(store, mirror), "small")

    assert sorted(path.suffix for path in store.folder.iterdir()) in ([], [".lock"])


def test_a_mirror_folder_with_a_far_larger_file_is_not_copied(
    store: WeightStore, mirror: Path, payload: bytes
) -> None:
    (mirror / store.published("small").file).write_bytes(payload * 20)

    with pytest.raises(UserError, match="bytes"):
        fetch(mirrored(store, mirror), "small")

    assert not part_of(store.path("small")).exists()


def test_a_mirror_folder_without_the_file_is_named(store: WeightStore, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        fetch(mirrored(store, tmp_path), "small")

    assert caught.value.path == str(tmp_path / store.published("small").file)


def test_a_copy_from_a_mirror_folder_can_be_cancelled(store: WeightStore, mirror: Path) -> None:
    arrived: list[int] = []
    with pytest.raises(FetchStopped):
        fetch(
            mirrored(store, mirror),
            "small",
            on_progress=lambda done, _total: arrived.append(done),
            stopped=lambda: bool(arrived),
        )

    assert store.find("small") is None


@pytest.mark.parametrize("mirror", ["ftp://host/models", "file:///models", "/no/such/folder"])
def test_a_mirror_that_is_neither_a_folder_nor_on_the_web_is_refused(
    store: WeightStore, server: WeightServer, mirror: str
) -> None:
    with pytest.raises(UserError) as caught:
        fetch(mirrored(store, mirror), "small")

    assert caught.value.path == mirror
    assert server.asked == []
