"""A large block that is freed is no longer resident, whatever was freed before it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_HOLES = """
from pathlib import Path
import numpy as np
from cnnseg_gui.core.heap import return_freed_blocks

def resident():
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x[:5] == "VmRSS")
    return int(line.split()[1]) / 1024

assert return_freed_blocks()
np.ones(30 << 20, np.uint8)  # freed at once: the threshold would be 30 MB from here on
before = resident()
blocks = [np.ones(20 << 20, np.uint8) for _ in range(8)]
top = np.ones(1000)  # lies above them, so that the heap cannot shrink
blocks.clear()
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone")
def test_freed_images_leave_no_holes() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _HOLES],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert float(ended.stdout) < 20  # 160 without
