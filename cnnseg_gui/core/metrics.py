"""Scores of a prediction on decided pixels: one confusion matrix, and what follows from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.mask import UNLABELLED

Confusion = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


def confusion_matrix(
    truth: npt.NDArray[np.uint8], predicted: npt.NDArray[np.uint8], classes: int
) -> Confusion:
    """Counts int64[classes, classes], [truth, predicted], of the pixels with a decided truth.

    Matrices of several images add up.

    Args:
        truth: uint8[…], a class index or UNLABELLED.
        predicted: uint8 of the same shape, class indices.
        classes: how many there are.

    Raises:
        ValueError: shapes that differ, or a decided truth or prediction ≥ `classes`.
    """
    if truth.shape != predicted.shape:
        raise ValueError(f"shapes {truth.shape} and {predicted.shape}")
    decided = truth != UNLABELLED
    true, said = truth[decided].astype(np.int64), predicted[decided].astype(np.int64)
    if true.size and max(true.max(), said.max()) >= classes:
        raise ValueError(f"a class index beyond {classes - 1}")
    counts = np.bincount(true * classes + said, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def iou(confusion: Confusion) -> Scores:
    """Intersection over union by class, float64[classes]; NaN where a class occurs nowhere."""
    hits = np.diag(confusion)
    return _ratio(hits, confusion.sum(0) + confusion.sum(1) - hits)


def dice(confusion: Confusion) -> Scores:
    """Dice (F1) by class, float64[classes]; NaN where a class occurs nowhere."""
    return _ratio(2 * np.diag(confusion), confusion.sum(0) + confusion.sum(1))


def mean_over_present(scores: Scores, confusion: Confusion) -> float | None:
    """The mean over the classes that the truth holds; None where it holds none."""
    present = confusion.sum(1) > 0
    return float(scores[present].mean()) if present.any() else None


def mean_iou(confusion: Confusion) -> float | None:
    """Mean IoU over the classes that the truth holds; None where nothing is decided."""
    return mean_over_present(iou(confusion), confusion)


def pixel_accuracy(confusion: Confusion) -> float | None:
    """The share of decided pixels that are right; None where nothing is decided."""
    total = int(confusion.sum())
    return float(np.diag(confusion).sum() / total) if total else None


def _ratio(part: Confusion, whole: Confusion) -> Scores:
    out: Scores = np.full(part.shape, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
