"""Which weights a fine-tune keeps: where held-out pixels tell little, those that learnt most."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from blobs import COMPUTE, example, start

from cnnseg_gui.core.mask import UNLABELLED, Mask
from cnnseg_gui.core.promotion import UNPROVEN
from cnnseg_gui.learning import keep
from cnnseg_gui.learning.fit import Fitted, Settings, fit
from cnnseg_gui.learning.keep import Keeper
from cnnseg_gui.learning.sampling import Example, PixelCache
from cnnseg_gui.learning.schedule import Budget
from cnnseg_gui.learning.validate import Evidence

QUICK = Settings(patch=48, batch=2, rate=1e-2)


def learn(examples: list[Example]) -> Fitted:
    return fit(start(), examples, compute=COMPUTE, settings=QUICK, steps=4)


def background_only(seed: int) -> Example:
    whole = example(seed, held_out=True)
    truth = whole.mask.to_array()
    ground = np.where(truth == 0, truth, UNLABELLED).astype(np.uint8)
    return dataclasses.replace(whole, mask=Mask.from_array(ground))


def test_held_out_pixels_of_one_class_are_no_evidence() -> None:
    fitted = learn([example(1), background_only(2), background_only(3)])
    check = fitted.model.card.check
    assert check is not None
    assert (check.outcome, check.units) == (UNPROVEN, 0)
    assert (fitted.history, fitted.kept) == ((), 4)


def test_a_hasty_first_validation_is_compared_with_the_same_pixels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keep, "_FIRST", 0.0)  # as with a network that takes minutes for it
    held_out = [example(seed, held_out=True) for seed in range(6)]
    keeper = Keeper(start().network, held_out, PixelCache(), Budget(60.0, None), seed=0)
    keeper.validate(COMPUTE, lambda: None, step=0)
    keeper.validate(COMPUTE, lambda: None, step=5)
    verdict = keeper.verdict()
    assert (verdict.units, verdict.over, verdict.gain) == (4, "images", 0.0)


def scores(monkeypatch: pytest.MonkeyPatch, units: int, hits: list[int]) -> int:
    """Validates with so many right pixels of 100 in every unit; returns which step is kept."""
    evidence = [
        Evidence(
            "images",
            tuple(map(str, range(units))),
            np.array([[[100, 0], [100 - hit, hit]]] * units, np.int64),
        )
        for hit in hits
    ]
    found = iter(evidence)
    monkeypatch.setattr(keep, "score_apart", lambda *_, **__: (next(found), units))
    keeper = Keeper(
        start().network,
        [example(seed, held_out=True) for seed in range(units)],
        PixelCache(),
        Budget(None, len(hits)),
        seed=0,
    )
    for step in range(len(hits)):
        keeper.validate(COMPUTE, lambda: None, step=step)
    assert keeper.kept is not None
    return keeper.kept.step


def test_with_enough_evidence_the_best_weights_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scores(monkeypatch, 8, [50, 90, 89]) == 1


def test_with_little_evidence_later_weights_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scores(monkeypatch, 2, [50, 90, 89]) == 2


def test_with_little_evidence_much_worse_weights_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scores(monkeypatch, 2, [50, 90, 60]) == 1


def test_with_little_evidence_weights_do_not_get_worse_bit_by_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert scores(monkeypatch, 2, [90, 84, 78, 72]) == 1
