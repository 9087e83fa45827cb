"""One image that the memory is not enough for is named; the others go on.

The error is torch's own, raised before a layer of a real network is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import ON_CPU, THREE_STEPS, TINY, answer, make
from PIL import Image
from torch import Tensor, nn

from cnnseg_gui.cli import main
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.project import Project

Capture = pytest.CaptureFixture[str]
WIDE = 200


@contextmanager
def no_room_for(is_too_much: Callable[[Tensor], bool]) -> Iterator[None]:
    """Memory runs out where a network is given such an image, float[N, 3, H, W]."""

    def look(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        if given and given[0].ndim == 4 and given[0].shape[1] == 3 and is_too_much(given[0]):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    hook = nn.modules.module.register_module_forward_pre_hook(look)
    try:
        yield
    finally:
        hook.remove()


def too_wide(image: Tensor) -> bool:
    return image.shape[-1] >= WIDE


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Three, of which the second is wide and white."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name, width, value in (("a", 64, 20), ("b", WIDE, 255), ("c", 64, 40)):
        Image.fromarray(np.full((48, width, 3), value, np.uint8)).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def project(tmp_path: Path, images: Path) -> Path:
    """It has learnt, and holds `images` beside what it has learnt from."""
    made = make(tmp_path / "taught", 2)
    opened = Project.open(made)
    opened.add_images([probe(path) for path in sorted(images.iterdir())])
    opened.close()
    return made


def test_segment_writes_the_others_and_the_rest_once_there_is_memory(
    images: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    call = ("segment", images, "--model", "unet-lite0", "-o", out, *ON_CPU)
    with no_room_for(too_wide):
        for arguments in (call, (*call, "--resume")):
            found = answer(capsys, *arguments, code=1)
            assert found["failed"] == [str(images / "b.png")]
            assert {path.name for path in out.iterdir()} == {"a.png", "c.png"}
    found = answer(capsys, *call, "--resume")
    assert [Path(entry["image"]).name for entry in found["masks"]] == ["b.png"]


def test_the_image_is_named(images: Path, tmp_path: Path, capsys: Capture) -> None:
    call = ["segment", str(images), "--model", "unet-lite0", "-o", str(tmp_path / "out"), *ON_CPU]
    with no_room_for(too_wide):
        assert main(call) == 1
    lines = capsys.readouterr().err.splitlines()
    (told,) = [line for line in lines if "not enough memory" in line]
    assert told.startswith(f"{images / 'b.png'}: ")


def test_classify_goes_on(images: Path, capsys: Capture) -> None:
    with no_room_for(lambda image: bool(image.mean() > 0.5)):  # white
        found = answer(capsys, "classify", images, *ON_CPU, code=1)
    assert found["failed"] == [str(images / "b.png")]
    assert [Path(entry["image"]).name for entry in found["images"]] == ["a.png", "c.png"]


def test_composites_of_the_others_are_measured_and_exported(
    project: Path, images: Path, tmp_path: Path, capsys: Capture
) -> None:
    answer(capsys, "train", project, *TINY, *THREE_STEPS, *ON_CPU)
    told = f"{images / 'b.png'}: there is not enough memory"
    composite = ("--composite", *ON_CPU)
    out = ("--format", "png", "--all", "-o", tmp_path / "set")
    with no_room_for(too_wide):
        measured = answer(
            capsys, "measure", project, "-o", tmp_path / "objects.csv", *composite, code=1
        )
        exported = answer(capsys, "export", project, *out, *composite, code=1)
    for found in (measured, exported):
        assert found["images"] == 4
        (refused,) = found["refused"]
        assert refused.startswith(told)
