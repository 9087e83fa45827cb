"""A training step writes only where it may: run under glibc's heap check."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKER = "libc_malloc_debug.so.0"
STEP = """
import sys
import torch
from cnnseg_models.registry import build

torch.set_num_threads(1)
network = build(sys.argv[1], classes=2, pretrained=False)
network.to(memory_format=torch.channels_last).train()
for _ in range(2):
    x = torch.rand(2, 3, 96, 96).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(x)
    logits.float().square().mean().backward()
print("done")
"""


@pytest.mark.skipif(ctypes.util.find_library("c_malloc_debug") is None, reason="glibc ≥ 2.34 only")
@pytest.mark.parametrize("name", ["fcn32s-alexnet", "unet-lite0", "fcn-resnet50"])
def test_a_step_in_half_precision_leaves_the_heap_whole(name: str, tmp_path: Path) -> None:
    """oneDNN's bfloat16 backward from 4,096 channels to 2 does not: `fcn._scores` avoids it."""
    environment = {**os.environ, "LD_PRELOAD": CHECKER, "MALLOC_CHECK_": "3"}
    done = subprocess.run(
        [sys.executable, "-c", STEP, name],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.strip() == "done"
