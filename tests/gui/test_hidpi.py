"""On screens with a fractional or double scale every stroke lands where the pointer is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("factor", "file"),
    [("1.5", "test_painting.py"), ("2", "test_painting.py"), ("2", "test_pictures.py")],
)
def test_painting_works_the_same_on_a_dense_screen(factor: str, file: str) -> None:
    """Qt takes the scale from the environment when it starts: a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file],
        cwd=Path(__file__).parent,
        env={**os.environ, "QT_SCALE_FACTOR": factor},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
