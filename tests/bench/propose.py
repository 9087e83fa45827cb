"""What proposing costs beyond the network itself: time against bare tiles, and peak memory.

python tests/bench/propose.py [--json] [--side 2048] [--network unet-lite0]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence

import numpy as np
import torch

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.device import Compute, choose
from cnnseg_gui.learning.model import Model, new
from cnnseg_gui.learning.propose import TILE, propose


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the ratio; returns 1 where it or the memory is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=2048, help="of the square picture, in pixels")
    parser.add_argument("--network", default="unet-lite0")
    parser.add_argument("--classes", type=int, default=2)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--max-ratio", type=float, default=1.25)
    parser.add_argument("--max-gb", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)

    compute = choose(options.device, options.threads)
    model = new(options.network, [f"class {index}" for index in range(options.classes)])
    figures = measure(model, picture(options.side), compute, options.runs)
    if options.json:
        print(json.dumps({"device": compute.name, **figures}, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:22} {value:10.3f}")
    return int(figures["ratio"] > options.max_ratio or figures["peak_rss_gb"] > options.max_gb)


def picture(side: int) -> Pixels:
    """Discs on a gradient, with noise: uint8[side, side, 3]."""
    random = np.random.default_rng(0)
    grey = np.tile(np.linspace(40, 120, side, dtype=np.float32), (side, 1))
    rows, columns = np.ogrid[:60, :60]
    disc = (rows - 30) ** 2 + (columns - 30) ** 2 < 600
    for top, left in random.integers(0, max(1, side - 60), (side * side // 20_000, 2)):
        part = grey[top : top + 60, left : left + 60]
        part[disc[: part.shape[0], : part.shape[1]]] += 90
    noisy = grey + random.normal(0, 8, (side, side)).astype(np.float32)
    return np.repeat(noisy.clip(0, 255).astype(np.uint8)[..., None], 3, 2)


def measure(model: Model, pixels: Pixels, compute: Compute, runs: int) -> dict[str, float]:
    """Seconds of the best runs, their ratio, and the process's peak memory."""
    tiles = 0

    def count() -> bool:
        nonlocal tiles
        tiles += 1
        return False

    def take(_rect: Rect, _classes: Pixels, _confidence: Pixels) -> None:
        pass

    propose(model, pixels, compute, on_region=take, checkpoint=count)  # warms up
    side = min(TILE, *pixels.shape[:2])
    tile = torch.from_numpy(pixels[:side, :side].copy()).to(compute.device)
    ready = tile.permute(2, 0, 1)[None].float().div_(255)
    network = model.prepared(compute)
    whole, bare = [], []
    for _ in range(runs):  # in turn, so that a busy moment meets both
        start = time.perf_counter()
        propose(model, pixels, compute, on_region=take)
        whole.append(time.perf_counter() - start)
        start = time.perf_counter()
        with torch.inference_mode():
            for _ in range(tiles):
                network(ready)
            if compute.device.type == "cuda":
                torch.cuda.synchronize()
        bare.append(time.perf_counter() - start)
    return {
        "propose_seconds": min(whole),
        "network_seconds": min(bare),
        "ratio": min(whole) / min(bare),
        "tiles": tiles,
        "ms_per_megapixel": min(whole) * 1e9 / pixels[..., 0].size,
        "peak_rss_gb": _peak_bytes() / 2**30,
    }


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.exit(main())
