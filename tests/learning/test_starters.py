"""The models that ship propose nuclei on images they have not learnt from."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.metrics import confusion_matrix, iou
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.device import choose
from cnnseg_gui.learning.model import adapt, starter, starters
from cnnseg_gui.learning.propose import propose
from cnnseg_gui.resources import starter_folder

NAMES = [card.name for card in starters()]


def proposed(name: str, pixels: np.ndarray) -> np.ndarray:
    found = np.zeros(pixels.shape[:2], np.uint8)

    def take(rect: Rect, classes: np.ndarray, _confidence: np.ndarray) -> None:
        found[rect.slices] = classes

    propose(starter(name), pixels, choose("cpu"), on_region=take)
    return found


def test_the_default_network_and_a_plain_unet_ship() -> None:
    assert {"fcn-lite0", "unet", "unet-lite0"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_what_it_learnt_from_and_how_well_it_does(name: str) -> None:
    card = json.loads((starter_folder() / name / "card.json").read_text())
    assert card["classes"] == ["background", "nucleus"]
    assert "CC0" in card["data"]
    assert card["command"].startswith("cnnseg train")
    assert "seed" in card
    assert card["licence"]
    assert 0.5 < card["metrics"]["val_iou_nucleus"] < 1


@pytest.mark.parametrize("name", NAMES)
def test_its_score_on_unseen_images_is_the_one_on_the_card(name: str, shared_data: Path) -> None:
    folder = shared_data / "dsb2018_nuclei"
    rows = csv.DictReader((folder / "pairs.csv").read_text().splitlines())
    total = np.zeros((2, 2), np.int64)
    for row in rows:
        if row["split"] == "val" and row["group"].startswith("gray_dark"):
            truth = (read_mask(folder / row["mask"]) > 0).astype(np.uint8)
            shown = proposed(name, read_image(folder / row["image"]).pixels)
            total += confusion_matrix(truth, shown, 2)
    card = json.loads((starter_folder() / name / "card.json").read_text())
    assert iou(total)[1] == pytest.approx(card["metrics"]["val_iou_nucleus"], abs=0.01)


def test_a_starter_that_knows_none_of_the_classes_proposes_background_only() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (96, 80, 3), np.uint8)
    model = adapt(starter("unet-lite0"), ("soil", "weed", "carrot"))
    classes: list[np.ndarray] = []
    propose(model, pixels, choose("cpu"), on_region=lambda _rect, found, _c: classes.append(found))
    assert all((found == 0).all() for found in classes)
