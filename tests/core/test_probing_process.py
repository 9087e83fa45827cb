"""Files are looked at in another process, which they may take down."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import MAX_PIXELS, content_hash, set_largest
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.probing_process import ProbingProcess

CRASHES = """
import os, sys
from cnnseg_gui.core import probing_worker as worker
look_at = worker._look_at
worker._look_at = lambda path: os.abort() if "crash" in path.name else look_at(path)
worker._shrink = lambda request: os.abort()
sys.exit(worker.main())
"""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("a.png", "crash.png", "b é 扫.png")]
    for number, path in enumerate(paths):
        Image.fromarray(np.full((4 + number, 9), number, np.uint8)).save(path)
    return paths


@pytest.fixture
def process() -> Iterator[ProbingProcess]:
    made = ProbingProcess()
    yield made
    made.close()


def test_it_finds_what_probe_finds(process: ProbingProcess, files: list[Path]) -> None:
    assert process.probe(files) == [probe(path) for path in files]
    assert process.probe([]) == []


def test_what_is_wrong_with_a_file_is_its_answer(
    process: ProbingProcess, files: list[Path]
) -> None:
    files[1].write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    first, second, third = process.probe(files)
    assert (first, third) == (probe(files[0]), probe(files[2]))
    with pytest.raises(UserError) as told:
        probe(files[1])
    assert isinstance(second, UserError)
    assert str(second) == str(told.value)


def test_the_largest_image_is_the_one_that_was_set(
    process: ProbingProcess, files: list[Path]
) -> None:
    try:
        set_largest(40e-6)
        small, large, _ = process.probe(files)
    finally:
        set_largest(MAX_PIXELS / 1e6)
    assert small == probe(files[0])
    assert isinstance(large, UserError)


def test_a_file_that_crashes_the_process_is_left_out_and_the_others_are_read(
    files: list[Path],
) -> None:
    process = ProbingProcess((sys.executable, "-c", CRASHES))
    first, second, third = process.probe(files)
    process.close()
    assert (first, third) == (probe(files[0]), probe(files[2]))
    assert isinstance(second, UserError)
    assert "crash.png" in str(second)


def test_long_names_fit_into_a_message(process: ProbingProcess, tmp_path: Path) -> None:
    folder = tmp_path / ("f" * 200) / ("g" * 200)
    folder.mkdir(parents=True)
    paths = [folder / f"{'n' * 200}{number}.png" for number in range(150)]
    found = process.probe(paths)
    assert all(isinstance(answer, UserError) for answer in found)
    assert len(found) == 150


def test_one_that_cannot_be_started_says_so(files: list[Path]) -> None:
    for command in ((sys.executable, "-c", "pass"), ("/no/such/program",)):
        with pytest.raises(UserError, match="could not be started"):
            ProbingProcess(command).probe(files)


def test_one_that_is_closed_reads_no_more(process: ProbingProcess, files: list[Path]) -> None:
    process.probe(files)
    process.close()
    with pytest.raises(UserError, match="stopped"):
        process.probe(files)


def test_a_thumbnail_is_the_middle_of_the_image(process: ProbingProcess, tmp_path: Path) -> None:
    pixels = np.zeros((90, 150, 3), np.uint8)
    pixels[:, 30:120] = (200, 100, 50)
    path = tmp_path / "middle 中.png"
    Image.fromarray(pixels).save(path)
    small = process.thumbnail(path, content_hash(path), 0, 30)
    assert small.shape == (30, 30, 3)
    assert (small == (200, 100, 50)).all()


def test_no_thumbnail_of_a_file_that_was_replaced_or_crashes_its_reader(
    process: ProbingProcess, tmp_path: Path
) -> None:
    path = tmp_path / "crash.png"
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(UserError, match=r"changed|replaced|another"):
        process.thumbnail(path, "0" * 64, 0, 4)
    crashing = ProbingProcess((sys.executable, "-c", CRASHES))
    with pytest.raises(UserError, match="crash"):
        crashing.thumbnail(path, content_hash(path), 0, 4)
    crashing.close()
