"""Neighbours are read before they are asked for, and never beside a stroke."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.read_ahead import ReadAhead


def test_reading_waits_for_the_hands_rest(tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(path)
    project = Project.create(tmp_path / "project")
    project.add_images([probe(path)])
    record, painting, owner = project.image(1), [True], QObject()
    ahead = ReadAhead(owner, painting=lambda: painting[0])
    ahead.read([record])
    qtbot.wait(600)
    assert ahead.take(record) is None, "a stroke is being painted"
    painting[0] = False
    qtbot.waitUntil(lambda: ahead.take(record) is not None)
    ahead.clear()
    project.close()
