"""While there are few images, tiles of decided pixels are validated on, and never learnt from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from blobs import COMPUTE, example, scene, start

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.core.metrics import confusion_matrix
from cnnseg_gui.core.promotion import UNPROVEN
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.card import Card
from cnnseg_gui.learning.fit import Fitted, Settings, fit
from cnnseg_gui.learning.hold_out import CELL, TilesOf, hold_out_tiles
from cnnseg_gui.learning.propose import propose
from cnnseg_gui.learning.sampling import Example, PixelCache
from cnnseg_gui.learning.validate import choose_windows, score_apart

QUICK = Settings(patch=48, batch=2, rate=1e-2)


def large(seed: int, size: int = 600, *, held_out: bool = False) -> Example:
    pixels, truth = scene(seed, size)
    return Example(f"large {seed}", lambda: pixels, Mask.from_array(truth), held_out)


def learn(examples: list[Example], steps: int = 4) -> Fitted:
    return fit(start(), examples, compute=COMPUTE, settings=QUICK, steps=steps)


def test_what_is_held_out_is_nowhere_learnt_from_and_nothing_is_lost() -> None:
    before = [large(1), large(2)]
    after = hold_out_tiles(before)
    assert [type(item) for item in after] == [Example, Example, TilesOf, TilesOf]
    for number, original in enumerate(before):
        kept, apart = after[number], after[2 + number]
        assert (apart.key, apart.held_out, kept.held_out) == (kept.key, True, False)
        one, other = kept.mask.to_array(), apart.mask.to_array()
        assert ((one == UNLABELLED) != (other == UNLABELLED)).all()
        assert (np.where(one == UNLABELLED, other, one) == original.mask.to_array()).all()
        cells = {(r // CELL, c // CELL) for r, c in np.argwhere(other != UNLABELLED)}
        assert 1 <= len(cells) <= 10  # of 25
        assert original.mask.to_array().max() < UNLABELLED  # its own mask is as it was


def test_a_cell_keeps_its_role_as_more_is_painted() -> None:
    first = large(1)
    (_, held) = hold_out_tiles([first])
    (_, _, again, _) = hold_out_tiles([first, large(2)])
    assert (again.mask.to_array() == held.mask.to_array()).all()
    grown = dataclasses.replace(first, mask=Mask.from_array(scene(1, 900)[1]))
    (_, later) = hold_out_tiles([grown])
    was = held.mask.to_array() != UNLABELLED
    assert ((later.mask.to_array() != UNLABELLED)[:512, :512] == was[:512, :512]).all()


def test_a_rare_class_stays_to_be_learnt_from() -> None:
    for seed in range(20):
        mask = np.zeros((600, 600), np.uint8)
        top, left = np.random.default_rng(seed).integers(0, 590, 2)
        mask[top : top + 9, left : left + 9] = 1
        item = Example(f"rare {seed}", lambda: np.zeros((600, 600, 3), np.uint8), Mask(1, 1))
        kept, *_ = hold_out_tiles([dataclasses.replace(item, mask=Mask.from_array(mask))])
        assert (kept.mask.counts()[:2] >= 0.6 * np.bincount(mask.ravel())).all()


def test_where_little_is_painted_all_of_it_is_learnt_from() -> None:
    little = [example(1), example(2)]
    assert hold_out_tiles(little) == little
    assert hold_out_tiles([]) == []


def test_with_enough_held_out_images_no_tiles_are_needed() -> None:
    images = [large(1), large(2, held_out=True), large(3, held_out=True)]
    assert hold_out_tiles(images) == images
    assert len(hold_out_tiles(images[:2])) == 3


def test_of_few_images_every_tile_is_a_unit_and_of_many_every_image() -> None:
    images = [example(seed, held_out=True) for seed in range(5)]
    windows = choose_windows(images, 0)
    evidence, done = score_apart(start().network, windows, PixelCache(), COMPUTE, lambda: None)
    assert (evidence.over, done) == ("images", 5)
    assert sorted(evidence.keys) == [f"scene {seed}" for seed in range(5)]
    one = choose_windows([large(1, held_out=True)], 0)
    evidence, done = score_apart(start().network, one, PixelCache(), COMPUTE, lambda: None)
    assert (evidence.over, done, len(evidence.keys)) == ("tiles", 1, 25)


def test_every_unit_is_scored_as_it_is_proposed() -> None:
    item, model = large(1, held_out=True), start()
    proposal = np.zeros((600, 600), np.uint8)

    def take(rect: Rect, classes: Pixels, _confidence: Pixels) -> None:
        proposal[rect.slices] = classes

    propose(model, item.load(), COMPUTE, on_region=take)
    windows = choose_windows([item], 0)
    evidence, _ = score_apart(model.network, windows, PixelCache(), COMPUTE, lambda: None)
    truth = item.mask.to_array()
    expected = [
        confusion_matrix(truth[part], proposal[part], 2)
        for top in range(0, 600, CELL)
        for left in range(0, 600, CELL)
        for part in [(slice(top, top + CELL), slice(left, left + CELL))]
    ]
    assert (evidence.confusions == np.stack(expected)).all()
    assert (evidence.total == sum(expected)).all()


def test_the_card_says_what_it_was_checked_on_and_how_well_it_did() -> None:
    card = learn([example(seed, held_out=seed > 1) for seed in range(7)], steps=60).model.card
    assert card.check is not None
    assert (card.check.over, card.check.units, card.held_out) == ("images", 5, 5)
    assert card.check.gain == card.metrics["iou"] - card.metrics["iou_before"]
    assert set(card.by_image) == {f"scene {seed}" for seed in range(2, 7)}
    assert set(card.by_class) == {"background", "blob"}
    mean = np.mean([found.iou for found in card.by_class.values()])
    assert mean == pytest.approx(card.metrics["iou"], abs=1e-4)
    assert card.dice is not None
    assert card.dice > card.metrics["iou"]
    assert card.calibration is not None
    assert card.calibration.error <= card.calibration.error_before + 0.02
    assert Card.from_json(card.to_json()) == card


def test_of_a_project_with_one_image_the_card_says_that_tiles_were_held_out() -> None:
    card = learn(hold_out_tiles([large(1)])).model.card
    assert card.check is not None
    assert card.check.over == "tiles"
    assert (card.images, card.held_out) == (1, 0)
    assert card.check.outcome == UNPROVEN
    assert "held-out tiles" in card.check.in_words()


def test_with_nothing_held_out_the_card_says_unproven_and_no_more() -> None:
    card = learn([example(1)]).model.card
    assert card.check is not None
    assert (card.check.outcome, card.check.units) == (UNPROVEN, 0)
    assert (card.by_image, card.by_class, card.calibration, card.dice) == ({}, {}, None, None)
    assert card.temperature == 1
