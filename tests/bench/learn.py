"""How well it learns: from a person in the loop, or with `--dense` from K masks in T seconds.

    python tests/bench/learn.py --dataset DIR --target 0.75 [--way ours] [--order queue] [--json]
    python tests/bench/learn.py --dataset DIR --images 4 --seconds 60 --network fcn-lite0 --dense

The images are those of `pairs.py`. Two classes: IoU of class 1; more: the mean over those present.
The person is that of `loop.py`; it works on K images for T seconds of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.learning import fit as fitting
from cnnseg_gui.learning.device import choose
from cnnseg_gui.learning.model import Model, new
from cnnseg_gui.learning.sampling import Example
from tests.bench.loop import ORDERS, WAYS, Plan, Run, run
from tests.bench.pairs import read, score

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
    parser.add_argument("--images", type=int, help="dense: 4; in the loop: all that are not scored")
    parser.add_argument("--seconds", type=float, help="dense: 60; in the loop: 3,600 of the person")
    parser.add_argument("--network", default="fcn-lite0")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    dense_only = parser.add_argument_group("dense")
    dense_only.add_argument("--dense", action="store_true", help="whole masks are given at once")
    dense_only.add_argument("--steps", type=int, help="instead of seconds, on a busy machine")
    dense_only.add_argument("--labelled", type=float, default=1.0, help="share, by strokes")
    loop_only = parser.add_argument_group("in the loop")
    loop_only.add_argument("--way", choices=WAYS, default="ours")
    loop_only.add_argument("--order", choices=ORDERS, default="folder")
    loop_only.add_argument("--target", type=float, help="IoU at which it ends")
    loop_only.add_argument("--teach", type=float, default=30.0, help="seconds of a fine-tune")
    loop_only.add_argument("--patience", type=int, default=12, help="strokes on an image, our way")
    loop_only.add_argument("--threads", type=int, help="of the engine")
    chosen = parser.parse_args()
    torch.set_num_threads(2)
    start = time.perf_counter()
    result: Result | Run
    if chosen.dense:
        result = dense(
            chosen.dataset,
            4 if chosen.images is None else chosen.images,
            chosen.seconds or 60.0,
            chosen.network,
            chosen.seed,
            chosen.labelled,
            chosen.steps,
        )
    else:
        plan = Plan(
            dataset=chosen.dataset,
            way=chosen.way,
            order=chosen.order,
            images=chosen.images,
            seconds=chosen.seconds or 3600.0,
            target=chosen.target,
            network=chosen.network,
            seed=chosen.seed,
            teach=chosen.teach,
            patience=chosen.patience,
            threads=chosen.threads,
        )
        result = run(plan)
    if chosen.json:
        json.dump(asdict(result), sys.stdout)
        sys.stdout.write("\n")
        return
    for name, value in asdict(result).items():
        for line in value if isinstance(value, (list, tuple)) else [value]:
            print(f"{name:10} {line}")
    print(f"{'all':10} {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
