"""How often a promotion makes the model worse, over simulated runs with wrong labels mixed in.

    python tests/bench/promotion.py [--runs 50] [--wrong 0.1] [--seed 0] [--json]

Every run is a person who corrects three images a round; one in five is held out, and a tenth of all
carry a wrong mask. A round's fine-tune makes a candidate whose true quality rises less and less,
and in one round of three falls. It has been chosen among five of its states by the same held-out
images, as `learning/keep.py` does. `core.promotion.compare` then decides. Truth is the pooled IoU
of the models over 4,000 images without wrong masks.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.metrics import mean_iou
from cnnseg_gui.core.promotion import UNPROVEN, Verdict, compare

_ROUNDS, _PER_ROUND, _HELD_OUT_EVERY, _STATES = 20, 3, 5, 5
_POPULATION = 4000
_SPREAD, _OWN = 0.6, 0.25  # of the images' difficulty and of a model's luck with each, in logits

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Images:
    """How hard each is, how many pixels of it are object, and whether its mask is wrong."""

    difficulty: npt.NDArray[np.float64]
    objects: npt.NDArray[np.float64]
    wrong: npt.NDArray[np.bool_]

    def first(self, count: int) -> Images:
        return Images(self.difficulty[:count], self.objects[:count], self.wrong[:count])


def images(random: np.random.Generator, count: int, wrong: float) -> Images:
    objects = np.clip(random.lognormal(np.log(0.15), 0.7, count), 0.005, 0.8)
    return Images(random.normal(0, _SPREAD, count), objects, random.random(count) < wrong)


def scored(quality: float, luck: npt.NDArray[np.float64], on: Images) -> Counts:
    """Confusions int64[n, 2, 2] of a model whose typical image has the IoU `quality`."""
    logit = np.log(quality / (1 - quality)) - on.difficulty + _OWN * luck
    iou = 1 / (1 + np.exp(-logit))
    iou = np.where(on.wrong, 0.1 + 0.2 * (1 - iou), iou)  # a better model agrees less with them
    pixels = 256 * 256
    true = np.round(on.objects * pixels)
    hits = np.round(true * 2 * iou / (1 + iou))  # as many missed as invented
    out = np.empty((len(true), 2, 2))
    invented = np.minimum(true - hits, pixels - true)
    out[:, 1, 1], out[:, 1, 0] = hits, true - hits
    out[:, 0, 1], out[:, 0, 0] = invented, pixels - true - invented
    return out.astype(np.int64)


def truth(quality: float, population: Images) -> float:
    found = mean_iou(scored(quality, np.zeros(_POPULATION), population).sum(0))
    assert found is not None
    return found


@dataclass(frozen=True)
class Round:
    """A decision, and what the candidate truly gains."""

    verdict: Verdict
    gain: float


def run(seed: int, wrong: float) -> list[Round]:
    """One person's rounds."""
    random = np.random.default_rng(seed)
    population = images(random, _POPULATION, 0.0)
    all_held_out = images(random, _ROUNDS * _PER_ROUND // _HELD_OUT_EVERY + 1, wrong)
    quality, luck = 0.35, random.normal(size=len(all_held_out.wrong))
    rounds = []
    for number in range(1, _ROUNDS + 1):
        held_out = all_held_out.first(1 + number * _PER_ROUND // _HELD_OUT_EVERY)
        count = len(held_out.wrong)
        falls = random.random() < 1 / 3
        change = (
            -random.exponential(0.02)
            if falls
            else random.exponential(0.25 * max(0.01, 0.9 - quality))
        )
        final = float(np.clip(quality + change, 0.05, 0.97))
        states = []
        for share in np.linspace(1 / _STATES, 1, _STATES):
            own = random.normal(size=len(luck))
            mixed = luck * np.sqrt(1 - share / 2) + own * np.sqrt(share / 2)
            states.append((quality + (final - quality) * float(share), mixed))
        confusions = [scored(q, own[:count], held_out) for q, own in states]
        best = int(np.argmax([mean_iou(found.sum(0)) or 0.0 for found in confusions]))
        before = scored(quality, luck[:count], held_out)
        verdict = compare(before, confusions[best])
        candidate, own = states[best]
        rounds.append(Round(verdict, truth(candidate, population) - truth(quality, population)))
        if verdict.promotes:
            quality, luck = candidate, own
    return rounds


def summary(rounds: list[Round]) -> dict[str, float]:
    """How many were promoted, how far the worst fell, and how many good ones were not."""
    proven = [r for r in rounds if r.verdict.outcome != UNPROVEN]
    promoted = [r for r in proven if r.verdict.promotes]
    early = [r for r in rounds if r.verdict.outcome == UNPROVEN and r.verdict.promotes]
    good = [r for r in proven if r.gain > 0.03]
    return {
        "rounds": len(rounds),
        "promoted": len(promoted),
        "worst change": round(min((r.gain for r in promoted), default=0.0), 4),
        "fell by more than 0.01": sum(r.gain < -0.01 for r in promoted),
        "unproven promoted": len(early),
        "worst change, unproven": round(min((r.gain for r in early), default=0.0), 4),
        "share of gains > 0.03 promoted": round(
            sum(r.verdict.promotes for r in good) / max(1, len(good)), 3
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--wrong", type=float, default=0.1, help="share of images with wrong masks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = [
        found
        for number in range(options.runs)
        for found in run(options.seed * 100_000 + number, options.wrong)
    ]
    found = summary(rounds)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()
