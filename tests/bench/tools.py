"""How long the tools that look at the image take a step, and the region commands a tile.

    python tests/bench/tools.py [--side 4096] [--image photo.jpg]

Without an image: smooth noise. The tools are asked directly, without a window; presses and moves
count alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from cnnseg_gui.core.doubt import next_doubtful
from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.morphology import grow, shrink, smooth
from cnnseg_gui.core.proposal import Proposal
from cnnseg_gui.core.pyramid import ImagePyramid, build_pyramid
from cnnseg_gui.core.region_commands import fill_holes, keep_largest, remove_specks
from cnnseg_gui.core.region_scope import RegionScope
from cnnseg_gui.core.splitting import split
from cnnseg_gui.editor.tools.base import ImagePoint, Scene, Tool, ToolSettings
from cnnseg_gui.editor.tools.bucket import Bucket
from cnnseg_gui.editor.tools.smart_brush import SmartBrush
from cnnseg_gui.editor.tools.wand import Wand

_VIEW = 900  # screen pixels that the image's height is fitted to


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--image", type=Path)
    options = parser.parse_args()
    image = build_pyramid(pixels(options.side, options.image))
    for scale in (_VIEW / image.shape[0], 1.0):
        for diameter in (10, 40, 100, 200, 400):
            settings = ToolSettings(diameter=diameter)
            report(f"smart brush {diameter} px", scale, steps(SmartBrush(), image, scale, settings))
        report("wand", scale, steps(Wand(), image, scale, ToolSettings()))
        report("bucket", scale, steps(Bucket(), image, scale, ToolSettings(), moves=0))
    regions(min(options.side, 2048))


def pixels(side: int, path: Path | None) -> Pixels:
    if path is not None:
        with Image.open(path) as opened:
            return np.asarray(opened.convert("RGB"))
    rng = np.random.default_rng(0)
    small = rng.integers(0, 6, (side // 64, side // 64, 3), np.uint8) * 40
    large = np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))
    noisy: Pixels = large // 2 + rng.integers(0, 16, large.shape, np.uint8)
    return noisy


def steps(
    tool: Tool, image: ImagePyramid, scale: float, settings: ToolSettings, *, moves: int = 30
) -> list[float]:
    """Milliseconds of each press and move of a dozen strokes."""
    rng = np.random.default_rng(0)
    out: list[float] = []
    for _ in range(12):
        mask = Mask(*image.shape)
        scene = Scene(mask, Proposal(*mask.shape), image, visible=mask.bounds, scale=scale)
        y, x = (rng.uniform(0.2, 0.7) * side for side in image.shape)
        way = rng.uniform(-4, 4, 2) / scale
        began = time.perf_counter()
        gesture, _ = tool.press(scene, ImagePoint(y, x), settings)
        out.append(1000 * (time.perf_counter() - began))
        for k in range(1, moves + 1):
            to = ImagePoint(y + k * way[0], x + k * way[1])
            out.append(timed(partial(gesture.move, to)))
        gesture.finish()
    return out


def regions(side: int) -> None:
    rng = np.random.default_rng(0)
    fields = [ndimage.gaussian_filter(rng.normal(size=(side, side)), 12) for _ in range(3)]
    values = np.array([UNLABELLED, 0, 1], np.uint8)[np.argmax(fields, axis=0)]
    mask, scope = Mask.from_array(values), RegionScope(frozenset({1}))
    tiles = (side / TILE) ** 2
    for name, command in {
        "fill holes": lambda: list(fill_holes(mask, scope)),
        "remove specks": lambda: list(remove_specks(mask, scope, 50)),
        "keep largest": lambda: list(keep_largest(mask, scope)),
        "smooth 3 px": lambda: list(smooth(mask, scope, 3)),
        "grow 3 px": lambda: list(grow(mask, scope, 3)),
        "shrink 3 px": lambda: list(shrink(mask, scope, 3)),
        "split": lambda: list(split(mask, scope)),
    }.items():
        print(f"{name:18} {timed(command) / tiles:6.2f} ms a tile")
    proposal = Proposal(side, side)
    proposal.write(0, 0, values, rng.integers(128, 256, values.shape, np.uint8))
    print(f"next doubtful      {timed(lambda: next_doubtful(mask, proposal)):6.1f} ms, {side}²")


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def report(name: str, scale: float, ms: list[float]) -> None:
    p50, p99 = np.percentile(ms, [50, 99])
    print(f"{name:18} × {scale:4.2f}  p50 {p50:6.2f}  p99 {p99:6.2f}  max {max(ms):6.2f} ms")


if __name__ == "__main__":
    main()
