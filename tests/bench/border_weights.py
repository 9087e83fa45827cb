"""What the border weights of many objects cost, against one distance transform of the same mask.

python tests/bench/border_weights.py [--json] [--side 1000] [--objects 500]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

from cnnseg_gui.core.border_weights import border_weights, objects
from cnnseg_gui.core.mask import Pixels


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the ratio; returns 1 where it is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=1000, help="of the square mask, in pixels")
    parser.add_argument("--objects", type=int, default=500, help="discs, none touching another")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--max-ratio", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)

    mask = discs(options.side, options.objects)
    figures = {
        "objects": float(objects(mask).max()),
        "weights_s": best(options.runs, lambda: border_weights(mask)),
        "transform_s": best(options.runs, lambda: ndimage.distance_transform_edt(mask == 0)),
    }
    figures["ratio"] = figures["weights_s"] / figures["transform_s"]
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:22} {value:10.3f}")
    return int(figures["ratio"] > options.max_ratio)


def discs(side: int, count: int) -> Pixels:
    """uint8[side, side]: discs in the cells of a grid, each a little off its cell's centre."""
    random = np.random.default_rng(0)
    across = int(np.ceil(np.sqrt(count)))
    cell = side // across
    rows, columns = np.ogrid[:cell, :cell]
    mask = np.zeros((side, side), np.uint8)
    for number in range(count):
        top, left = (place * cell for place in divmod(number, across))
        row, column = random.uniform(0.42, 0.58, 2) * cell
        radius = random.uniform(0.25, 0.38) * cell
        disc = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
        mask[top : top + cell, left : left + cell][disc] = 1
    return mask


def best(runs: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
