"""`cnnseg evaluate`: how well predicted masks agree with true ones."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cnnseg_gui.commands.arguments import (
    class_names,
    classes_by_value,
    mask_value,
    value_names,
)
from cnnseg_gui.commands.output import answer, counted, note
from cnnseg_gui.commands.stems import by_stem
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import find_images
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.mask_io import apply_value_map, read_mask
from cnnseg_gui.core.metrics import (
    Confusion,
    confusion_matrix,
    dice,
    iou,
    mean_over_present,
    pixel_accuracy,
)

HELP = "score predicted masks against true ones: IoU and Dice by class"

_VALUES = 256


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("predictions", type=Path, metavar="PRED_DIR", help="masks of class indices")
    parser.add_argument(
        "--against", type=Path, required=True, metavar="DIR", help="true masks of the same names"
    )
    parser.add_argument(
        "--ignore", type=mask_value, metavar="N", help="the true masks' value for undecided: 255"
    )
    parser.add_argument(
        "--classes", type=class_names, metavar="NAMES", help="in the order of their indices"
    )
    parser.add_argument(
        "--mask-values",
        type=value_names,
        metavar="MAP",
        help="what the true masks' values mean, e.g. 0=background,255=nucleus; without it they "
        "are class indices. Other values are passed over",
    )


def run(options: argparse.Namespace) -> int:
    """Scores every true mask that has a prediction.

    Raises:
        UserError: no true mask has one.
    """
    names = options.classes or tuple(dict.fromkeys((options.mask_values or {}).values()))
    meaning = classes_by_value(options.mask_values, names, options.usage_error) if names else None
    if options.ignore is not None and options.ignore in (options.mask_values or {}):
        options.usage_error(f"--mask-values names {options.ignore}, which --ignore passes over")
    if meaning is not None:
        meaning.pop(options.ignore, None)
    truths = by_stem(find_images([options.against]), noun="mask")
    predictions = by_stem(find_images([options.predictions]), noun="prediction")
    comparison = _Comparison(meaning, UNLABELLED if options.ignore is None else options.ignore)
    for stem, path in truths.items():
        comparison.take(path, predictions.get(stem))
    if not comparison.images:
        raise UserError(
            "no prediction can be compared with a true mask",
            path=options.predictions,
            remedy="They are matched by name, endings aside.",
        )
    comparison.tell(extra=len(predictions.keys() - truths.keys()))
    _answer(options, comparison, names)
    return 0


@dataclass
class _Comparison:
    """Adds up a confusion matrix of all values, int64[256, 256], [truth, predicted]."""

    classes_by_value: dict[int, int] | None
    """None: a true mask's values are class indices, however many."""
    ignored: int
    total: Confusion = field(default_factory=lambda: np.zeros((_VALUES, _VALUES), np.int64))
    images: int = 0
    missing: int = 0
    refused: int = 0
    unnamed: Counter[int] = field(default_factory=Counter)

    def take(self, truth: Path, prediction: Path | None) -> None:
        """Compares one pair; what is broken or of another size is named on stderr instead."""
        if prediction is None:
            self.missing += 1
            return
        try:
            true, said = read_mask(truth), read_mask(prediction)
            if true.shape != said.shape:
                raise UserError(
                    f"the prediction is {said.shape[1]} × {said.shape[0]} pixels, "
                    f"the true mask {true.shape[1]} × {true.shape[0]}",
                    path=prediction,
                    remedy="It was passed over.",
                )
        except UserError as error:
            note(error)
            self.refused += 1
            return
        self.total += confusion_matrix(self._decided(true), said, _VALUES)
        self.images += 1

    def _decided(self, true: Pixels) -> Pixels:
        """Class indices, or UNLABELLED where the truth says nothing."""
        if self.classes_by_value is None:
            return np.where(true == self.ignored, np.uint8(UNLABELLED), true)
        pixels, unnamed = apply_value_map(true, self.classes_by_value)
        unnamed.pop(self.ignored, None)
        self.unnamed.update(unnamed)
        return pixels

    def tell(self, *, extra: int) -> None:
        """What was not compared."""
        if self.missing:
            note(f"{counted(self.missing, 'true mask')} without a prediction")
        if extra:
            note(f"{counted(extra, 'prediction')} without a true mask")
        for value, pixels in sorted(self.unnamed.items()):
            note(f"the value {value} is no class: {counted(pixels, 'pixel')} passed over")

    def by_class(self, classes: int) -> Confusion:
        """int64[classes + 1, classes + 1]: the last column is what was said and is no class."""
        out = np.zeros((classes + 1, classes + 1), np.int64)
        out[:classes, :classes] = self.total[:classes, :classes]
        out[:classes, classes] = self.total[:classes, classes:].sum(1)
        return out

    @property
    def classes(self) -> int:
        """As many as the values that occur, unlabelled aside, call for."""
        occurs = (self.total.sum(0) + self.total.sum(1))[:UNLABELLED]
        return int(np.flatnonzero(occurs)[-1]) + 1 if occurs.any() else 0


def _answer(options: argparse.Namespace, comparison: _Comparison, names: tuple[str, ...]) -> None:
    names = names or tuple(f"class {index}" for index in range(comparison.classes))
    confusion = comparison.by_class(len(names))
    if not confusion.any():
        raise UserError("no pixel of the true masks is decided", path=options.against)
    strange = int(confusion[:, -1].sum())
    if strange:
        note(f"{counted(strange, 'pixel')} were predicted as no class; they count as wrong")
    if np.count_nonzero(confusion.sum(1)) == 1 and not options.mask_values:
        note(
            "the true masks hold one class only. Where 255 is a class in them, say so: "
            "--mask-values 0=background,255=object"
        )
    ious, dices = iou(confusion), dice(confusion)
    means = mean_over_present(ious, confusion), mean_over_present(dices, confusion)
    accuracy = pixel_accuracy(confusion)
    width = max(len(name) for name in (*names, "class", "mean"))
    lines = [f"{'class':{width}}     IoU    Dice"]
    lines += [
        f"{name:{width}}  {ious[i]:6.4f}  {dices[i]:6.4f}"
        for i, name in enumerate(names)
        if not np.isnan(ious[i])
    ]
    lines += [
        f"{'mean':{width}}  {means[0]:6.4f}  {means[1]:6.4f}",
        f"{counted(comparison.images, 'image')}; {accuracy:.4f} of the decided pixels are right",
    ]
    data = {
        "images": comparison.images,
        "missing": comparison.missing,
        "refused": comparison.refused,
        "classes": [
            {"name": name, "iou": float(ious[i]), "dice": float(dices[i])}
            for i, name in enumerate(names)
        ],
        "mean_iou": means[0],
        "mean_dice": means[1],
        "pixel_accuracy": accuracy,
        "predicted_as_no_class": strange,
        "unnamed_values": dict(comparison.unnamed),
    }
    answer(options, data, lines)
