"""The hottest region becomes a proposal tile by tile, as long as it is wanted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.seeding import AT_ONCE, seed_proposal


@pytest.fixture
def heat() -> npt.NDArray[np.float32]:
    """Hot but for a margin, and at one corner, which is not connected to that."""
    made = np.full((10, 10), 0.1, np.float32)
    made[1:9, 1:9] = 0.8
    made[4, 4] = 1
    made[0, 0] = 0.9
    made[5:, 6:] = 0.2
    return made


@pytest.fixture
def document(open_document: Callable[[Pixels], Document], two_greys: Pixels) -> Document:
    made = open_document(two_greys)
    made.show_proposal(0, 0, np.zeros((700, 900), np.uint8), np.full((700, 900), 90, np.uint8))
    made.proposed_by, made.proposal_complete = "starter:test", True
    return made


def seeded(document: Document) -> npt.NDArray[np.bool_]:
    return document.proposal.classes.to_array() == 1


def expected() -> npt.NDArray[np.bool_]:
    region = np.zeros((10, 10), np.bool_)
    region[1:9, 1:9] = True
    region[5:, 6:] = False
    return np.kron(region, np.ones((70, 90), np.bool_))


def test_it_appears_in_parts_and_the_mask_stays(
    document: Document, heat: npt.NDArray[np.float32], qtbot: QtBot
) -> None:
    turns, shown = [0], list[int]()
    hand = QTimer(document)
    hand.timeout.connect(lambda: turns.append(len(turns)))
    document.proposal_changed.connect(lambda _: shown.append(turns[-1]))
    hand.start(0)
    seed_proposal(document, heat, 1)
    assert shown == []
    qtbot.waitUntil(lambda: bool(seeded(document).sum() == expected().sum()))
    hand.stop()
    assert len(shown) > AT_ONCE
    assert len(set(shown)) > 1, "the hand has its turn between"
    np.testing.assert_array_equal(seeded(document), expected())
    confidence = document.proposal.confidence.read(document.mask.bounds)
    assert (confidence[expected()] >= 204).all()
    assert confidence[300, 400] == 255
    assert (confidence[:60, 100:] == 90).all(), "what is beside it stays"
    assert (document.mask.to_array() == UNLABELLED).all()


@pytest.mark.parametrize("what", ["another proposal", "the class goes"])
def test_what_is_no_longer_wanted_is_left_out(
    document: Document, heat: npt.NDArray[np.float32], qtbot: QtBot, what: str
) -> None:
    shown: list[Rect] = []

    def change(rect: Rect) -> None:
        shown.append(rect)
        if what == "another proposal":
            document.proposed_by = "weights:new"
        else:
            meaning = document.mask.meaning.copy()
            meaning[1] = UNLABELLED
            document.read_as(meaning)

    document.proposal_changed.connect(change)
    seed_proposal(document, heat, 1)
    qtbot.waitUntil(lambda: bool(shown))
    qtbot.wait(200)
    assert len(shown) == AT_ONCE


def test_it_waits_for_a_proposal_and_for_any_heat(
    document: Document, heat: npt.NDArray[np.float32]
) -> None:
    with pytest.raises(UserError, match="nothing in the image"):
        seed_proposal(document, heat * 0, 1)
    document.proposal_complete = False
    with pytest.raises(UserError, match="still arriving"):
        seed_proposal(document, heat, 1)
