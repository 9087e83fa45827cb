"""The smart brush: a sloppy stroke keeps to the edges of what it began on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from cnnseg_gui.core.mask import UNLABELLED, Mask, Pixels
from cnnseg_gui.core.proposal import Proposal
from cnnseg_gui.core.pyramid import ImagePyramid, build_pyramid
from cnnseg_gui.editor.tools.base import ImagePoint, Operation, Scene, Tool, ToolSettings
from cnnseg_gui.editor.tools.brush import Brush
from cnnseg_gui.editor.tools.smart_brush import SmartBrush
from cnnseg_gui.resources import resource
from tests.editor.conftest import OpenDocument

NUCLEI = ("00ae65c1c663", "4d4f254f3b8b", "a31deaf0ac27")


def stroke(
    tool: Tool, image: ImagePyramid, points: list[ImagePoint], diameter: float, scale: float
) -> np.ndarray:
    """bool[H, W]: what is painted on an empty mask."""
    mask = Mask(*image.shape)
    scene = Scene(mask, Proposal(*mask.shape), image, visible=mask.bounds, scale=scale)
    gesture, _ = tool.press(scene, points[0], ToolSettings(diameter=diameter))
    for point in points[1:]:
        gesture.move(point)
    gesture.finish()
    return mask.to_array() == 1


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def nuclei(truth: np.ndarray) -> Iterator[tuple[np.ndarray, list[ImagePoint], float]]:
    """Whole, roundish nuclei of their own; a stroke along each; its width."""
    numbers, _ = ndimage.label(truth)
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        mine = numbers == number
        at_border = any(s.start == 0 or s.stop == n for s, n in zip(box, truth.shape, strict=True))
        if mine.sum() < 120 or at_border:
            continue
        places = np.argwhere(mine) + 0.5
        variances, axes = np.linalg.eigh(np.cov(places.T))
        width, length = 4 * np.sqrt(variances)
        if mine.sum() < 0.85 * np.pi * width * length / 4:
            continue
        along = np.linspace(-1, 1, 6)[:, None] * (length - width) / 2 * axes[:, 1]
        points = [ImagePoint(*place) for place in places.mean(axis=0) + along]
        yield mine, [p for p in points if mine[int(p.y), int(p.x)]], float(width)


@pytest.mark.parametrize("scale", [3.5, 1.0], ids=["fitted", "1:1"])
def test_a_brush_wider_than_a_nucleus_still_paints_the_nucleus(scale: float) -> None:
    smart, plain = [], []
    for name in NUCLEI:
        with Image.open(resource(f"sample/images/{name}.png")) as opened:
            image = build_pyramid(np.asarray(opened.convert("RGB")))
        with Image.open(resource(f"sample/masks/{name}.png")) as opened:
            truth = np.asarray(opened) == 1
        tool = SmartBrush()
        for mine, points, width in nuclei(truth):
            smart.append(iou(stroke(tool, image, points, 1.6 * width, scale), mine))
            plain.append(iou(stroke(Brush(), image, points, 1.6 * width, scale), mine))
    assert len(smart) > 30
    assert np.mean(plain) < 0.5
    assert np.mean(smart) > 0.7
    assert (np.array(smart) > plain).mean() > 0.95


def test_a_brush_three_times_as_wide_as_a_crack_keeps_nearer_to_the_crack(
    shared_data: Path,
) -> None:
    smart, plain = [], []
    for number in range(1, 13):
        folder = shared_data / "crackforest_cfd"
        with Image.open(folder / f"images/{number:03}.jpg") as opened:
            image = build_pyramid(np.asarray(opened.convert("RGB")))
        with Image.open(folder / f"masks/{number:03}.png") as opened:
            truth = np.asarray(opened) > 0
        for mine, points, width in lines(truth):
            smart.append(iou(stroke(SmartBrush(), image, points, 3 * width, 4.0), mine))
            plain.append(iou(stroke(Brush(), image, points, 3 * width, 4.0), mine))
    assert len(smart) >= 5
    assert np.mean(smart) > np.mean(plain) + 0.05


def lines(truth: np.ndarray) -> Iterator[tuple[np.ndarray, list[ImagePoint], float]]:
    """Long lines without branches, from left to right; a stroke along the middle; the width."""
    depth = ndimage.distance_transform_edt(truth)
    numbers, count = ndimage.label(truth, np.ones((3, 3)))
    for number in range(1, count + 1):
        mine = numbers == number
        columns = np.flatnonzero(mine.any(axis=0))[::4]
        if mine.sum() < 300 or len(columns) < 10:
            continue
        rows = np.where(mine, depth, 0)[:, columns].argmax(axis=0)
        if np.abs(np.diff(rows)).max() <= 10:
            length = np.hypot(np.diff(rows), np.diff(columns)).sum()
            points = [ImagePoint(y + 0.5, x + 0.5) for y, x in zip(rows, columns, strict=True)]
            yield mine, points, float(mine.sum() / length)


def two_halves(side: int) -> Pixels:
    """Dark on the left, light on the right, a little noisy."""
    rng = np.random.default_rng(0)
    grey = np.where(np.arange(side) < side // 2, 90, 170)[None, :, None]
    return (grey + rng.integers(-6, 7, (side, side, 3))).astype(np.uint8)


@pytest.mark.parametrize(("side", "scale"), [(400, 2.0), (400, 1.0), (1600, 0.5), (1600, 0.26)])
def test_it_stops_at_an_edge_at_every_zoom(side: int, scale: float) -> None:
    image = build_pyramid(two_halves(side))
    middle, diameter = side / 2, side / 4
    points = [ImagePoint(y, middle - diameter / 5) for y in np.linspace(0.3, 0.7, 9) * side]
    smart = stroke(SmartBrush(), image, points, diameter, scale)
    plain = stroke(Brush(), image, points, diameter, scale)
    beyond = int(np.ceil(1 / scale))  # one pixel of the screen
    assert not smart[:, side // 2 + beyond :].any()
    left = np.arange(side) < side // 2 - beyond
    assert smart[:, left].sum() > 0.97 * plain[:, left].sum()
    assert not (smart & ~plain).any()


def test_a_very_large_brush_keeps_to_edges_too() -> None:
    image = build_pyramid(two_halves(1000))
    smart = stroke(SmartBrush(), image, [ImagePoint(500.0, 400.0)], 700.0, 1.0)
    assert (
        smart[:, :498].sum()
        > 0.97 * stroke(Brush(), image, [ImagePoint(500.0, 400.0)], 700.0, 1.0)[:, :498].sum()
    )
    assert not smart[:, 504:].any()


@pytest.mark.parametrize("scale", [3.0, 1.0, 0.6, 0.25, 0.13])
def test_what_it_divides_the_image_into_looks_equally_large_at_every_zoom(scale: float) -> None:
    rng = np.random.default_rng(0)
    detail = round(1600 * scale / 40)  # a colour goes over into another in 40 screen pixels
    coarse = Image.fromarray(rng.integers(0, 256, (detail, detail, 3), np.uint8))
    image = build_pyramid(np.asarray(coarse.resize((1600, 1600), Image.Resampling.BICUBIC)))
    tool, areas = SmartBrush(), []
    for y, x in rng.uniform(200, 1400, (15, 2)):
        mask = Mask(*image.shape)
        scene = Scene(mask, Proposal(*mask.shape), image, visible=mask.bounds, scale=scale)
        least = ToolSettings(diameter=80 / scale, tolerance=0)  # its own superpixel only
        tool.press(scene, ImagePoint(y, x), least)
        areas.append((mask.to_array() == 1).sum() * scale**2)
    assert 6 < np.sqrt(np.median(areas)) < 13


def test_it_changes_sides_with_the_pointer(open_document: OpenDocument) -> None:
    document = open_document(two_halves(300))
    document.press(SmartBrush(), ImagePoint(150.0, 130.0), ToolSettings(diameter=60))
    assert (document.mask.to_array()[150, 150:] == UNLABELLED).all()
    document.move(ImagePoint(150.0, 170.0))
    assert (document.mask.to_array()[150, 150:190] == 1).all()
    document.release()
    assert document.undo_name == "Smart brush"
    document.undo()
    assert (document.mask.to_array() == UNLABELLED).all()


def test_a_proposal_divides_what_the_image_does_not(open_document: OpenDocument) -> None:
    """Each part is judged by its own colour, so an object is not left for half a superpixel."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(100, 104, (240, 240, 3), np.uint8)
    pixels[:, 125:] += 8  # too little for the superpixels to be divided there
    document = open_document(pixels)
    proposed = np.zeros((240, 240), np.uint8)
    proposed[:, 125:] = 1
    document.show_proposal(0, 0, proposed, np.full_like(proposed, 200))
    document.press(SmartBrush(), ImagePoint(120.0, 100.0), ToolSettings(diameter=100), scale=0.75)
    painted = document.mask.to_array() == 1
    assert not painted[:, 125:].any()
    assert painted[120, 60:125].all()


def test_it_erases_and_accepts_up_to_the_edges_too(open_document: OpenDocument) -> None:
    document = open_document(two_halves(300))
    document.show_proposal(0, 0, np.full((300, 300), 2, np.uint8), np.full((300, 300), 9, np.uint8))
    at = ImagePoint(150.0, 130.0)
    for operation, value in ((Operation.ACCEPT, 2), (Operation.ERASE, UNLABELLED)):
        settings = ToolSettings(diameter=80, operation=operation)
        document.press(SmartBrush(), at, settings)
        document.release()
        mask = document.mask.to_array()
        assert (mask[150, 100:149] == value).all()
        assert (mask[:, 151:] == UNLABELLED).all()


def test_outside_the_image_nothing_is_under_it(open_document: OpenDocument) -> None:
    document = open_document(two_halves(300))
    document.press(SmartBrush(), ImagePoint(-5.0, 40.0), ToolSettings(diameter=60))
    document.move(ImagePoint(-2.0, 400.0))
    assert (document.mask.to_array() == UNLABELLED).all()
    document.move(ImagePoint(20.0, 250.0))
    assert document.mask.to_array()[20, 250] == 1


def test_it_looks_at_the_image_that_is_shown_now() -> None:
    tool = SmartBrush()
    flat = build_pyramid(np.full((300, 300, 3), 90, np.uint8))
    halves = build_pyramid(two_halves(300))
    at = [ImagePoint(150.0, 140.0)]
    assert stroke(tool, flat, at, 80.0, 1.0)[150, 175]
    assert not stroke(tool, halves, at, 80.0, 1.0)[150, 175]
    assert stroke(tool, flat, at, 80.0, 1.0)[150, 175]
