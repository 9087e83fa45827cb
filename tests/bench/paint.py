"""How long from a pointer event to painted pixels, idle and while the network learns.

    python tests/bench/paint.py [--json] [--sizes 4096] [--dabs 300]

Real mouse events go through the real window; a dab is timed from the event's delivery until the
canvas has painted the frame that shows it. The ratio printed compares a 40-px dab on the largest
image with one on a 1024² image in the same run: nothing on the stroke path may grow with the image.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PIL import Image
from PySide6.QtCore import QEvent, QEventLoop, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project, probe
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui import theme
from cnnseg_gui.ui.main_window import MainWindow

TRAIN_SECONDS = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 4096])
    parser.add_argument("--dabs", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = measure(Path(scratch), sizes=options.sizes, dabs=options.dabs)
    small, large = min(options.sizes), max(options.sizes)

    def median(size: int) -> float:
        return float(np.median([r["p50_ms"] for r in rows if r["size"] == size]))

    result = {"ratio_large_to_small": round(median(large) / median(small), 2), "rows": rows}
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for row in rows:
        print(
            f"{row['size']:6}²  {row['view']:4} {row['diameter']:4} px  {row['engine']:9}"
            f" p50 {row['p50_ms']:6.2f}  p99 {row['p99_ms']:6.2f}  max {row['max_ms']:6.2f} ms"
            f"  store p99 {row['store_p99_ms']:5.2f} ms"
        )
    print(f"median dab, {large}² over {small}²: {result['ratio_large_to_small']}")


def measure(folder: Path, *, sizes: list[int], dabs: int) -> list[dict[str, object]]:
    application = QApplication.instance() or QApplication(sys.argv[:1])
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    theme.apply(application, dark=True)
    make_project(folder, sizes)
    window = MainWindow()
    window.resize(1600, 1000)
    window.show()
    window.workspace.open_project(folder / "project")
    rows = []
    for training in (False, True):
        if training:
            start_training(window)
        for record in window.workspace.images():
            window.workspace.open_image(record.id)
            wait(lambda r=record: shown(window) == r.id)
            for view in ("fit", "1:1"):
                window.canvas.fit() if view == "fit" else window.canvas.one_to_one()
                settle(application)
                for diameter in (40, 400):
                    window.set_diameter(diameter)
                    rows.append(
                        {
                            "size": record.width,
                            "view": view,
                            "diameter": diameter,
                            "engine": "learning" if training else "idle",
                            **dab_times(application, window, dabs),
                        }
                    )
        if training:
            assert window.fine_tuning.running, "the fine-tune ended before the measurement"
    window.close()
    return rows


def dab_times(application: QApplication, window: MainWindow, dabs: int) -> dict[str, float]:
    """Strokes of 30 dabs each, zigzag over the view."""
    canvas, visible = window.canvas, window.canvas.visible_rect
    rng = np.random.default_rng(0)
    painted, stored = [], []
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
            while canvas.frames == frames:
                application.processEvents()
            painted.append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
        send(canvas, QEvent.Type.MouseButtonRelease, points[-1])
        stored.append(1000 * (time.perf_counter() - began))
        settle(application, rounds=2)
    return {
        "p50_ms": round(float(np.percentile(painted, 50)), 3),
        "p99_ms": round(float(np.percentile(painted, 99)), 3),
        "max_ms": round(max(painted), 3),
        "store_p99_ms": round(float(np.percentile(stored, 99)), 3),
    }


def make_project(folder: Path, sizes: list[int]) -> None:
    """Smooth noise images with some decided pixels, so that there is something to learn."""
    rng = np.random.default_rng(0)
    project = Project.create(folder / "project", ("background", "object"))
    for size in sizes:
        coarse = Image.fromarray(rng.integers(0, 256, (size // 32, size // 32, 3), np.uint8))
        path = folder / f"{size}.png"
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
        time.sleep(0.002)


def wait(condition: object, *, seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        loop = QEventLoop()
        QTimer.singleShot(20, loop.quit)
        loop.exec()
        assert time.monotonic() < give_up, "waited in vain"


if __name__ == "__main__":
    main()
