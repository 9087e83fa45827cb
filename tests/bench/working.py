"""A person at work in the real window, seeded, with a replay of everything done beside it."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import (
    QEvent,
    QEventLoop,
    QPointF,
    QSettings,
    Qt,
    QTimer,
    qInstallMessageHandler,
)
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from cnnseg_gui.core.heap import return_freed_blocks
from cnnseg_gui.core.image_io import read_header
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.sample import copy_sample
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.engine.client import State
from cnnseg_gui.formats.export import ExportReport
from cnnseg_gui.formats.registry import FORMATS
from cnnseg_gui.ui import theme
from cnnseg_gui.ui.dialogs.export import ExportDialog
from cnnseg_gui.ui.main_window import MainWindow
from tests.bench.listening import Listener
from tests.core.replay import Gesture, Replay, coverage, differences, edited, undo_differences

_KILL_EVERY_S = 20.0
_SAMPLE_EVERY_S = 0.5
_TRAIN_SECONDS = 5
_PATIENCE_S = 60.0
_PRESS = QEvent.Type.MouseButtonPress
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
_ACTIONS: dict[str, float] = {
    "brush": 40,
    "eraser": 8,
    "lasso": 8,
    "box": 4,
    "undo": 12,
    "redo": 6,
    "accept": 5,
    "step": 10,
    "approve": 1,
    "classes": 1,
    "train": 3,
    "cancel": 0.3,
    "export": 1,
}


class Work:
    """Performs random actions in a window until the time is over."""

    def __init__(self, scratch: Path, *, seed: int) -> None:
        self._listener = Listener()
        self.findings = self._listener.findings
        self._rng, self._scratch = np.random.default_rng(seed), scratch
        self._exports = 0
        return_freed_blocks()
        self._application = QApplication(sys.argv[:1])
        self._loop, self._alarm = QEventLoop(), QTimer()  # once: each leaves memory behind
        self._alarm.setSingleShot(True)
        self._alarm.timeout.connect(self._loop.quit)
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(scratch))
        theme.apply(self._application, dark=True)
        self._listener.listen_to_defects()
        folder = copy_sample(scratch / "sample")
        self.window = MainWindow(device="cpu", threads=1)
        self.window.resize(1400, 900)
        self.window.show()
        self._listener.listen(self.window)
        workspace = self.window.workspace
        workspace.open_project(folder)
        assert workspace.project is not None
        self._records = workspace.images()
        shapes = {record.id: (record.height, record.width) for record in self._records}
        self.replay = Replay(shapes, {}, workspace.project.class_list)
        self.window.engine.start()
        self._wait(lambda: workspace.document is not None)

    def go_on(self, seconds: float) -> None:
        """Works for so long; kills the engine now and then."""
        names, weights = list(_ACTIONS), np.array(list(_ACTIONS.values()), float)
        began = killed = sampled = time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            if now > killed + _KILL_EVERY_S:
                killed = now
                self._kill_engine()
            if now > sampled + _SAMPLE_EVERY_S:
                sampled = now
                self._revive_engine()
                self.findings.memory_mb.append(((now - began) / seconds, resident_mb()))
            name = str(self._rng.choice(names, p=weights / weights.sum()))
            self.findings.actions[name] += 1
            self._act(name)
            self._pause(float(self._rng.uniform(0.005, 0.05)))
            while self.window.banner.messages:
                self.window.banner.dismiss()

    def end(self) -> None:
        """Closes the window and compares what is stored with the replay."""
        project = self.window.workspace.project
        assert project is not None
        folder = project.folder
        self.window.fine_tuning.cancel()
        self._pause(0.2)
        if not self.window.close():
            self.findings.unexpected.append("the window did not close")
        stored = Project.open(folder)
        self.findings.differences = differences(stored, self.replay)
        self.findings.differences += undo_differences(stored, self.replay, steps=5)
        stored.close()
        qInstallMessageHandler(None)

    # ------------------------------------------------------------------ actions

    def _act(self, name: str) -> None:
        act = self.window.actions_by_name
        if name in ("brush", "eraser", "lasso", "box"):
            self._paint(name)
        elif name in ("undo", "redo"):
            document = self._settled()
            act[name].trigger()
            self.replay.travel(document.record.id, back=name == "undo")
        elif name in ("accept", "approve"):
            document = self._settled()
            proposed = document.proposal.classes.to_array()
            act[name].trigger()
            self.replay.accept(document.record.id, proposed)
        elif name == "step":
            act["next" if self._rng.random() < 0.6 else "previous"].trigger()
        elif name == "classes":
            self._edit_classes()
        elif name == "train":
            self.window.training_panel.set_seconds(_TRAIN_SECONDS)
            act["teach"].trigger()
        elif name == "cancel":
            act["cancel_teaching"].trigger()
        else:
            self._export()

    def _paint(self, tool: str) -> None:
        document, window = self._settled(), self.window
        classes = self.replay.classes.live
        value = classes[int(self._rng.integers(len(classes)))].index
        window.tools.choose_class(value)
        window.tools.choose_tool(tool)
        window.set_diameter(float(self._rng.uniform(2, 40)))
        height, width = document.mask.shape
        begin = self._rng.uniform(0, (height, width))
        way = np.cumsum(self._rng.normal(0, 15, (int(self._rng.integers(3, 12)), 2)), axis=0)
        visible = window.canvas.visible_rect.clipped(document.mask.shape)
        inside = np.clip(
            begin + way,
            (visible.top + 1, visible.left + 1),
            (visible.bottom - 1, visible.right - 1),
        )
        places = [window.canvas.widget_position(ImagePoint(y, x)) for y, x in inside.tolist()]
        points = []
        for number, place in enumerate(places):
            # Asked each time: the image may be panned meanwhile.
            points.append(window.canvas.image_point(place))
            send(window.canvas, QEvent.Type.MouseMove if number else _PRESS, place)
            self._application.processEvents()
        send(window.canvas, QEvent.Type.MouseButtonRelease, places[-1])
        image = document.record.id
        gesture = Gesture(0, tool, image, tuple(points), window.tools.diameter, 0)
        covered = coverage(gesture, self.replay.shapes[image])
        self.replay.paint(image, covered, 255 if tool == "eraser" else value)

    def _edit_classes(self) -> None:
        self._settled()
        gesture = Gesture(0, "classes", 0, (), 1.0, int(self._rng.integers(2**31)))
        after = edited(self.replay.classes, gesture)
        self.window.workspace.edit_classes(after, name="Classes")
        self.replay.edit(after)

    def _export(self) -> None:
        self._settled()
        self.window.actions_by_name["export"].trigger()
        dialog = self.window.findChild(ExportDialog)
        assert dialog is not None
        self._exports += 1
        reports: list[ExportReport] = []
        dialog.finished_export.connect(reports.append)
        dialog.format.setCurrentIndex(self._exports % dialog.format.count())
        dialog.folder.setText(str(self._scratch / f"export{self._exports}"))
        expected = {
            record.name: self.replay.classes.dense[self.replay.stored[record.id]]
            for record in self._records
        }
        empty = [name for name, mask in expected.items() if (mask == 255).all()]
        if len(empty) == len(expected):
            dialog.reject()
            return
        dialog.start_button.click()
        self._wait(lambda: bool(reports))
        folder = reports[0].folder
        found = {
            image.name: image.read_mask(read_header(image.image))
            for image in FORMATS[str(dialog.format.currentData())].read(folder).images
            if image.read_mask is not None
        }
        wanted = {name: mask for name, mask in expected.items() if name not in empty}
        same = found.keys() == wanted.keys() and all(
            np.array_equal(found[name], mask) for name, mask in wanted.items()
        )
        self.findings.exports_equal += same
        if not same:
            self.findings.differences.append(f"export {self._exports}")
        shutil.rmtree(folder)
        dialog.reject()

    def _kill_engine(self) -> None:
        if self.window.engine.process_id:
            self.findings.engine_kills += 1
            os.kill(self.window.engine.process_id, signal.SIGKILL)

    def _revive_engine(self) -> None:
        """After three crashes within a minute it is left alone until somebody starts it."""
        if self.window.engine.state == State.BROKEN:
            self.findings.engine_left_alone += 1
            self.window.engine.restart()

    def _settled(self) -> Document:
        """The image that is shown, once no other one is under way to be."""
        workspace = self.window.workspace
        self._wait(lambda: workspace.document is not None and workspace._opening is None)
        assert workspace.document is not None
        return workspace.document

    # ------------------------------------------------------------------ waiting

    def _pause(self, seconds: float) -> None:
        """Lets the window live. In a loop of its own: without one nothing is ever deleted later."""
        self._alarm.start(round(1000 * seconds))
        self._loop.exec()

    def _wait(self, condition: Callable[[], bool]) -> None:
        give_up = time.monotonic() + _PATIENCE_S
        while not condition():
            self._pause(0.005)
            assert time.monotonic() < give_up, "waited in vain"


def send(canvas: object, kind: QEvent.Type, at: QPointF) -> None:
    button = _NONE if kind == QEvent.Type.MouseMove else _LEFT
    held = _NONE if kind == QEvent.Type.MouseButtonRelease else _LEFT
    event = QMouseEvent(kind, at, at, button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, event)  # type: ignore[arg-type]


def resident_mb() -> float:
    with Path("/proc/self/status").open() as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
