"""With a real engine: an export whose undecided pixels are filled as the model proposes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import ImageRecord
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.model_choice import DEFAULT_STARTER
from cnnseg_gui.editor.beside_proposals import BesideProposal, BesideProposals
from cnnseg_gui.editor.export_proposing import ExportProposing
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.formats.export import gather
from cnnseg_gui.formats.selection import ExportOptions
from cnnseg_gui.ui.dialogs.export import ExportDialog
from cnnseg_gui.ui.main_window import MainWindow

from .test_painting import drag, mask_of

PATIENCE_MS = 120_000
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def live(open_sample: MainWindow, qtbot: QtBot) -> MainWindow:
    open_sample.engine.start()

    def complete() -> bool:
        document = open_sample.workspace.document
        return document is not None and document.proposal_complete

    qtbot.waitUntil(complete, timeout=PATIENCE_MS)
    return open_sample


def dialog_of(window: MainWindow, folder: Path) -> ExportDialog:
    window.actions_by_name["export"].trigger()
    (dialog,) = (w for w in QApplication.topLevelWidgets() if isinstance(w, ExportDialog))
    dialog.folder.setText(str(folder))
    return dialog


def test_what_is_painted_stays_and_the_rest_is_what_is_shown(
    live: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    drag(qtbot, live, ImagePoint(60, 60), ImagePoint(60, 120))
    painted, document = mask_of(live), live.workspace.document
    assert document is not None
    proposed = document.proposal.classes.to_array()
    dialog = dialog_of(live, tmp_path / "set")
    QTest.mouseClick(dialog.form.fill, LEFT, pos=dialog.form.fill.rect().center() / 4)
    assert dialog.form.fill.isChecked()
    assert f"starter {DEFAULT_STARTER}" in dialog.said
    with qtbot.waitSignal(dialog.finished_export, timeout=PATIENCE_MS):
        QTest.mouseClick(dialog.start_button, LEFT)
    (path,) = (tmp_path / "set" / "masks").glob("*.png")
    with Image.open(path) as image:
        written = np.asarray(image)
    assert np.array_equal(written, np.where(painted == UNLABELLED, proposed, painted))
    card = json.loads((tmp_path / "set" / "dataset.json").read_bytes())
    assert card["composite_revision"] == f"starter {DEFAULT_STARTER}"
    assert sum(row["pixels_proposed"] for row in card["images"]) == (painted == UNLABELLED).sum()
    dialog.close()


def test_cancel_while_it_waits_for_the_model_leaves_nothing(
    live: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    dialog = dialog_of(live, tmp_path / "out" / "set")
    dialog.form.which.setCurrentIndex(dialog.form.which.findData("all"))
    dialog.form.fill.setChecked(True)
    QTest.mouseClick(dialog.start_button, LEFT)
    qtbot.waitUntil(lambda: "Writing" in dialog.said, timeout=PATIENCE_MS)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: "Cancelled" in dialog.said, timeout=PATIENCE_MS)
    assert list((tmp_path / "out").iterdir()) == []
    dialog.close()


def test_what_is_proposed_is_numbered_as_the_export_began(
    open_sample: MainWindow, qtbot: QtBot
) -> None:
    window, workspace = open_sample, open_sample.workspace
    window.class_editing.add("mitosis")
    project = workspace.project
    assert project is not None
    shape = mask_of(window).shape

    class Answering(BesideProposals):
        """Proposes the third class everywhere, without an engine."""

        def ask(
            self,
            record: ImageRecord,
            model: str,
            *,
            mapping: Mapping[str, str],
            done: Callable[[BesideProposal], None],
            failed: Callable[[UserError | None], None],
            embed: bool = False,
        ) -> int:
            classes = np.full(shape, 2, np.uint8)
            done(BesideProposal(record.id, model, classes, classes, None))
            return 1

    beside = Answering(workspace, window.engine, window)
    proposing = ExportProposing(workspace, window.choice, beside, window)
    job = gather(project, options=ExportOptions(which="all"))
    proposer = proposing.proposer(lambda: False)
    window.class_editing.delete(1)
    found: list[np.ndarray] = []
    in_background(
        lambda: proposer.propose(job.items[0], np.zeros((*shape, 3), np.uint8)),
        parent=window,
        done=found.append,
        failed=window.show_error,
    )
    qtbot.waitUntil(lambda: bool(found))
    assert (found[0] == 2).all()
