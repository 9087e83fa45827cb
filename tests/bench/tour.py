"""What the tour reaches: IoU on images never corrected, before and after learning.

    python tests/bench/tour.py [--json]

Runs `cnnseg-gui --tour` in a process of its own, as a stranger would, and prints its figures with
the gain and the ratio of the two IoUs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [sys.executable, "-m", "cnnseg_gui.app", "--tour", scratch],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        figures = json.loads((Path(scratch) / "tour.json").read_text())
    before, after = figures["iou_before"], figures["iou_after"]
    figures["gain"] = round(after - before, 3)
    figures["ratio"] = round(after / before, 2)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        print(
            f"IoU {before:.3f} → {after:.3f} (gain {figures['gain']}, ratio {figures['ratio']}) "
            f"on {figures['images']} images, {figures['seconds']['teach']} s of learning"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
