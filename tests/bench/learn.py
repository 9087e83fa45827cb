"""How well it learns from few images: `--dense` gives K masks and T seconds, and scores the rest.

    python tests/bench/learn.py --dataset DIR --images 4 --seconds 60 --network fcn-lite0 --dense

A data set is a folder with `pairs.csv` (image, mask, …) and `dataset.json` (values, ignore). The
rows are permuted by `numpy.random.default_rng(0)`: the first K are learnt from, the last 20 (12 of
camvid) scored. Two classes: IoU of class 1; more: the mean over those present.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.core.metrics import iou
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning import fit as fitting
from cnnseg_gui.learning.device import Compute, choose
from cnnseg_gui.learning.model import Model, new
from cnnseg_gui.learning.propose import propose
from cnnseg_gui.learning.sampling import Example

LONGEST = 1400
"""Longer images are halved, in pixels."""
SCORED = {"camvid": 12}
"""Images; 20 of others."""
EARLY = 10.0
"""Seconds, after which it is scored too."""
PEERS = {
    ("dsb2018_nuclei", 1): 0.43,
    ("dsb2018_nuclei", 4): 0.79,
    ("dsb2018_nuclei", 10): 0.74,
    ("crackforest_cfd", 1): 0.36,
    ("crackforest_cfd", 4): 0.45,
    ("crackforest_cfd", 10): 0.35,
    ("chase_db1_vessels", 1): 0.50,
    ("chase_db1_vessels", 4): 0.64,
    ("camvid", 1): 0.23,
    ("camvid", 4): 0.37,
    ("camvid", 10): 0.41,
}
"""The best IoU of other learners after 60 s on two cores, by data set and given images."""


@dataclass(frozen=True, eq=False)
class Pair:
    """An image and its true mask."""

    key: str
    pixels: Pixels
    """uint8[H, W, 3]."""
    truth: Pixels
    """uint8[H, W], UNLABELLED where it is not known."""


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    dataset: str
    network: str
    images: int
    seconds: float
    seed: int
    labelled: float
    steps: int
    iou_early: float | None
    """After 10 s; None where it learnt no longer than that."""
    iou: float
    peer: float | None
    ratio: float | None
    """Of `iou` to the best peer's."""


def read(folder: Path, images: int) -> tuple[list[Pair], list[Pair], int]:
    """Those to learn from, those to score, and the number of classes."""
    facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    rows = list(csv.reader((folder / "pairs.csv").read_text(encoding="utf-8").splitlines()))[1:]
    order = np.random.default_rng(0).permutation(len(rows))
    scored = SCORED.get(facts["name"], 20)
    ignore = facts.get("ignore")
    values = sorted(int(v) for v in facts["values"] if int(v) != ignore)
    table = np.full(256, UNLABELLED, np.uint8)
    table[values] = np.arange(len(values), dtype=np.uint8)

    def pairs(chosen: Sequence[int]) -> list[Pair]:
        return [_pair(folder, rows[i][0], rows[i][1], table) for i in chosen]

    return pairs(order[:images]), pairs(order[-scored:]), len(values)


def _pair(folder: Path, image: str, mask: str, table: Pixels) -> Pair:
    with Image.open(folder / image) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    with Image.open(folder / mask) as opened:
        bilevel = opened.mode == "1"
        stored = ImageOps.exif_transpose(opened)
    if max(picture.size) > LONGEST:
        picture = picture.reduce(2)
        stored = stored.resize(picture.size, Image.Resampling.NEAREST)
    values = np.asarray(stored)
    grey = values if values.ndim == 2 else values[..., 0]
    truth = values.astype(np.uint8) if bilevel else table[grey]
    return Pair(image, np.asarray(picture), truth)


def strokes(truth: Pixels, share: float, random: np.random.Generator) -> Pixels:
    """The truth along random straight strokes, 5 px wide, undecided elsewhere.

    Args:
        share: of the pixels to be decided, 0…1.
    """
    height, width = truth.shape
    chosen = np.zeros(truth.shape, bool)
    while chosen.mean() < share:
        length = int(random.integers(20, 60))
        angle = random.uniform(0, 2 * np.pi)
        along = np.arange(length)
        rows = (random.integers(height) + along * np.sin(angle)).astype(int)
        columns = (random.integers(width) + along * np.cos(angle)).astype(int)
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        for row, column in zip(rows[inside], columns[inside], strict=True):
            chosen[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = True
    return np.where(chosen, truth, UNLABELLED).astype(np.uint8)


def score(model: Model, pairs: Sequence[Pair], classes: int, compute: Compute) -> float:
    """From one confusion matrix over all pixels that are known."""
    confusion = np.zeros((classes, classes), np.int64)
    for pair in pairs:
        found = np.zeros_like(pair.truth)

        def take(rect: Rect, proposed: Pixels, _: Pixels, found: Pixels = found) -> None:
            found[rect.slices] = proposed

        propose(model, pair.pixels, compute, on_region=take)
        known = pair.truth != UNLABELLED
        both = pair.truth[known].astype(np.int64) * classes + found[known]
        confusion += np.bincount(both, minlength=classes**2).reshape(classes, classes)
    by_class = iou(confusion)
    return float(by_class[1] if classes == 2 else np.nanmean(by_class))


def dense(
    folder: Path,
    images: int,
    seconds: float,
    network: str,
    seed: int,
    labelled: float = 1.0,
    steps: int | None = None,
) -> Result:
    """Learns from K masks for T seconds, and scores the images kept apart."""
    given, apart, classes = read(folder, images)
    compute = choose("cpu", threads=2)
    random = np.random.default_rng(seed)
    examples = []
    for pair in given:
        truth = pair.truth if labelled >= 1 else strokes(pair.truth, labelled, random)
        pixels = pair.pixels
        examples.append(Example(pair.key, lambda pixels=pixels: pixels, Mask.from_array(truth)))
    early: list[Model] = []

    def peek(make: Callable[[], Model], elapsed: float) -> None:
        if not early and elapsed >= EARLY and seconds > EARLY:
            early.append(make())

    fitted = fitting.fit(
        new(network, [f"class {i}" for i in range(classes)], seed=seed),
        examples,
        compute=compute,
        seconds=None if steps else seconds,
        steps=steps,
        seed=seed,
        peek=peek,
    )
    found = score(fitted.model, apart, classes, compute)
    peer = PEERS.get((folder.name, images))
    return Result(
        dataset=folder.name,
        network=network,
        images=images,
        seconds=round(fitted.seconds, 1),
        seed=seed,
        labelled=labelled,
        steps=fitted.steps,
        iou_early=round(score(early[0], apart, classes, compute), 4) if early else None,
        iou=round(found, 4),
        peer=peer,
        ratio=None if peer is None else round(found / peer, 3),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--steps", type=int, help="instead of seconds, on a busy machine")
    parser.add_argument("--network", default="fcn-lite0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--labelled", type=float, default=1.0, help="share of pixels, by strokes")
    parser.add_argument("--dense", action="store_true", help="whole masks given (the only way yet)")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if not chosen.dense:
        parser.error("only --dense is there yet")
    torch.set_num_threads(2)
    start = time.perf_counter()
    result = dense(
        chosen.dataset,
        chosen.images,
        chosen.seconds,
        chosen.network,
        chosen.seed,
        chosen.labelled,
        chosen.steps,
    )
    if chosen.json:
        json.dump(asdict(result), sys.stdout)
        sys.stdout.write("\n")
    else:
        for name, value in asdict(result).items():
            print(f"{name:10} {value}")
        print(f"{'all':10} {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
