"""Images with their true masks, and how well a model finds those.

A data set is a folder with `pairs.csv` (image, mask, …) and `dataset.json` (values, ignore). The
rows are permuted by `numpy.random.default_rng(0)`: the first are learnt from, the last 20 (12 of
camvid) scored.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.metrics import iou
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.model import Model
from cnnseg_gui.learning.propose import propose

LONGEST = 1400
"""Longer images are halved, in pixels."""
SCORED = {"camvid": 12}
"""Images; 20 of others."""


@dataclass(frozen=True, eq=False)
class Pair:
    """An image and its true mask."""

    key: str
    pixels: Pixels
    """uint8[H, W, 3]."""
    truth: Pixels
    """uint8[H, W], UNLABELLED where it is not known."""


def read(folder: Path, images: int | None) -> tuple[list[Pair], list[Pair], int]:
    """Those to learn from, those to score, and the number of classes.

    Args:
        images: to learn from; None: all that are not scored.
    """
    facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    rows = list(csv.reader((folder / "pairs.csv").read_text(encoding="utf-8").splitlines()))[1:]
    order = np.random.default_rng(0).permutation(len(rows))
    scored = SCORED.get(facts["name"], 20)
    ignore = facts.get("ignore")
    values = sorted(int(v) for v in facts["values"] if int(v) != ignore)
    table = np.full(256, UNLABELLED, np.uint8)
    table[values] = np.arange(len(values), dtype=np.uint8)

    def pairs(chosen: npt.NDArray[np.int64]) -> list[Pair]:
        return [_pair(folder, rows[i][0], rows[i][1], table) for i in chosen.tolist()]

    given = order[: len(rows) - scored if images is None else images]
    return pairs(given), pairs(order[-scored:]), len(values)


def score(model: Model, pairs: Sequence[Pair], classes: int, compute: Compute) -> float:
    """From one confusion matrix over all pixels that are known.

    Returns:
        Of two classes the IoU of class 1; of more the mean over those present.
    """
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
