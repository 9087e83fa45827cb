"""Proposing: every pixel once, without seams, what is visible first."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.learning import propose as proposing
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.levels import levels
from cnnseg_gui.learning.model import Model, new
from cnnseg_gui.learning.propose import TILE, WHOLE, crop, propose

COMPUTE = Compute(torch.device("cpu"), "test", torch.float32, torch.float32, 1)


@pytest.fixture(scope="module")
def model() -> Model:
    return new("unet", ("background", "cell", "edge"), 1, {"width": 2})


def picture(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


class Canvas:
    """Collects the regions of a proposal."""

    def __init__(self, height: int, width: int) -> None:
        self.times = np.zeros((height, width), int)
        self.classes = np.full((height, width), UNLABELLED, np.uint8)
        self.confidence = np.zeros((height, width), np.uint8)
        self.rects: list[Rect] = []

    def take(self, rect: Rect, classes: Pixels, confidence: Pixels) -> None:
        assert classes.shape == confidence.shape == (rect.height, rect.width)
        assert classes.dtype == confidence.dtype == np.uint8
        assert rect.clipped(self.times.shape) == rect
        self.times[rect.slices] += 1
        self.classes[rect.slices] = classes
        self.confidence[rect.slices] = confidence
        self.rects.append(rect)


def proposed(model: Model, pixels: Pixels, visible: Rect | None = None) -> Canvas:
    canvas = Canvas(*pixels.shape[:2])
    propose(model, pixels, COMPUTE, visible=visible, on_region=canvas.take)
    return canvas


@given(
    height=st.integers(1, 1100),
    width=st.integers(1, 1100),
    corner=st.tuples(st.integers(-100, 1600), st.integers(-100, 1600)),
    extent=st.tuples(st.integers(0, 800), st.integers(0, 800)),
)
@settings(max_examples=8, deadline=None)
def test_every_pixel_is_reported_exactly_once(
    model: Model, height: int, width: int, corner: tuple[int, int], extent: tuple[int, int]
) -> None:
    visible = Rect(*corner, corner[0] + extent[0], corner[1] + extent[1])
    canvas = proposed(model, picture(height, width), visible)
    assert (canvas.times == 1).all()
    assert canvas.classes.max() <= 2
    assert canvas.confidence.min() >= 255 // 3  # the most probable of three classes


@pytest.mark.parametrize("size", [(1, 1), (300, 200), (WHOLE, WHOLE)])
def test_a_small_image_is_proposed_in_one_go_as_the_network_sees_it(
    model: Model, size: tuple[int, int]
) -> None:
    pixels = picture(*size)
    canvas = proposed(model, pixels)
    assert canvas.rects == [Rect(0, 0, *size)]
    with torch.no_grad():
        seen = levels(pixels)[pixels]
        x = torch.from_numpy(seen).permute(2, 0, 1)[None].float() / 255
        best, classes = model.network(x)[0].softmax(0).max(0)
    sure = (best - 1 / 3 > 1e-3).numpy()
    assert np.array_equal(canvas.classes[sure], classes.numpy()[sure])
    assert np.abs(canvas.confidence - (best * 255).numpy()).max() <= 1


def test_seams_between_tiles_are_not_seen(model: Model) -> None:
    """Tiled, the picture is proposed as it is in one go."""
    size = TILE + 13 * 32  # the last tile ends with the image: no mirrored rows beside zeros
    pixels = picture(size, size)
    tiled = proposed(model, pixels)
    assert len(tiled.rects) > 4
    with torch.no_grad():
        seen = levels(pixels)[pixels]
        x = torch.from_numpy(seen).permute(2, 0, 1)[None].float() / 255
        best, classes = model.network(x)[0].softmax(0).max(0)
    assert np.abs(tiled.confidence - (best * 255).numpy()).max() <= 3
    assert (tiled.classes == classes.numpy()).mean() > 0.98  # many pixels of noise are near ties


def test_what_is_visible_comes_first(model: Model) -> None:
    pixels = picture(1500, 1500)
    visible = Rect(1100, 1100, 1200, 1200)
    canvas = Canvas(1500, 1500)
    tiles = 0

    def checkpoint() -> bool:
        nonlocal tiles
        tiles += 1
        return bool(tiles > 4)  # the visible part touches at most four

    propose(model, pixels, COMPUTE, visible=visible, on_region=canvas.take, checkpoint=checkpoint)
    assert (canvas.times[visible.slices] == 1).all()
    assert canvas.times.sum() < canvas.times.size / 1.5


def test_it_stops_between_two_tiles(model: Model) -> None:
    canvas, asked = Canvas(1500, 700), 0

    def checkpoint() -> bool:
        nonlocal asked
        asked += 1
        return asked == 3

    propose(model, picture(1500, 700), COMPUTE, on_region=canvas.take, checkpoint=checkpoint)
    assert asked == 3
    assert canvas.times.any()
    assert not canvas.times.all()


def test_the_papers_unpadded_net_proposes_to_the_edge() -> None:
    valid = new("unet", ("background", "cell"), 0, {"width": 2, "padded": False, "norm": False})
    for size in ((1, 1), (50, 37), (700, 20)):
        canvas = proposed(valid, picture(*size))
        assert (canvas.times == 1).all()


def test_a_picture_that_may_not_be_written_to_is_only_read(model: Model) -> None:
    pixels = picture(40, 30)
    pixels.setflags(write=False)
    assert (proposed(model, pixels).times == 1).all()


@given(st.data())
@settings(deadline=None)
def test_a_crop_beyond_the_edge_is_mirrored(data: st.DataObject) -> None:
    pixels = picture(data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)))
    top, left = data.draw(st.integers(-20, 20)), data.draw(st.integers(-20, 20))
    rect = Rect(
        top, left, top + data.draw(st.integers(1, 25)), left + data.draw(st.integers(1, 25))
    )
    shifted = Rect(rect.top + 50, rect.left + 50, rect.bottom + 50, rect.right + 50)
    padded: npt.NDArray[np.uint8] = np.pad(pixels, ((50, 50), (50, 50), (0, 0)), mode="reflect")
    assert np.array_equal(crop(pixels, rect), padded[shifted.slices])


def test_only_strips_that_wait_for_a_neighbour_are_kept() -> None:
    """What is held between two tiles grows with the width of an image, not with its height."""

    def most(height: int) -> int:
        rows, columns = proposing._cover(height, 0), proposing._cover(3000, 0)
        blend, held = proposing._Blend(rows, columns), 0
        values = torch.zeros(1, rows.tile, columns.tile)
        for row, column in proposing._order(rows, columns, Rect(0, 0, 100, 100)):
            for _ in blend.add(row, column, values):
                pass
            held = max(held, sum(cell.sum.numel() for cell in blend._cells.values()))
        assert not blend._cells
        return held

    assert most(3000) < 3000 * TILE / 2
    assert most(12000) < 3000 * TILE / 2


def test_two_threads_may_propose_with_one_model(model: Model) -> None:
    pixels, canvases = picture(700, 700), [Canvas(700, 700) for _ in range(2)]
    threads = [
        threading.Thread(
            target=propose, args=(model, pixels, COMPUTE), kwargs={"on_region": canvas.take}
        )
        for canvas in canvases
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(canvases[0].classes, canvases[1].classes)
