"""Teaching tags: four kinds of image, six of each learnt from, six others checked.

    python tests/bench/tags.py --json

A ResNet-18 from random weights and EfficientNet-Lite0 from its published ones, each for the
same number of seconds. Needs the larger image sets beside the checkout.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.learning.classify import classify
from cnnseg_gui.learning.device import Compute, choose
from cnnseg_gui.learning.fit_labels import TaggedImage, begin, fit_labels

DATA = Path(__file__).parents[2].parent / "shared" / "data"
KINDS = ("dsb2018_nuclei", "camvid", "crackforest_cfd", "cwfid_cropweed")
EACH = 12
NETWORKS = ("resnet18", "efficientnet-lite0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    compute = choose("cpu", options.threads)
    results = [
        _measure(network, seed, options.seconds, compute)
        for network in NETWORKS
        for seed in range(options.seeds)
    ]
    if options.json:
        print(json.dumps({"device": compute.name, "results": results}, indent=2))
    else:
        for result in results:
            print(result)


def _measure(network: str, seed: int, seconds: float, compute: Compute) -> dict[str, object]:
    taught, checked = _images(seed)
    pretrained = network != "resnet18"
    start = time.perf_counter()
    model = fit_labels(
        begin(network, KINDS, pretrained=pretrained, seed=seed),
        taught,
        compute=compute,
        seconds=seconds,
        seed=seed,
    )
    elapsed = time.perf_counter() - start
    right = [classify(model, load(), compute)[0].name == KINDS[label] for load, label in checked]
    return {
        "network": network,
        "pretrained": pretrained,
        "seed": seed,
        "seconds": round(elapsed, 1),
        "steps": model.card.steps,
        "accuracy": float(np.mean(right)),
    }


def _images(seed: int) -> tuple[list[TaggedImage], list[tuple[Callable[[], Pixels], int]]]:
    taught, checked = [], []
    for label, kind in enumerate(KINDS):
        lines = (DATA / kind / "pairs.csv").read_text(encoding="utf-8").splitlines()[1:]
        files = sorted({DATA / kind / line.split(",")[0] for line in lines})
        order = np.random.default_rng(seed).permutation(len(files))[:EACH]
        loads = [partial(_load, files[index]) for index in order]
        taught += [TaggedImage(load, label) for load in loads[: EACH // 2]]
        checked += [(load, label) for load in loads[EACH // 2 :]]
    return taught, checked


def _load(path: Path) -> Pixels:
    return read_image(path).pixels


if __name__ == "__main__":
    main()
