"""The live head: an answer at once, by the network's own parameters."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from blobs import CLASSES, COMPUTE, scene
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.mask import TILE, UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning.levels import levels
from cnnseg_gui.learning.live_features import (
    CELL,
    LARGEST,
    WHOLE,
    Encoded,
    cells,
    encode,
    upsampled,
)
from cnnseg_gui.learning.live_head import LiveHead
from cnnseg_gui.learning.live_pixels import LivePixels, Sample
from cnnseg_gui.learning.model import Model, adapt, new
from cnnseg_gui.learning.propose import infer

SIZE = 96


def fresh(*, taught: bool = False, classes: tuple[str, ...] = CLASSES) -> Model:
    """With `taught` as after a fine-tune: the layers behind the head are no longer nothing."""
    model = new("fcn-lite0", classes)
    if taught:
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for parameter in model.network.parameters():
                if parameter.ndim == 4 and not parameter.any():
                    parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.05)
    return Model(model.network, msgspec.structs.replace(model.card, steps=int(taught)))


def encoded(model: Model, pixels: Pixels) -> Encoded:
    (core,) = cells(pixels.shape[:2], Rect(0, 0, *pixels.shape[:2]))
    return encode(model, pixels, core, COMPUTE)


def tile(truth: Pixels) -> Pixels:
    whole = np.full((TILE, TILE), UNLABELLED, np.uint8)
    whole[: truth.shape[0], : truth.shape[1]] = truth
    return whole


def strokes(truth: Pixels) -> Pixels:
    """A tenth of the rows are decided."""
    some = np.full_like(truth, UNLABELLED)
    some[::10] = truth[::10]
    return some


def striped(seed: int) -> tuple[Pixels, Pixels]:
    """With a red line, which is of a third class."""
    pixels, truth = scene(seed, SIZE)
    pixels, truth = pixels.copy(), truth.copy()
    pixels[40:50], truth[40:50] = (250, 0, 0), 2
    return pixels, truth


def sample_of(model: Model, seeds: tuple[int, ...]) -> tuple[LivePixels, Sample]:
    held = LivePixels(np.random.default_rng(0), torch.float32)
    for seed in seeds:
        pixels, truth = scene(seed, SIZE)
        held.read(str(seed), (0, 0), tile(strokes(truth)), None, encoded(model, pixels))
    sample = held.sample()
    assert sample is not None
    return held, sample


def iou(logits: torch.Tensor, truth: Pixels) -> float:
    found, true = logits.argmax(0).numpy() == 1, truth == 1
    return float((found & true).sum() / (found | true).sum())


def scores(head: LiveHead, seen: Encoded) -> torch.Tensor:
    return head.logits(seen, head.hidden(seen))


def test_before_it_has_learnt_it_says_what_the_taught_network_says() -> None:
    model, (pixels, _) = fresh(taught=True), scene(1, SIZE)
    whole = infer(model.prepared(COMPUTE), levels(pixels)[pixels], COMPUTE)
    found = scores(LiveHead(model, COMPUTE), encoded(model, pixels))
    torch.testing.assert_close(found, whole, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("taught", [False, True])
def test_what_it_has_learnt_the_whole_network_knows(taught: bool) -> None:
    model, (pixels, _) = fresh(taught=taught), scene(1, SIZE)
    _, sample = sample_of(model, (1, 2))
    head = LiveHead(model, COMPUTE)
    head.deepen(sample, steps=5)
    head.fit(sample)
    seen = levels(pixels)[pixels]
    whole = infer(head.taught_model().prepared(COMPUTE), seen, COMPUTE)
    torch.testing.assert_close(scores(head, encoded(model, pixels)), whole, atol=1e-3, rtol=1e-3)
    before = infer(model.prepared(COMPUTE), seen, COMPUTE)
    assert (whole - before).abs().max() > 0.1, "the model itself stays as it was"


@pytest.mark.parametrize("taught", [False, True])
def test_a_few_strokes_find_the_blobs_of_the_whole_image_and_of_another(taught: bool) -> None:
    model = fresh(taught=taught)
    _, sample = sample_of(model, (1, 2))
    head = LiveHead(model, COMPUTE)
    head.deepen(sample, steps=30)
    head.fit(sample)
    for seed in (1, 7):
        pixels, truth = scene(seed, SIZE)
        assert iou(scores(head, encoded(model, pixels)), truth) > (0.35 if taught else 0.5)


def test_every_fit_lowers_the_loss_and_learning_deeper_lowers_it_further() -> None:
    model = fresh()
    _, sample = sample_of(model, (1, 2))
    head = LiveHead(model, COMPUTE)
    with torch.no_grad():
        logits = F.linear(head._hidden(sample.features), head._rows, head._offset)
        begun = float(F.cross_entropy(logits, sample.truth))
    quick = head.fit(sample)
    head.deepen(sample, steps=40)
    assert head.fit(sample) < quick < begun


def test_with_one_class_decided_there_is_nothing_to_fit() -> None:
    held = LivePixels(np.random.default_rng(0), torch.float32)
    pixels, truth = scene(1, SIZE)
    some = np.where(truth == 1, UNLABELLED, truth)
    held.read("1", (0, 0), tile(some), None, encoded(fresh(), pixels))
    assert held.sample() is None


def test_undecided_pixels_have_no_influence() -> None:
    """Wherever nothing is decided the features are nonsense, and nothing changes."""
    model, (pixels, truth) = fresh(), scene(1, SIZE)
    truth[:, SIZE // 2 :] = UNLABELLED
    seen = encoded(model, pixels)
    spoilt = [level.clone() for level in seen.levels]
    for level in spoilt:
        level[:, :, level.shape[2] // 2 + 2 :] = float("nan")
    fitted = []
    for taps in (seen.levels, spoilt):
        held = LivePixels(np.random.default_rng(0), torch.float32)
        held.read("1", (0, 0), tile(truth), None, Encoded(seen.core, seen.window, (*taps,), None))
        sample = held.sample()
        assert sample is not None
        head = LiveHead(model, COMPUTE)
        head.deepen(sample, steps=3)
        head.fit(sample)
        fitted.append(scores(head, seen))
    torch.testing.assert_close(fitted[0], fitted[1])


def test_what_was_read_longest_ago_makes_room() -> None:
    model = fresh()
    held, _ = sample_of(model, (1, 2, 3))
    whole = held.nbytes
    pixels, truth = scene(1, SIZE)
    held.read("1", (0, 0), tile(strokes(truth)), None, encoded(model, pixels))
    assert held.bound(whole) == []
    assert held.bound(whole // 2) == ["2", "3"]
    assert 0 < held.nbytes < whole / 2
    assert held.bound(0) == [], "the last one stays"


def test_what_is_decided_no_more_is_forgotten() -> None:
    model = fresh()
    held, _ = sample_of(model, (1, 2))
    pixels, _ = scene(1, SIZE)
    nothing = np.full((TILE, TILE), UNLABELLED, np.uint8)
    for seed in ("1", "2"):
        held.read(seed, (0, 0), nothing, np.ones((TILE, TILE), np.bool_), encoded(model, pixels))
    assert len(held) == 0
    assert held.sample() is None


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_features_at_a_pixel_are_those_of_the_upsampled_maps(
    height: int, width: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    levels = tuple(
        torch.randn(3, -(-height // stride), -(-width // stride), generator=generator)
        for stride in (2, 4, 32)
    )
    fine = torch.randn(2, height, width, generator=generator)
    window = Rect(10, 20, 10 + height, 20 + width)
    seen = Encoded(window, window, levels, fine)
    rows = torch.randint(height, (20,), generator=generator)
    columns = torch.randint(width, (20,), generator=generator)
    slow = torch.cat(
        [F.interpolate(level[None], (height, width), mode="bilinear")[0] for level in levels]
    )
    features, found = seen.read(rows + 10, columns + 20)
    torch.testing.assert_close(features, slow[:, rows, columns].T)
    assert found is not None
    torch.testing.assert_close(found, fine[:, rows, columns].T)


@given(st.integers(1, 9), st.integers(1, 9), st.booleans(), st.booleans())
@settings(deadline=None)
def test_upsampling_is_torchs(height: int, width: int, odd_rows: bool, odd_columns: bool) -> None:
    x = torch.randn(height, width, 3)
    size = 2 * height - odd_rows, 2 * width - odd_columns
    slow = F.interpolate(x.permute(2, 0, 1)[None], size, mode="bilinear")[0].permute(1, 2, 0)
    torch.testing.assert_close(upsampled(x, size), slow)


def test_what_was_painted_last_weighs_a_quarter_at_least() -> None:
    model = fresh()
    held, _ = sample_of(model, (1, 2, 3))
    pixels, truth = scene(1, SIZE)
    more = strokes(truth)
    more[5, :20] = 1
    changed = tile(more) != tile(strokes(truth))
    held.begin_gesture()
    held.read("1", (0, 0), tile(more), changed, encoded(model, pixels))
    sample = held.sample()
    assert sample is not None
    of_class = sample.weights[sample.truth == 1]
    fresh_ones = of_class[of_class == of_class.max()]
    assert len(fresh_ones) == 20
    assert float(fresh_ones.sum() / of_class.sum()) == pytest.approx(0.25, abs=0.01)
    held.begin_gesture()
    after = held.sample()
    assert after is not None
    of_class = after.weights[after.truth == 1]
    assert float(of_class.max()) == pytest.approx(float(of_class.min())), "and then no more"


def test_a_class_added_later_is_learnt_beside_what_is_known() -> None:
    model = fresh(taught=True)
    _, sample = sample_of(model, (1, 2))
    head = LiveHead(model, COMPUTE)
    head.fit(sample)
    wider = adapt(head.taught_model(), (*CLASSES, "line"))
    held = LivePixels(np.random.default_rng(0), torch.float32)
    for seed in (1, 2):
        pixels, truth = striped(seed)
        held.read(str(seed), (0, 0), tile(truth), None, encoded(wider, pixels))
    more = held.sample()
    assert more is not None
    later = LiveHead(wider, COMPUTE)
    later.fit(more)
    pixels, truth = striped(3)
    found = scores(later, encoded(wider, pixels)).argmax(0).numpy()
    assert (found[42:48] == 2).mean() > 0.9
    assert (found[truth == 1] == 1).mean() > 0.5


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(0, 8000), st.integers(0, 8000))
@settings(deadline=None)
def test_an_image_of_any_size_is_covered_as_far_as_it_is_visible(
    height: int, width: int, top: int, left: int
) -> None:
    visible = Rect(top, left, top + 900, left + 1500)
    found = list(cells((height, width), visible))
    assert len(set(found)) == len(found)
    assert sum(rect.height * rect.width for rect in found) <= LARGEST + CELL * CELL
    if max(height, width) <= WHOLE:
        assert found == [Rect(0, 0, height, width)]
    shown = visible.clipped((height, width))
    if not shown.empty and len(found) > 1:
        covered = sum(
            part.height * part.width
            for rect in found
            if not (part := rect.intersection(shown)).empty
        )
        area = sum(rect.height * rect.width for rect in found)
        assert covered == shown.height * shown.width or area >= LARGEST
