"""How long from the end of a gesture to a new proposal, and what that costs window and fine-tune.

    python tests/bench/live.py [--json] [--side 1000] [--gestures 40] [--seconds 20]

Real mouse events go through the real window. A gesture is timed from its release to the frame that
shows the proposal that answers it: with the image's features at hand, and right after the image was
opened. Then dabs are timed while gestures are answered, and the steps of a fine-tune counted, alone
and while somebody paints at 60 events a second.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from paint import dab_times, pause, send, settle, shown, wait
from PIL import Image
from PySide6.QtCore import QEvent, QSettings
from PySide6.QtWidgets import QApplication

from cnnseg_gui.core.heap import keep_what_is_there, return_freed_blocks
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.sample import sample_images
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.engine.client import State
from cnnseg_gui.engine.messages import Answered, TrainProgress
from cnnseg_gui.ui import theme
from cnnseg_gui.ui.main_window import MainWindow

EVENTS_PER_SECOND = 60
_EVENTS_IN_A_STROKE = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", type=int, default=1000)
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--gestures", type=int, default=40)
    parser.add_argument("--dabs", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20.0, help="of fine-tuning, each way")
    parser.add_argument("--threads", type=int, help="of the engine")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(Path(scratch), options)
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for key, value in figures.items():
        print(f"{key}: {value}")


def measure(folder: Path, options: argparse.Namespace) -> dict[str, object]:
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    return_freed_blocks()
    theme.apply(application, dark=True)
    make_project(folder, side=options.side, images=options.images)
    window = MainWindow(threads=options.threads)
    window.resize(1600, 1000)
    window.show()
    keep_what_is_there()
    window.workspace.open_project(folder / "project")
    window.self_start.switch(False)
    window.choice.choose("new:fcn-lite0")
    bench = Bench(application, window)
    window.engine.start()
    wait(lambda: window.engine.state == State.READY)
    figures: dict[str, object] = {"side": options.side}
    bench.open(1)
    bench.rest()
    for number in range(2):
        bench.gesture(number)
    bench.rest()
    figures["cached"] = percentiles([bench.gesture(n) for n in range(options.gestures)])
    figures["with_encoding"] = percentiles(bench.opened(range(2, options.images + 1)))
    window.set_diameter(40)
    answers = len(bench.answers)
    figures["dab_while_answered"] = dab_times(application, window, options.dabs)
    figures["answers_meanwhile"] = len(bench.answers) - answers
    if options.seconds > 0:
        figures["fine_tune"] = bench.fine_tune(options.seconds)
    window.close()
    return figures


class Bench:
    """One window, and what the engine answered."""

    def __init__(self, application: QApplication, window: MainWindow) -> None:
        self.application, self.window = application, window
        self.answers: list[Answered] = []
        self.steps: list[TrainProgress] = []
        self._random = np.random.default_rng(0)
        window.engine.answered.connect(self.answers.append)
        window.fine_tuning.progressed.connect(self.steps.append)

    def open(self, place: int) -> None:
        """The image at this place of the list, from 1."""
        number = self.window.workspace.images()[place - 1].id
        self.window.workspace.open_image(number)
        while shown(self.window) != number:
            self.application.processEvents()

    def rest(self) -> None:
        """Until nothing is computed any more."""
        pause(0.3)
        wait(lambda: not self.window.proposing.running)
        wait(lambda: not self.answers or self.answers[-1].last)
        settle(self.application)

    def gesture(self, number: int) -> float:
        """Milliseconds from the release of a short stroke to the frame with its answer."""
        release = self._stroke(number)
        before = len(self.answers)
        began = time.perf_counter()
        release()
        while not any(a.covered[2] for a in self.answers[before:]):
            self.application.processEvents()
            assert time.perf_counter() - began < 30, "no answer"
            if number < 2 and any(a.last for a in self.answers[before:]):
                break  # one class alone is not answered
        while not (self.window.canvas._redraws.empty and self.window.canvas.complete):
            assert time.perf_counter() - began < 30, "not drawn"
            self.application.processEvents()
        self.application.processEvents()  # the last frame
        spent = 1000 * (time.perf_counter() - began)
        settle(self.application, rounds=30)
        return spent

    def opened(self, places: range) -> list[float]:
        """As `gesture`, of strokes right after an image was opened that was not shown before."""
        times = []
        for place in places:
            self.open(place)
            times.append(self.gesture(place))
            self.rest()
        return times

    def fine_tune(self, seconds: float) -> dict[str, float]:
        """Steps a second alone and while somebody paints, each for so many seconds."""
        window = self.window
        window.fine_tuning.start(seconds=600)
        wait(lambda: len(self.steps) > 5, seconds=120)
        rates: dict[bool, list[float]] = {}
        for painting in (False, True, False, True):
            first, began = self.steps[-1].step, time.perf_counter()
            while time.perf_counter() - began < seconds / 2:
                self._paint_on() if painting else pause(0.2)
            rate = (self.steps[-1].step - first) / (time.perf_counter() - began)
            rates.setdefault(painting, []).append(rate)
        window.fine_tuning.cancel()
        wait(lambda: not window.fine_tuning.running)
        alone, beside = (float(np.mean(rates[painting])) for painting in (False, True))
        return {
            "steps_per_s_alone": round(alone, 2),
            "steps_per_s_painting": round(beside, 2),
            "share": round(beside / alone, 3),
        }

    def _paint_on(self) -> None:
        """A stroke of half a second, an event every sixtieth, and half a second between."""
        canvas, visible = self.window.canvas, self.window.canvas.visible_rect
        y, x = self._random.uniform(0.1, 0.8, 2)
        self.window.choose_class_by_key(int(self._random.integers(2)))
        row = visible.top + visible.height * y
        columns = visible.left + visible.width * (x + 0.003 * np.arange(_EVENTS_IN_A_STROKE))
        points = [canvas.widget_position(ImagePoint(row, float(at))) for at in columns]
        send(canvas, QEvent.Type.MouseButtonPress, points[0])
        for point in points[1:]:
            send(canvas, QEvent.Type.MouseMove, point)
            pause(1 / EVENTS_PER_SECOND)
        send(canvas, QEvent.Type.MouseButtonRelease, points[-1])
        pause(0.5)

    def _stroke(self, number: int) -> Callable[[], None]:
        """Begins one of five events; returns what ends it."""
        window, canvas = self.window, self.window.canvas
        document = window.workspace.document
        assert document is not None
        height, width = document.mask.shape
        window.set_diameter(height / 60)
        window.choose_class_by_key(number % 2)
        y, x = self._random.uniform(0.1, 0.9, 2) * (height, width)
        points = [canvas.widget_position(ImagePoint(y, x + width / 200 * k)) for k in range(5)]
        send(canvas, QEvent.Type.MouseButtonPress, points[0])
        for point in points[1:]:
            send(canvas, QEvent.Type.MouseMove, point)
            self.application.processEvents()
        return lambda: send(canvas, QEvent.Type.MouseButtonRelease, points[-1])


def percentiles(times: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(float(np.percentile(times, 50)), 1),
        "p95_ms": round(float(np.percentile(times, 95)), 1),
        "max_ms": round(max(times), 1),
        "count": len(times),
    }


def make_project(folder: Path, *, side: int, images: int) -> None:
    """The sample images, enlarged."""
    project = Project.create(folder / "project", ("background", "nucleus"))
    samples = sample_images()
    for number in range(images):
        path = folder / f"{number}.png"
        with Image.open(samples[number % len(samples)]) as image:
            image.convert("RGB").resize((side, side)).save(path, compress_level=1)
        project.add_images([probe(path)])
    project.close()


if __name__ == "__main__":
    main()
