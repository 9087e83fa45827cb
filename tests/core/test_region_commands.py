"""Region commands do what a slow look at the whole mask does, wherever the tiles lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import cKDTree

from cnnseg_gui.core.mask import TILE, UNLABELLED, Mask, Pixels
from cnnseg_gui.core.morphology import grow, shrink, smooth
from cnnseg_gui.core.polygon import Corners, polygon
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.region_commands import fill_holes, keep_largest, remove_specks, replace_class
from cnnseg_gui.core.region_scope import Change, RegionScope
from cnnseg_gui.core.splitting import split
from tests.core.painted import after, blobs, undone

Command = Callable[[Mask, RegionScope], Iterator[Change]]
COMMANDS: dict[str, Command] = {
    "fill holes": fill_holes,
    "fill small holes": partial(fill_holes, most=30),
    "remove specks": partial(remove_specks, least=40),
    "keep largest": keep_largest,
    "replace": partial(replace_class, target=2),
    "smooth": partial(smooth, radius=3),
    "grow": partial(grow, radius=4),
    "shrink": partial(shrink, radius=2),
    "split": partial(split, depth=1.0),
}
every_command = pytest.mark.parametrize("name", COMMANDS)
EIGHT = np.ones((3, 3))
BOTH = frozenset({1, 2})
AREA = Rect(30, 200, 290, 280)
LASSO = [(20.0, 30.0), (300.0, 100.0), (250.0, 290.0), (-20.0, 260.0)]
SHAPE = (TILE + 60, TILE + 40)


def run(name: str, before: Pixels, scope: RegionScope) -> Pixels:
    return after(before, COMMANDS[name](Mask.from_array(before), scope))


# ---------------------------------------------------------------- what all of them promise


@every_command
@given(st.integers(0, 10_000), st.integers(-70, 70), st.integers(-70, 70))
@examples(max_examples=15)
def test_it_makes_no_difference_where_the_tiles_lie(
    name: str, seed: int, down: int, right: int
) -> None:
    content = blobs(seed, (90, 110))

    def placed(top: int, left: int) -> Pixels:
        before = np.full((3 * TILE, 3 * TILE), UNLABELLED, np.uint8)
        before[top : top + 90, left : left + 110] = content
        return run(name, before, RegionScope(BOTH))[top - 10 : top + 100, left - 10 : left + 120]

    assert np.array_equal(placed(20, 20), placed(2 * TILE + down, 2 * TILE + right - 55))


@every_command
@given(st.integers(0, 10_000), st.sampled_from([frozenset({0}), frozenset({2}), frozenset({1})]))
@examples(max_examples=10)
def test_locked_pixels_stay_and_no_others_join_them(
    name: str, seed: int, locked: frozenset[int]
) -> None:
    before = blobs(seed, SHAPE)
    writable = np.ones(256, np.bool_)
    writable[list(locked)] = False
    changed = run(name, before, RegionScope(BOTH, writable=writable, locked=locked))
    for value in locked:
        assert np.array_equal(changed == value, before == value)


@every_command
@given(st.integers(0, 10_000))
@examples(max_examples=10)
def test_only_values_that_may_be_overwritten_are(name: str, seed: int) -> None:
    before = blobs(seed, SHAPE)
    rng = np.random.default_rng(seed)
    writable = rng.random(256) < 0.5
    changed = run(name, before, RegionScope(BOTH, writable=writable))
    assert writable[before[changed != before]].all()


@every_command
def test_taking_it_back_restores_every_pixel(name: str) -> None:
    before = blobs(5, SHAPE)
    changes = list(COMMANDS[name](Mask.from_array(before), RegionScope(BOTH)))
    assert changes
    assert np.array_equal(undone(before, changes), before)


@every_command
@pytest.mark.parametrize("area", [AREA, LASSO], ids=["rectangle", "lasso"])
def test_nothing_outside_the_chosen_area_changes(name: str, area: Rect | Corners) -> None:
    before = blobs(7, SHAPE)
    scope = RegionScope(BOTH, area)
    inside = np.zeros(SHAPE, np.bool_)
    if isinstance(area, Rect):
        inside[area.slices] = True
    else:
        for top, left, covered in polygon(area, SHAPE):
            inside[top : top + covered.shape[0], left : left + covered.shape[1]] = covered
    changed = run(name, before, scope)
    assert np.array_equal(changed[~inside], before[~inside])
    whole = run(name, before, RegionScope(BOTH))
    if name != "keep largest":  # which is asked about the area only
        assert np.array_equal(changed[inside], whole[inside])
        assert (changed != before).any()


@every_command
def test_only_tiles_that_hold_something_are_read(name: str) -> None:
    mask = Mask(30_000, 30_000)
    mask.write(20_000, 9_000, blobs(3, (200, 300)))
    read: list[Rect] = []
    plain = mask.read

    def counted(rect: Rect) -> Pixels:
        read.append(rect)
        return plain(rect)

    mask.read = counted  # type: ignore[method-assign]  # to see what is read
    assert list(COMMANDS[name](mask, RegionScope(BOTH)))
    assert sum(rect.height * rect.width for rect in read) < 200 * TILE * TILE


@every_command
def test_an_empty_mask_stays_empty(name: str) -> None:
    assert list(COMMANDS[name](Mask(500, 700), RegionScope(BOTH))) == []


# ---------------------------------------------------------------- each against a slow reference


@given(st.integers(0, 10_000), st.sampled_from([1.5, 3.0, 8.0]))
@examples(max_examples=30)
def test_holes_are_what_is_surrounded_and_not_decided_otherwise(seed: int, coarse: float) -> None:
    before = blobs(seed, SHAPE, coarse=coarse)
    mine = before == 1
    free = (before == UNLABELLED) | (before == 0)
    expected = before.copy()
    expected[ndimage.binary_fill_holes(mine) & free] = 1
    assert np.array_equal(run("fill holes", before, RegionScope(frozenset({1}))), expected)


def test_a_hole_open_to_the_border_of_the_image_is_none() -> None:
    before = np.full((40, 40), UNLABELLED, np.uint8)
    before[:20, 10:30] = 1
    before[:12, 15:25] = UNLABELLED
    assert np.array_equal(run("fill holes", before, RegionScope(BOTH)), before)
    before[0] = 1
    assert (run("fill holes", before, RegionScope(BOTH))[:20, 10:30] == 1).all()


def test_an_object_inside_a_hole_stays() -> None:
    before = np.full((60, 60), UNLABELLED, np.uint8)
    before[10:50, 10:50] = 1
    before[15:45, 15:45] = 0
    before[25:35, 25:35] = 2
    filled = run("fill holes", before, RegionScope(frozenset({1})))
    assert (filled[25:35, 25:35] == 2).all()
    assert (filled == 1).sum() == 40 * 40 - 100


def test_of_two_rings_in_one_another_the_inner_one_is_filled_as_itself() -> None:
    for inner, outer in ((1, 2), (2, 1)):
        before = np.full((80, 80), UNLABELLED, np.uint8)
        before[10:70, 10:70] = outer
        before[15:65, 15:65] = 0
        before[30:50, 30:50] = inner
        before[35:45, 35:45] = UNLABELLED
        filled = run("fill holes", before, RegionScope(BOTH))
        assert (filled[30:50, 30:50] == inner).all()
        assert (filled == outer).sum() == 60 * 60 - 20 * 20


@given(st.integers(0, 10_000), st.integers(1, 80))
@examples(max_examples=30)
def test_specks_become_what_is_most_frequent_round_them(seed: int, least: int) -> None:
    before = blobs(seed, SHAPE, coarse=1.5)
    expected = before.copy()
    numbers, count = ndimage.label(before == 1, EIGHT)
    for number in range(1, count + 1):
        mine = numbers == number
        if mine.sum() < least:
            votes = np.zeros(256, int)
            for y, x in np.argwhere(mine):
                for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                    if 0 <= y + down < SHAPE[0] and 0 <= x + right < SHAPE[1]:
                        votes[before[y + down, x + right]] += 1
            votes[1] = 0
            expected[mine] = int(votes.argmax())
        if number > 60:  # enough of them
            break
    changed = after(
        before, remove_specks(Mask.from_array(before), RegionScope(frozenset({1})), least)
    )
    looked_at = numbers <= 60
    assert np.array_equal(changed[looked_at], expected[looked_at])
    sizes = np.bincount(numbers.ravel())
    assert np.array_equal(changed == 1, (before == 1) & (sizes[numbers] >= least))


@given(st.integers(0, 10_000))
@examples(max_examples=20)
def test_only_the_largest_object_of_each_class_is_kept(seed: int) -> None:
    before = blobs(seed, SHAPE)
    changed = run("keep largest", before, RegionScope(BOTH))
    for value in BOTH:
        numbers, count = ndimage.label(before == value, EIGHT)
        sizes = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
        kept = numbers[(changed == value) & (before == value)]
        assert set(np.unique(kept)) == {int(sizes.argmax()) + 1}
        assert len(kept) == sizes.max()


@given(st.integers(0, 10_000), st.integers(1, 6))
@examples(max_examples=20)
def test_smoothing_takes_the_most_frequent_value_round_a_pixel(seed: int, radius: int) -> None:
    before = blobs(seed, SHAPE)
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    disc = (y * y + x * x <= radius * radius).astype(int)
    values = [0, 1, 2, UNLABELLED]
    counts = np.stack(
        [ndimage.convolve((before == v).astype(int), disc, mode="constant") for v in values]
    )
    own = np.take_along_axis(counts, np.searchsorted(values, before)[None], axis=0)[0]
    winner = np.array(values)[counts.argmax(axis=0)]
    expected = np.where(counts.max(axis=0) > own, winner, before)
    everything = RegionScope(frozenset({0, 1, 2}))
    changed = after(before, smooth(Mask.from_array(before), everything, radius))
    assert np.array_equal(changed, expected)
    one = after(before, smooth(Mask.from_array(before), RegionScope(frozenset({1})), radius))
    meant = (before == 1) | (expected == 1)
    assert np.array_equal(one, np.where(meant, expected, before))


@given(st.integers(0, 10_000), st.integers(1, 9))
@examples(max_examples=20)
def test_growing_takes_free_pixels_near_an_object(seed: int, radius: int) -> None:
    before = blobs(seed, SHAPE, values=3 + seed % 2)
    everywhere = np.argwhere(np.ones(SHAPE, np.bool_))
    distances = {
        value: cKDTree(np.argwhere(before == value)).query(everywhere)[0].reshape(SHAPE)
        for value in sorted(BOTH)
        if (before == value).any()
    }
    expected = before.copy()
    nearest = np.full(SHAPE, radius + 1e-6)
    free = (before == UNLABELLED) | (before == 0)
    for value, distance in distances.items():
        taken = free & (distance < nearest)
        expected[taken] = value
        nearest[taken] = distance[taken]
    changed = after(before, grow(Mask.from_array(before), RegionScope(BOTH), radius))
    assert np.array_equal(changed, expected)


@given(st.integers(0, 10_000), st.integers(1, 6))
@examples(max_examples=20)
def test_shrinking_takes_away_what_is_near_the_edge(seed: int, radius: int) -> None:
    before = blobs(seed, SHAPE)
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    disc = y * y + x * x <= radius * radius
    changed = after(before, shrink(Mask.from_array(before), RegionScope(frozenset({1})), radius))
    kept = ndimage.binary_erosion(before == 1, disc, border_value=1)
    assert np.array_equal(changed == 1, kept)
    assert np.array_equal(changed[before != 1], before[before != 1])
    assert set(np.unique(changed[(before == 1) & ~kept])) <= {0, UNLABELLED}


def test_beside_a_locked_background_what_shrinks_becomes_unlabelled() -> None:
    before = np.zeros((60, 60), np.uint8)
    before[20:40, 20:40] = 1
    writable = np.arange(256) != 0
    scope = RegionScope(frozenset({1}), writable=writable, locked=frozenset({0}))
    expected = before.copy()
    expected[20:40, 20:40] = UNLABELLED
    expected[22:38, 22:38] = 1
    assert np.array_equal(run("shrink", before, scope), expected)


def test_growing_after_shrinking_gives_a_disc_back() -> None:
    y, x = np.ogrid[: SHAPE[0], : SHAPE[1]]
    before = np.where((y - 250) ** 2 + (x - 250) ** 2 < 40**2, 1, 0).astype(np.uint8)
    smaller = run("shrink", before, RegionScope(BOTH))
    assert set(np.unique(smaller)) == {0, 1}
    again = after(smaller, grow(Mask.from_array(smaller), RegionScope(BOTH), 2))
    assert (again != before).sum() < 40


@given(st.integers(0, 10_000))
def test_replacing_gives_all_pixels_of_a_class_another(seed: int) -> None:
    before = blobs(seed, (60, 70))
    changed = run("replace", before, RegionScope(frozenset({0, 1})))
    assert np.array_equal(changed, np.where(before == UNLABELLED, before, 2))
