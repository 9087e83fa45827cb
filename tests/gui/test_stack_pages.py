"""A stack in the window: each page in the list, shown, painted, and proposed on its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_part import image_part
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag, mask_of

_SHAPE = (96, 128)


@pytest.fixture
def stack(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """The window with a stack of three pages open, each with a bright bar elsewhere."""
    pages = np.full((3, *_SHAPE), 300, np.uint16)
    for page in range(3):
        pages[page, :, 30 * page : 30 * page + 20] = 3000
    tifffile.imwrite(tmp_path / "z.tif", pages, imagej=True, metadata={"axes": "ZYX"})
    window.workspace.create_project(tmp_path / "project", ("background", "nucleus"))
    window.workspace.add_images([tmp_path / "z.tif"])
    qtbot.waitUntil(lambda: len(window.workspace.images()) == 3)
    qtbot.waitUntil(lambda: window.workspace.document is not None)
    return window


def shown(window: MainWindow) -> np.ndarray:
    document = window.workspace.document
    assert document is not None
    return image_part(document.image, Rect(0, 0, *_SHAPE))[..., 0]


def test_pages_are_stepped_through_and_keep_their_masks(stack: MainWindow, qtbot: QtBot) -> None:
    window, masks = stack, []
    for page in range(3):
        document = window.workspace.document
        assert document is not None
        assert document.record.page == page
        assert (shown(window)[:, 30 * page : 30 * page + 20] > 250).all()
        assert (shown(window) > 250).mean() == pytest.approx(20 / 128)
        at = 20 + 20 * page
        drag(qtbot, window, ImagePoint(at, 10), ImagePoint(at, 60))
        masks.append(mask_of(window))
        window.workspace.step(1)
        if page < 2:
            qtbot.waitUntil(
                lambda page=page: window.workspace.document.record.page == page + 1  # type: ignore[union-attr]
            )
    for page, record in enumerate(window.workspace.images()):
        window.workspace.open_image(record.id)
        qtbot.waitUntil(
            lambda record=record: window.workspace.document.record.id == record.id  # type: ignore[union-attr]
        )
        assert np.array_equal(mask_of(window), masks[page])


def test_the_network_proposes_for_the_page_that_is_shown(stack: MainWindow, qtbot: QtBot) -> None:
    window = stack
    window.engine.start()
    window.workspace.step(1)
    qtbot.waitUntil(lambda: window.workspace.document.record.page == 1)  # type: ignore[union-attr]
    document = window.workspace.document
    assert document is not None
    qtbot.waitUntil(lambda: document.proposal_complete, timeout=60_000)
    assert (document.proposal.classes.to_array() != 255).all()
