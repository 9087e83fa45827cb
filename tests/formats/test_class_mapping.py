"""Classes of a data set: renamed, merged, dropped, put in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.formats.class_mapping import map_classes

CLASSES = make_classes(("ground", "cell", "nucleus", "wall", "dirt"))


def names(*pairs: str, order: tuple[str, ...] = ()) -> list[str]:
    return [cls.name for cls in map_classes(CLASSES, pairs, order).classes]


def values(*pairs: str, order: tuple[str, ...] = ()) -> list[int]:
    return map_classes(CLASSES, pairs, order).table[:5].tolist()


def test_without_pairs_everything_stays() -> None:
    found = map_classes(CLASSES)
    assert found.classes == CLASSES
    assert found.table.tolist() == [0, 1, 2, 3, 4, *[UNLABELLED] * 251]


def test_merged_classes_share_a_value_without_gaps() -> None:
    assert names("wall=cell", "dirt=other") == ["ground", "cell", "nucleus", "other"]
    assert values("wall=cell", "dirt=other") == [0, 1, 2, 1, 3]


def test_a_class_that_others_are_merged_into_keeps_its_colour() -> None:
    (merged,) = [c for c in map_classes(CLASSES, ["cell=wall"]).classes if c.name == "wall"]
    assert merged.colour == CLASSES[3].colour


def test_classes_are_dropped_to_the_background_or_left_undecided() -> None:
    pairs = ("cell=background", "wall=", "dirt=undecided")
    assert names(*pairs) == ["ground", "nucleus"]
    assert values(*pairs) == [0, 0, 1, UNLABELLED, UNLABELLED]


def test_a_background_left_undecided_keeps_its_index() -> None:
    found = map_classes(CLASSES, ["ground="])
    assert [cls.name for cls in found.classes][:2] == ["ground", "cell"]
    assert found.table[:2].tolist() == [UNLABELLED, 1]


def test_classes_are_put_in_order_behind_the_background() -> None:
    assert names(order=("wall", "cell")) == ["ground", "wall", "cell", "nucleus", "dirt"]
    assert values(order=("wall", "cell")) == [0, 2, 3, 1, 4]


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (["moon=cell"], "no class “moon”.*ground, cell"),
        (["cell"], "is not OLD=NEW"),
        (["cell=a", "cell=b"], "mapped twice"),
        (["ground=cell"], "cell=ground"),
    ],
)
def test_what_cannot_be_mapped_says_why(pairs: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        map_classes(CLASSES, pairs)


def test_an_order_of_classes_that_are_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="“moon” to put in order"):
        map_classes(CLASSES, [], ["moon"])


@given(
    st.dictionaries(
        st.sampled_from([c.name for c in CLASSES[1:]]),
        st.sampled_from(["", "ground", "cell", "wall", "new", "undecided", "background"]),
    ),
    st.dictionaries(st.integers(0, 4), st.integers(1, 9)),
)
def test_every_value_is_a_listed_class_or_undecided(
    pairs: dict[str, str], decided: dict[int, int]
) -> None:
    found = map_classes(CLASSES, [f"{old}={new}" for old, new in pairs.items()])
    assert [cls.index for cls in found.classes] == list(range(len(found.classes)))
    assert len({cls.name for cls in found.classes}) == len(found.classes)
    assert set(np.unique(found.table)) <= {*range(len(found.classes)), UNLABELLED}
    for cls in CLASSES[1:]:
        value = int(found.table[cls.index])
        wanted = pairs.get(cls.name, cls.name)
        if value != UNLABELLED and wanted != "background":
            assert found.classes[value].name == wanted
    kept = sum(n for index, n in decided.items() if found.table[index] != UNLABELLED)
    assert sum(found.count(decided).values()) == kept
