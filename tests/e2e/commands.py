"""Runs `cnnseg` on small images; what its tests share."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnseg_gui.cli import main
from cnnseg_gui.resources import starter_folder

SIZE = 48, 64
CLASSES = ("--classes", "background,cell")
VALUES = ("--mask-values", "0=background,255=cell")
TINY = ("--network", "unet", "--option", "width=8", "--promote")
THREE_STEPS = ("--steps", "3", "--seed", "7")
ON_CPU = ("--device", "cpu")

needs_starter = pytest.mark.skipif(
    not (starter_folder() / "fcn-lite0" / "card.json").is_file(), reason="no starter is here"
)

Failing = Callable[..., str]


def write_pairs(folder: Path, count: int = 6) -> tuple[Path, Path]:
    """Bright squares on noise, and masks of 0 and 255: `images/` and `masks/`."""
    images, masks = folder / "images", folder / "masks"
    images.mkdir(parents=True)
    masks.mkdir()
    random = np.random.default_rng(0)
    for number in range(1, count + 1):
        top, left = random.integers(4, 24, 2)
        mask = np.zeros(SIZE, np.uint8)
        mask[top : top + 16, left : left + 16] = 255
        image = random.integers(0, 60, (*SIZE, 3)) + (mask[..., None] > 0) * 150
        Image.fromarray(image.astype(np.uint8)).save(images / f"cell {number}.png")
        Image.fromarray(mask).save(masks / f"cell {number}.png")
    return images, masks


def make(folder: Path, count: int = 6) -> Path:
    """A project with the masks of `write_pairs` imported; of fewer than 3 none is held out."""
    images, masks = write_pairs(folder, count)
    project = folder / "project"
    arguments = ["new", str(project), "--images", str(images), "--masks", str(masks)]
    assert main([*arguments, *CLASSES, *VALUES]) == 0
    return project


def answer(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    """The JSON that a command prints; stdout holds nothing else."""
    capsys.readouterr()
    assert main([*(str(argument) for argument in arguments), "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, with nothing on its stdin."""
    command = [sys.executable, "-m", "cnnseg_gui.cli", *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100
    )
