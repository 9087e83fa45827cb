"""A fine-tune that was interrupted goes on from where it was."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import msgspec
import pytest
import torch
from blobs import CLASSES, COMPUTE, example, start
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.learning import unfinished as storing
from cnnseg_gui.learning.fit import Fitted, Make, Progress, Settings, fit
from cnnseg_gui.learning.model import Model, dump
from cnnseg_gui.learning.unfinished import (
    Unfinished,
    dump_unfinished,
    load_unfinished,
    require_fit,
)

QUICK = Settings(patch=48, batch=2, rate=1e-2)
EXAMPLES = example(1), example(2), example(3, held_out=True)


class Interrupted(Exception):
    """The engine is gone."""


def learn(model: Model, **more: object) -> Fitted:
    options = {"compute": COMPUTE, "settings": QUICK, "steps": 40, **more}
    return fit(model, EXAMPLES, **options)  # type: ignore[arg-type]


def state_after(steps: int, *, of: int = 40) -> bytes:
    """What is kept of a fine-tune that is interrupted after some of its steps."""
    kept: list[bytes] = []
    taken = itertools.count(1)

    def keep(make: Make) -> None:
        if next(taken) == steps:
            kept.append(dump_unfinished(make()))
            raise Interrupted

    with pytest.raises(Interrupted):
        learn(start(), steps=of, keep=keep)
    return kept[0]


def test_it_goes_on_with_the_steps_that_are_left_and_ends_as_well() -> None:
    told: list[Progress] = []
    taken_up = load_unfinished(state_after(25))
    fitted = learn(start(), unfinished=taken_up, on_progress=told.append)
    whole = learn(start())
    assert [progress.step for progress in told] == list(range(25, 41))
    assert fitted.steps == 40
    assert fitted.model.card.resumed == 1
    assert whole.model.card.resumed == 0
    assert sum(progress.loss for progress in told[1:]) / 15 < 0.9 * _first_loss()
    assert fitted.model.card.metrics["iou"] > whole.model.card.metrics["iou_before"] + 0.2


def _first_loss() -> float:
    told: list[Progress] = []
    learn(start(), steps=1, on_progress=told.append)
    return told[1].loss


def test_the_score_before_is_that_of_the_model_it_began_from() -> None:
    fitted = learn(start(), unfinished=load_unfinished(state_after(20)))
    whole = learn(start())
    assert fitted.model.card.metrics["iou_before"] == whole.model.card.metrics["iou_before"]
    assert fitted.history[0].step == 0


def test_the_seconds_spent_before_are_not_had_again() -> None:
    state = load_unfinished(state_after(3))
    nearly = msgspec.structs.replace(state.facts, seconds=99.0)
    told: list[Progress] = []
    fitted = learn(
        start(),
        steps=None,
        seconds=100.0,
        unfinished=dataclasses.replace(state, facts=nearly),
        on_progress=told.append,
    )
    assert told[0].seconds >= 99.0
    assert 99.5 < fitted.seconds < 103.0


def test_one_that_had_spent_all_its_time_ends_at_once_with_what_it_knew() -> None:
    state = load_unfinished(state_after(39))
    over = msgspec.structs.replace(state.facts, seconds=100.0)
    fitted = learn(
        start(), steps=None, seconds=100.0, unfinished=dataclasses.replace(state, facts=over)
    )
    assert fitted.steps == 39
    assert fitted.model.card.metrics["iou"] > fitted.model.card.metrics["iou_before"]


def test_weights_that_did_best_earlier_are_not_lost() -> None:
    """What was learnt since then is ruined: the earlier ones are returned."""
    state = load_unfinished(state_after(30))
    assert state.facts.best_step
    ruined = {key: torch.zeros_like(value) for key, value in state.weights.items()}
    spoilt = dataclasses.replace(state, weights=ruined)
    fitted = learn(start(), steps=31, unfinished=spoilt)
    assert fitted.kept == state.facts.best_step
    kept = fitted.model.network.state_dict()
    assert all(torch.equal(kept[name], value) for name, value in state.best.items())
    metrics = fitted.model.card.metrics
    assert metrics["iou"] > metrics["iou_before"] + 0.1


def test_what_is_kept_comes_back_as_it_was() -> None:
    data = state_after(12)
    state = load_unfinished(data)
    assert (state.facts.step, state.facts.network, state.facts.classes) == (12, "unet", CLASSES)
    assert state.facts.seconds > 0
    assert dump_unfinished(state) == data
    require_fit(state, start().network, name="unet", classes=CLASSES)
    assert any(value.any() for value in state.squares.values())


def test_keeping_it_changes_nothing_of_what_is_learnt() -> None:
    def keep(make: Make) -> None:
        dump_unfinished(make())

    assert dump(learn(start(), steps=6, keep=keep).model) == dump(learn(start(), steps=6).model)


def test_a_very_large_state_goes_without_the_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = state_after(4)
    monkeypatch.setattr(storing, "MOST_WITH_MOMENTS", len(whole) // 2)
    state = load_unfinished(state_after(4))
    assert state.means == state.squares == {}
    assert learn(start(), steps=6, unfinished=state).steps == 6


# ---------------------------------------------------------------- damaged, or another one's


@pytest.fixture(scope="module")
def data() -> bytes:
    return state_after(4)


def changed(data: bytes, **facts: object) -> bytes:
    state = load_unfinished(data)
    made = msgspec.structs.replace(state.facts, **facts)
    return dump_unfinished(dataclasses.replace(state, facts=made))


def check(data: bytes) -> Unfinished:
    state = load_unfinished(data, "state.safetensors")
    require_fit(state, start().network, name="unet", classes=CLASSES, path="state.safetensors")
    return state


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no state",
        lambda data: data[:1000],
        lambda data: data[:-1],
        lambda data: save_safetensors({"weights/a": torch.zeros(1)}),
        lambda data: changed(data, step=-1),
        lambda data: changed(data, seconds=-1.0),
        lambda data: changed(data, seconds=1e300),
        lambda data: changed(data, network="fcn32s"),
        lambda data: changed(data, classes=("background",)),
        lambda data: (
            changed(data, best_step=None)
            if load_unfinished(data).best
            else changed(data, best_step=3)
        ),
    ],
)
def test_what_is_no_state_of_this_network_is_refused_by_name(
    data: bytes, damage: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(UserError, match="cannot go on") as error:
        check(damage(data))
    assert error.value.path == "state.safetensors"


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        *itertools.product(("weights", "mean", "square"), ("nan", "shape", "missing", "more")),
        ("square", "negative"),
    ],
)
def test_weights_that_are_not_its_own_are_refused(data: bytes, kind: str, how: str) -> None:
    tensors = load_safetensors(data)
    key = next(key for key in tensors if key.startswith(kind) and tensors[key].ndim > 1)
    match how:
        case "nan":
            tensors[key].view(-1)[3] = torch.nan
        case "negative":
            tensors[key].view(-1)[3] = -1
        case "shape":
            tensors[key] = tensors[key].flatten()
        case "missing":
            del tensors[key]
        case "more":
            tensors[f"{kind}/another"] = torch.zeros(1)
    with pytest.raises(UserError, match="cannot go on"):
        check(save_safetensors(tensors))


@settings(max_examples=200)
@given(draw=st.data())
def test_a_flipped_byte_is_refused_or_harmless_but_never_a_defect(
    data: bytes, draw: st.DataObject
) -> None:
    broken = bytearray(data)
    # Half of the time in the header: there it does more than change a number.
    end = draw.draw(st.sampled_from([4000, len(data)]))
    broken[draw.draw(st.integers(0, end - 1))] ^= draw.draw(st.integers(1, 255))
    try:
        state = check(bytes(broken))
    except UserError:
        return
    assert all(torch.isfinite(value).all() for value in state.weights.values())
