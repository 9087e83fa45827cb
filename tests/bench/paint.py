"""How long from a pointer event to painted pixels, idle and while the network learns.

    python tests/bench/paint.py [--json] [--sizes 1024 4096 16384] [--dabs 300] [--peer napari.txt]

Real mouse events go through the real window; each is timed from its delivery until the canvas has
painted the frame that shows it. The ratio printed compares the 99th percentile of a 40-px dab on
the largest image with that on the smallest in the same run: nothing on the stroke path may grow
with the image. The rows “the machine alone” are a fixed little loop: where that takes twice as long
at its 99th percentile as at its median, so does everything else. `--peer` takes what another
program's script printed in the same minutes ("4096 fit dab ms p50 35.9 p99 67.0 max 70.1") and
prints the ratio side by side.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PIL import Image
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QEventLoop,
    QPoint,
    QPointF,
    QSettings,
    Qt,
    QTimer,
)
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from cnnseg_gui.core.heap import keep_what_is_there, return_freed_blocks
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.patch import Patch, PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui import theme
from cnnseg_gui.ui.main_window import MainWindow

TRAIN_SECONDS = 600
VIEWS = {"fit": 0.0, "1:1": 1.0, "8:1": 8.0}
SWITCHED = 2048  # pixels: the side of the two images that are switched between
LASSO_PIXELS = 4_000_000
_ROUNDS = 3  # of the event loop, after which no frame comes: nothing on screen has changed
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 4096])
    parser.add_argument("--dabs", type=int, default=300)
    parser.add_argument("--idle", action="store_true", help="without a fine-tune beside it")
    parser.add_argument("--peer", type=Path, help="what another program's script printed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = measure(
            Path(scratch), sizes=options.sizes, dabs=options.dabs, learning=not options.idle
        )
    result = {"ratio_large_to_small": flatness(rows, options.sizes), "rows": rows}
    if options.peer is not None:
        result["peer"] = beside(rows, options.peer.read_text())
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    for key in ("peer", "ratio_large_to_small"):
        print(f"{key}: {result.get(key)}")


def flatness(rows: list[Row], sizes: list[int]) -> dict[str, float]:
    """p99 of a 40-px dab on the largest image over that on the smallest, by view and engine."""
    dabs = {
        (r["size"], f"{r['view']} {r['engine']}"): float(str(r["p99_ms"]))
        for r in rows
        if r["what"] == "dab" and r["diameter"] == 40
    }
    return {
        name: round(dabs[max(sizes), name] / dabs[size, name], 2)
        for size, name in dabs
        if size == min(sizes)
    }


def beside(rows: list[Row], printed: str) -> list[Row]:
    """Another program's dabs and ours, with the ratio of the medians and of the p99."""
    pairs = []
    pattern = r"(\d+) (fit|1:1) dab ms p50 ([\d.]+) p99 ([\d.]+)"
    for size, view, median, worst in re.findall(pattern, printed):
        for row in rows:
            where = row["what"], row["size"], row.get("view"), row.get("diameter"), row["engine"]
            if where == ("dab", int(size), view, 40, "idle"):
                ours = float(str(row["p50_ms"])), float(str(row["p99_ms"]))
                pairs.append(
                    {
                        "size": int(size),
                        "view": view,
                        "theirs_ms": (float(median), float(worst)),
                        "ours_ms": ours,
                        "times": (
                            round(float(median) / ours[0], 1),
                            round(float(worst) / ours[1], 1),
                        ),
                    }
                )
    return pairs


def measure(folder: Path, *, sizes: list[int], dabs: int, learning: bool) -> list[Row]:
    application = QApplication.instance() or QApplication(sys.argv[:1])
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    return_freed_blocks()
    theme.apply(application, dark=True)
    make_project(folder, sizes)
    window = MainWindow()
    window.resize(1600, 1000)
    window.show()
    keep_what_is_there()
    window.workspace.open_project(folder / "project")
    window.self_start.switch(False)  # idle is idle
    bench = Bench(application, window, dabs)
    for training in (False, True)[: 1 + learning]:
        bench.engine = "learning" if training else "idle"
        if training:
            start_training(window)
        for record in window.workspace.images()[: len(sizes)]:
            bench.measure_image(record.id, record.width)
        bench.measure_switching()
        if training:
            assert window.fine_tuning.running, "the fine-tune ended before the measurement"
    window.close()
    return bench.rows


class Bench:
    """Measures one window and keeps the rows."""

    def __init__(self, application: QApplication, window: MainWindow, dabs: int) -> None:
        self.application, self.window, self.dabs = application, window, dabs
        self.engine = "idle"
        self.rows: list[Row] = []

    def measure_image(self, number: int, size: int) -> None:
        window = self.window
        self._add("the machine alone", size, **machine_times())
        window.workspace.open_image(number)
        wait(lambda: shown(window) == number)
        for view, scale in VIEWS.items():
            window.canvas.fit()
            if scale:
                window.canvas.zoom_by(scale / window.canvas.view_transform.scale)
            settle(self.application)
            for diameter in (40, 400):
                window.set_diameter(diameter)
                times = dab_times(self.application, window, self.dabs)
                self._add("dab", size, view=view, diameter=diameter, **times)
        window.canvas.one_to_one()
        for diameter in (40, 400):
            window.set_diameter(diameter)
            times = commit_times(self.application, window)
            self._add("commit of a stroke", size, diameter=diameter, **times)
        window.set_diameter(40)
        dab_times(self.application, window, 30)
        self._add("undo", size, **undo_times(self.application, window))
        window.canvas.fit()
        settle(self.application)
        self._add("pan and zoom", size, **travel_times(self.application, window))
        if size * size > 2 * LASSO_PIXELS:
            self._add("lasso of 4 Mpx", size, **lasso_times(self.application, window))
        self._add("memory", size, resident_mb=resident_mb(), image_mb=round(3 * size**2 / 2**20))

    def measure_switching(self) -> None:
        """Between two neighbours in the list that have been looked at before."""
        window, times = self.window, []
        first, second = [record.id for record in window.workspace.images()[-2:]]
        for number in (first, second):
            window.workspace.open_image(number)
            wait(lambda number=number: shown(window) == number)
            wait(lambda: window.canvas.complete, seconds=5)
        for turn in range(20):
            number = (first, second)[turn % 2]
            pause(0.3)
            began = time.perf_counter()
            window.workspace.open_image(number)
            while shown(window) != number:
                self.application.processEvents()
            frames = window.canvas.frames
            while window.canvas.frames == frames:
                self.application.processEvents()
            times.append(1000 * (time.perf_counter() - began))
        self._add("switch", SWITCHED, **summary(times))

    def _add(self, what: str, size: int, **figures: object) -> None:
        self.rows.append({"what": what, "size": size, "engine": self.engine, **figures})
        print(self.rows[-1], file=sys.stderr, flush=True)


def machine_times(rounds: int = 2000) -> dict[str, float]:
    """Milliseconds of one and the same little work: how far this machine's own speed varies."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        sum(number * number for number in range(10_000))
        times.append(1000 * (time.perf_counter() - began))
    return summary(times)


def dab_times(application: QApplication, window: MainWindow, dabs: int) -> dict[str, float]:
    """Strokes of 30 dabs each, zigzag over the view."""
    canvas, visible = window.canvas, window.canvas.visible_rect
    rng = np.random.default_rng(0)
    painted, stored, released = [], [], []
    project = window.workspace.project
    assert project is not None
    for stroke in range(-(-dabs // 30)):
        y, x = (rng.uniform(0.2, 0.8) for _ in range(2))
        angle = rng.uniform(0, 2 * np.pi)
        points = []
        for k in range(31):
            at_y = visible.top + visible.height * min(max(y + 0.004 * k * np.sin(angle), 0), 1)
            at_x = visible.left + visible.width * min(max(x + 0.004 * k * np.cos(angle), 0), 1)
            points.append(canvas.widget_position(ImagePoint(at_y, at_x)))
        window.choose_class_by_key(1 if stroke % 3 else 0)
        send(canvas, QEvent.Type.MouseButtonPress, points[0])
        settle(application, rounds=2)
        for point in points[1:]:
            frames = canvas.frames
            began = time.perf_counter()
            send(canvas, QEvent.Type.MouseMove, point)
            for _ in range(_ROUNDS):
                application.processEvents()
                if canvas.frames > frames:
                    break
            painted.append(1000 * (time.perf_counter() - began))
        with noting_commits(project) as commits:
            began = time.perf_counter()
            send(canvas, QEvent.Type.MouseButtonRelease, points[-1])
            released.append(1000 * (time.perf_counter() - began))
        stored += [1000 * (ended - began) for ended in commits]
        settle(application, rounds=2)
    return {
        **summary(painted),
        "store_p99_ms": summary(stored or [0.0])["p99_ms"],  # where nothing was new
        "release_p99_ms": summary(released)["p99_ms"],
    }


def commit_times(
    application: QApplication, window: MainWindow, strokes: int = 200
) -> dict[str, float]:
    """From the release of a short stroke, anywhere in the view, to its commit."""
    canvas, project = window.canvas, window.workspace.project
    assert project is not None
    rng, times = np.random.default_rng(1), []
    for number in range(strokes):
        y, x = rng.uniform(0.1, 0.9, 2) * (canvas.height(), canvas.width())
        points = [QPointF(x + 6 * k, y + 4 * k) for k in range(6)]
        window.choose_class_by_key(number % 2)
        send(canvas, QEvent.Type.MouseButtonPress, points[0])
        for point in points[1:]:
            send(canvas, QEvent.Type.MouseMove, point)
            application.processEvents()
        with noting_commits(project) as commits:
            began = time.perf_counter()
            send(canvas, QEvent.Type.MouseButtonRelease, points[-1])
        times += [1000 * (ended - began) for ended in commits]
        settle(application, rounds=2)
    return summary(times)


@contextmanager
def noting_commits(project: Project) -> Iterator[list[float]]:
    """Notes when each stroke is stored; a release does more than that."""
    ended: list[float] = []
    commit = project.commit_all

    def noted(gestures: Sequence[tuple[Patch, str]], mask: Mask) -> None:
        commit(gestures, mask)
        ended.append(time.perf_counter())

    project.commit_all = noted  # type: ignore[method-assign]
    try:
        yield ended
    finally:
        project.commit_all = commit  # type: ignore[method-assign]


def undo_times(application: QApplication, window: MainWindow, count: int = 40) -> dict[str, float]:
    """Undo and redo of single strokes, until the canvas shows it."""
    times = []
    for _ in range(count):
        for step in (window.workspace.undo, window.workspace.redo):
            settle(application, rounds=2)
            times.append(until_painted(application, window, step))
    return summary(times)


def travel_times(
    application: QApplication, window: MainWindow, steps: int = 150
) -> dict[str, float]:
    """Wheel steps in and out about the middle, and drags with the middle button between them."""
    canvas = window.canvas
    middle = QPointF(canvas.width() / 2, canvas.height() / 2)
    times = []
    for step in range(steps):
        turn = 120 if step % 50 < 25 else -120
        wheel = QWheelEvent(
            middle,
            middle,
            QPoint(),
            QPoint(0, turn),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        times.append(
            until_painted(
                application, window, lambda wheel=wheel: QApplication.sendEvent(canvas, wheel)
            )
        )
        by = QPointF(40 if step % 2 else -35, 30 if step % 3 else -45)
        times.append(until_painted(application, window, lambda by=by: canvas.pan_by(by)))
    return summary(times)


def lasso_times(application: QApplication, window: MainWindow) -> dict[str, float]:
    """From the release of a lasso round 4 Mpx to the frame that shows it filled and stored."""
    document = window.workspace.document
    assert document is not None
    canvas, times = window.canvas, []
    height, width = document.mask.shape
    radius = np.sqrt(LASSO_PIXELS / np.pi)
    window.tools.choose_tool("lasso")
    canvas.fit()
    settle(application)
    for turn in range(6):
        window.choose_class_by_key(turn % 2)
        around = np.linspace(0, 2 * np.pi, 200)
        points = [
            canvas.widget_position(
                ImagePoint(height / 2 + radius * np.sin(a), width / 2 + radius * np.cos(a))
            )
            for a in around
        ]
        send(canvas, QEvent.Type.MouseButtonPress, points[0])
        for point in points[1:]:
            send(canvas, QEvent.Type.MouseMove, point)
        settle(application, rounds=5)
        times.append(
            until_painted(
                application,
                window,
                lambda end=points[-1]: send(canvas, QEvent.Type.MouseButtonRelease, end),
            )
        )
        settle(application)
    window.tools.choose_tool("brush")
    return summary(times)


def until_painted(application: QApplication, window: MainWindow, act: object) -> float:
    """Milliseconds from an act to the end of the next frame of the canvas."""
    frames = window.canvas.frames
    began = time.perf_counter()
    act()  # type: ignore[operator]
    while window.canvas.frames == frames:
        application.processEvents()
        assert time.perf_counter() - began < 30, "nothing was painted"
    return 1000 * (time.perf_counter() - began)


def summary(times: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p99_ms": round(float(np.percentile(times, 99)), 2),
        "max_ms": round(max(times), 2),
    }


def resident_mb() -> int:
    with Path("/proc/self/status").open() as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


def make_project(folder: Path, sizes: list[int]) -> None:
    """Smooth noise images with some decided pixels, so that there is something to learn."""
    rng = np.random.default_rng(0)
    project = Project.create(folder / "project", ("background", "object"))
    for place, size in enumerate([*sizes, SWITCHED, SWITCHED]):
        coarse = Image.fromarray(rng.integers(0, 256, (size // 32, size // 32, 3), np.uint8))
        path = folder / f"{place}-{size}.png"
        coarse.resize((size, size), Image.Resampling.BICUBIC).save(path, compress_level=1)
        (number,) = project.add_images([probe(path)])
        mask = project.load_mask(number)
        builder = PatchBuilder(mask)
        for value in (0, 1):
            builder.paint(100 + 300 * value, 100, np.ones((250, 600), bool), value)
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
    project.close()


def start_training(window: MainWindow) -> None:
    progress: list[object] = []
    window.fine_tuning.progressed.connect(progress.append)
    window.engine.start()
    window.fine_tuning.start(seconds=TRAIN_SECONDS)
    wait(lambda: len(progress) > 2, seconds=120)


def send(canvas: object, kind: QEvent.Type, at: QPointF) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    event = QMouseEvent(kind, at, at, button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, event)  # type: ignore[arg-type]


def shown(window: MainWindow) -> int | None:
    document = window.workspace.document
    return document.record.id if document else None


def settle(application: QApplication, *, rounds: int = 40) -> None:
    for _ in range(rounds):
        application.processEvents()
        # outside of a running event loop Qt keeps what is to be deleted for ever
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        time.sleep(0.002)


def pause(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait(condition: object, *, seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        loop = QEventLoop()
        QTimer.singleShot(20, loop.quit)
        loop.exec()
        assert time.monotonic() < give_up, "waited in vain"


if __name__ == "__main__":
    main()
