"""Damaged files neither crash nor hang a reader, and are never padded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "bench" / "fuzz_images.py"


def test_damaged_files_of_every_format_open_or_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", BENCH, "--json", "--count", "40", "--seed", "7"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    figures = json.loads(done.stdout)
    assert len(figures) >= 15
    for name, row in figures.items():
        survived = ("opened", "refused", "decoder_crashed", "decoder_slow")
        assert sum(row[outcome] for outcome in survived) == 40, f"{name}: {row}"
