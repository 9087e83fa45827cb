"""A split never leaks a group, and stays as images are added."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import SPLITS, ImageRecord
from cnnseg_gui.formats.splits import (
    GROUPS,
    SplitRule,
    group_names,
    read_ratios,
    split_images,
    split_of,
)

RULE = SplitRule((70, 15, 15))


def record(number: int, path: str, **named: Any) -> ImageRecord:  # noqa: ANN401
    made = ImageRecord(number, Path(path), f"{number:064x}", 8, 8, "new", False, {0: 1})
    return replace(made, **named)


@st.composite
def projects(draw: st.DrawFn) -> list[ImageRecord]:
    names = draw(
        st.lists(st.tuples(st.sampled_from("abcdé"), st.integers(0, 60), st.integers(0, 2)))
    )
    return [
        record(
            number,
            f"/data/{prefix}{page}/{prefix}_{name}.png",
            tags=draw(st.sampled_from([(), ("one",), ("two", "one")])),
            sha256=f"{name:064x}",
            page=number,
            split=draw(st.sampled_from(["", "", "", *SPLITS])),
        )
        for number, (prefix, name, page) in enumerate(names, start=1)
    ]


@given(
    projects(),
    st.tuples(*[st.integers(0, 5)] * 3).filter(any),
    st.integers(0, 99),
    st.sampled_from(GROUPS),
    st.dictionaries(st.integers(1, 20), st.integers(0, 2**256 - 1)),
)
def test_no_group_is_in_two_parts_but_where_it_was_fixed_so(
    records: list[ImageRecord],
    ratios: tuple[int, int, int],
    seed: int,
    group: str,
    looks: dict[int, int],
) -> None:
    rule = SplitRule(ratios, seed, group)
    found = split_images(records, rule, looks)
    assert found.of_image.keys() == {one.id for one in records}
    parts: dict[str, set[str]] = {}
    for one in records:
        parts.setdefault(found.groups[one.id], set()).add(found.of_image[one.id])
        if one.split:
            assert found.of_image[one.id] == one.split
    assert all(len(own) == 1 or group in found.leaking for group, own in parts.items())
    same_file: dict[str, set[str]] = {}
    for one in records:
        same_file.setdefault(one.sha256, set()).add(found.groups[one.id])
    assert all(len(own) == 1 for own in same_file.values())
    free = split_images(records, replace(rule, keep=False), looks)
    assert not free.leaking
    allowed = {name for name, ratio in zip(SPLITS, ratios, strict=True) if ratio}
    assert set(free.of_image.values()) <= allowed


@given(st.lists(st.integers(0, 500), unique=True), st.integers(1, 400), st.integers(0, 9))
def test_images_that_are_added_move_none_that_was_there(
    numbers: list[int], first: int, seed: int
) -> None:
    rule = SplitRule((70, 15, 15), seed, "prefix")
    records = [record(n, f"/x/{n // 5}_{n}.png") for n in numbers]
    before, after = split_images(records[:first], rule), split_images(records, rule)
    for one in records[:first]:
        assert before.of_image[one.id] == after.of_image[one.id]


def test_the_shares_are_kept_over_many_groups() -> None:
    rule = SplitRule((70, 15, 15), seed=3)
    counts = dict.fromkeys(SPLITS, 0)
    for number in range(10_000):
        counts[split_of(f"group {number}", rule)] += 1
    assert abs(counts["train"] - 7000) < 150
    assert abs(counts["val"] - 1500) < 120
    assert abs(counts["test"] - 1500) < 120


def test_another_seed_splits_otherwise() -> None:
    records = [record(n, f"/x/{n}.png") for n in range(1, 100)]
    one, other = (split_images(records, SplitRule((1, 1, 0), seed)).of_image for seed in (1, 2))
    assert one != other


def test_images_that_look_alike_are_together_and_blank_ones_are_not() -> None:
    records = [record(n, f"/x/{n}.png") for n in range(1, 6)]
    looks = {1: 1 << 200 | 5, 2: 0, 3: 1 << 200 | 4, 4: 0, 5: 2**255 - 1}
    groups = group_names(records, SplitRule((1, 1, 1), group="look"), looks)
    assert groups[1] == groups[3]
    assert len(set(groups.values())) == 4


def test_a_group_follows_its_image_that_came_with_a_split() -> None:
    records = [record(n, f"/x/patient_{n}.png") for n in range(1, 9)]
    records[6] = replace(records[6], split="test")
    found = split_images(records, SplitRule((100, 0, 0), group="prefix"))
    assert set(found.of_image.values()) == {"test"}


@pytest.mark.parametrize(
    ("group", "same", "apart"),
    [
        ("prefix", ("/a/p1_1.png", "/b/p1_2.png"), "/a/p2_1.png"),
        ("folder", ("/a/one/1.png", "/a/one/2.png"), "/a/two/1.png"),
    ],
)
def test_groups_are_what_they_are_called(group: str, same: tuple[str, str], apart: str) -> None:
    records = [record(n, path) for n, path in enumerate((*same, apart), start=1)]
    groups = group_names(records, replace(RULE, group=group), {})
    assert groups[1] == groups[2] != groups[3]


@pytest.mark.parametrize(
    ("text", "ratios"), [("70/15/15", (70, 15, 15)), ("80/20", (80, 20, 0)), ("0/0/1", (0, 0, 1))]
)
def test_ratios_are_read(text: str, ratios: tuple[float, float, float]) -> None:
    assert read_ratios(text) == ratios


@pytest.mark.parametrize("text", ["", "70", "a/b", "1/2/3/4", "-1/2", "0/0/0", "nan/1", "inf/1/1"])
def test_what_is_no_split_says_how_one_is_written(text: str) -> None:
    with pytest.raises(UserError, match="70/15/15"):
        read_ratios(text)


def test_an_unknown_group_names_those_there_are() -> None:
    with pytest.raises(UserError, match="prefix, folder"):
        group_names([], replace(RULE, group="moon"), {})
