"""A project folder from anyone: what leads out of it is neither written, deleted nor waited for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hostile_project import make_project, spoil, write_journal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnseg_gui.core import database, mirror
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import content_hash
from cnnseg_gui.core.image_table import NEW, ImageRecord
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.reading import load_image

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes need rights there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_project(tmp_path)


# ---------------------------------------------------------------------- links


@posix
@pytest.mark.parametrize("name", ["masks", "models"])
def test_a_folder_that_leads_out_of_the_project_is_refused(
    folder: Path, tmp_path: Path, name: str
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    shutil.rmtree(folder / name, ignore_errors=True)
    (folder / name).symlink_to(victim)
    with pytest.raises(UserError, match="leads out of the project") as caught:
        Project.open(folder)
    assert caught.value.path == str(folder / name)
    (folder / name).unlink()
    (folder / name).symlink_to("../../nowhere")
    with pytest.raises(UserError, match="leads out of the project"):
        Project.open(folder)


@posix
@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_a_linked_database_is_refused_and_what_it_leads_to_is_unchanged(
    folder: Path, tmp_path: Path, ending: str
) -> None:
    victim = tmp_path / "victim"
    if ending:
        victim.write_bytes(b"a letter")
    else:
        shutil.move(folder / database.FILE_NAME, victim)
    before = victim.read_bytes()
    (folder / f"{database.FILE_NAME}{ending}").symlink_to(victim)
    with pytest.raises(UserError, match="this is a link to"):
        Project.open(folder)
    assert victim.read_bytes() == before


@posix
def test_a_project_is_opened_through_a_link_to_its_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    Project.open(tmp_path / "link").close()


@posix
def test_a_linked_mask_is_replaced_and_what_it_leads_to_stays(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim.png"
    victim.write_bytes(b"a letter")
    (folder / "masks").mkdir(exist_ok=True)
    project = Project.open(folder)
    records = project.images()
    mirrored = folder / "masks" / mirror.mirror_name(records[0], records)
    mirrored.unlink(missing_ok=True)
    mirrored.symlink_to(victim)
    mirror.write(folder, records, records[0].id, np.zeros((40, 50), np.uint8), project.classes)
    project.close()
    assert victim.read_bytes() == b"a letter"
    assert not mirrored.is_symlink()


def test_no_file_is_deleted_because_a_journal_names_it(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_bytes(b"my thesis\n\0")
    write_journal(folder / database.FILE_NAME, victim)
    with pytest.raises(UserError, match="about another file"):
        Project.open(folder)
    assert victim.read_bytes() == b"my thesis\n\0"


def test_an_honest_journal_is_rolled_back(folder: Path) -> None:
    write_journal(folder / database.FILE_NAME, None)
    project = Project.open(folder)
    assert project.images()[0].decided == {1: 81}
    project.close()


# ---------------------------------------------------------------------- images


@pytest.mark.parametrize("through", ["absolute", "upwards"])
def test_an_image_elsewhere_is_shown_if_its_content_is_the_projects_and_else_named(
    folder: Path, tmp_path: Path, through: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"-----BEGIN KEY-----")
    named = secret.as_posix() if through == "absolute" else "../secret"
    spoil(folder, f"UPDATE image SET path = '{named}'")
    project = Project.open(folder)
    (record,) = project.images()
    with pytest.raises(UserError, match="has changed since it was added") as caught:
        load_image(record)
    assert "KEY" not in str(caught.value)
    project.close()


@posix
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_pipe_or_an_endless_device_is_not_waited_for(
    folder: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "endless.png")
    spoil(folder, "UPDATE image SET path = '../endless.png'")
    project = Project.open(folder)
    (record,) = project.images()
    project.close()
    for read in (load_image, lambda record: content_hash(record.path)):
        with pytest.raises(UserError, match="a pipe or a device"):
            read(record)
    with pytest.raises(UserError, match="a pipe or a device"):
        load_image(record, lazy_pixels=1)


_ODD = st.text(st.characters(exclude_characters="/\x00"), min_size=1, max_size=40)


@given(st.lists(st.one_of(_ODD, st.sampled_from(["..", ".", "...", "a/../..", "con", "nul.1"]))))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_mask_never_leaves_its_folder_whatever_its_image_is_called(stems: list[str]) -> None:
    folder = Path("/p/project")
    records = [
        ImageRecord(
            number, Path(os.path.normpath(folder / f"{stem}.png")), "", 1, 1, NEW, False, {}
        )
        for number, stem in enumerate(stems, start=1)
    ]
    for record in records:
        name = mirror.mirror_name(record, records)
        assert os.path.normpath(folder / "masks" / name) == str(folder / "masks" / name)
        assert Path(name).name == name
