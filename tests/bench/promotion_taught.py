"""As promotion.py, with tiny networks that are truly taught: bright blobs on a noisy ground.

    python tests/bench/promotion_taught.py [--runs 5] [--rounds 8] [--wrong 0.1] [--json]

Every round brings five pictures more, one of them held out; a tenth have the wrong mask, of another
picture. A fine-tune of 80 steps begins with the current model; its card's verdict decides. Truth is
the IoU on 60 pictures with right masks. About 2 s a round on one core.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import torch

from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.core.metrics import mean_iou
from cnnseg_gui.core.promotion import UNPROVEN
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.fit import Settings, fit
from cnnseg_gui.learning.hold_out import hold_out_tiles
from cnnseg_gui.learning.model import Model, new
from cnnseg_gui.learning.sampling import Example, PixelCache
from cnnseg_gui.learning.validate import Window, score

_SIZE, _PER_ROUND, _STEPS, _POPULATION = 128, 5, 80, 60
_COMPUTE = Compute(torch.device("cpu"), "bench", torch.float32, torch.float32, 1)
_SETTINGS = Settings(patch=64, batch=2, rate=3e-3)


def picture(random: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Blobs a little brighter than their ground, and the truth."""
    rows, columns = np.indices((_SIZE, _SIZE))
    truth = np.zeros((_SIZE, _SIZE), np.uint8)
    for top, left in random.integers(0, _SIZE, (random.integers(3, 12), 2)):
        truth[(rows - top) ** 2 + (columns - left) ** 2 < random.integers(40, 200)] = 1
    grey = truth * random.integers(25, 70) + random.integers(0, 60)
    noisy = np.clip(grey + random.normal(60, 25, grey.shape), 0, 255)
    return np.repeat(noisy[..., None], 3, 2).astype(np.uint8), truth


def example(key: str, pixels: Pixels, mask: Pixels, *, held_out: bool) -> Example:
    return Example(key, lambda: pixels, Mask.from_array(mask), held_out)


def truth_of(model: Model, population: list[Example]) -> float:
    windows = [Window(item, item.mask.bounds) for item in population]
    counts, _ = score(model.network, windows, PixelCache(), _COMPUTE, lambda: None)
    return mean_iou(counts) or 0.0


def run(seed: int, rounds: int, wrong: float) -> list[tuple[str, bool, float]]:
    """(outcome, whether it was promoted, what it truly gains) of every round."""
    random = np.random.default_rng(seed)
    population = [example(f"true {n}", *picture(random), held_out=True) for n in range(_POPULATION)]
    model = new("unet", ("ground", "blob"), seed, {"width": 4})
    now = truth_of(model, population)
    examples: list[Example] = []
    out: list[tuple[str, bool, float]] = []
    for number in range(rounds):
        for place in range(_PER_ROUND):
            pixels, mask = picture(random)
            if random.random() < wrong:
                _, mask = picture(random)
            key = f"{number} {place}"
            examples.append(example(key, pixels, mask, held_out=place == _PER_ROUND // 2))
        fitted = fit(
            model,
            hold_out_tiles(examples),
            compute=_COMPUTE,
            steps=_STEPS,
            seed=number,
            settings=_SETTINGS,
        )
        verdict = fitted.model.card.check
        assert verdict is not None
        found = truth_of(fitted.model, population)
        out.append((verdict.outcome, verdict.promotes, found - now))
        if verdict.promotes:
            model, now = fitted.model, found
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--wrong", type=float, default=0.1, help="share of images with wrong masks")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = [r for n in range(options.runs) for r in run(n, options.rounds, options.wrong)]
    promoted = [gain for outcome, promotes, gain in found if promotes and outcome != UNPROVEN]
    kept = [gain for _, promotes, gain in found if not promotes]
    early = [gain for outcome, promotes, gain in found if promotes and outcome == UNPROVEN]
    summary = {
        "rounds": len(found),
        "promoted": len(promoted),
        "worst change": round(min(promoted, default=0.0), 4),
        "mean gain": round(float(np.mean(promoted)) if promoted else 0.0, 4),
        "unproven promoted": len(early),
        "worst change, unproven": round(min(early, default=0.0), 4),
        "not promoted": len(kept),
        "largest gain not promoted": round(max(kept, default=0.0), 4),
    }
    if options.json:
        print(json.dumps(summary, indent=2))
    else:
        for name, value in summary.items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()
