"""Folders of 100,000 images: how soon they are listed, and whether the window stays responsive.

    python tests/bench/many_images.py [--json] [--images 100000] [--decided 2000] [--tagged 5000]

Makes a folder of small PNG files of different bytes, then opens it in the real window, each in a
process of its own: as a new project ("new"), and again as an existing one ("existing"), some of
whose images are painted on and tagged. While the list fills, a timer of 5 ms says how late it is:
as late as a stroke would be ("own" leaves out what other programs had the processor for). Then,
with everything listed, single acts are timed until the window is idle again.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PIL import Image
from PySide6.QtCore import QElapsedTimer, QSettings, Qt, QTimer
from PySide6.QtWidgets import QApplication

from cnnseg_gui.core.patch import PatchBuilder
from cnnseg_gui.core.project import Project
from cnnseg_gui.ui import theme
from cnnseg_gui.ui.main_window import MainWindow

EVERY_MS = 5
LEAST_S = 3.0  # of lateness: a p99 of fewer moments is their maximum
PATIENCE_S = 300
Row = dict[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--decided", type=int, default=2_000, help="images that are painted on")
    parser.add_argument("--tagged", type=int, default=5_000)
    parser.add_argument("--scratch", type=Path, help="where to make the folder; kept")
    parser.add_argument("--only", choices=("new", "existing"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.scratch, new=options.only == "new")))
        return
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.scratch or Path(temporary)
        make_folder(scratch / "images", options.images)
        rows = [in_a_process("new", scratch)]
        work_on(scratch / "project", decided=options.decided, tagged=options.tagged)
        rows.append(in_a_process("existing", scratch))
    if options.json:
        print(json.dumps({"images": options.images, "rows": rows}, indent=2))
        return
    for row in rows:
        print("\n".join(f"{key:>24} {value}" for key, value in row.items()), end="\n\n")


def in_a_process(only: str, scratch: Path) -> Row:
    command = [sys.executable, __file__, "--only", only, "--scratch", str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout, file=sys.stderr, flush=True)
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


# ---------------------------------------------------------------------- in a window


class Lateness:
    """How late a timer of 5 ms is, in ms; and without what other programs had the processor for."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.own: list[float] = []
        self._waited = waited_ms()
        self._clock = QElapsedTimer()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._note)

    def __enter__(self) -> Lateness:
        self._clock.start()
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.stop()

    def _note(self) -> None:
        late = self._clock.nsecsElapsed() / 1e6 - EVERY_MS
        self._clock.start()
        before, self._waited = self._waited, waited_ms()
        self.times.append(late)
        self.own.append(max(0.0, late - (self._waited - before)))

    @property
    def summary(self) -> dict[str, object]:
        return {"seen": spread(self.times), "own": spread(self.own), "samples": len(self.times)}


def spread(times: list[float]) -> dict[str, float]:
    p50, p99 = (round(float(np.percentile(times, part)), 2) for part in (50, 99))
    return {"p50": p50, "p99": p99, "max": round(max(times), 1)}


def waited_ms() -> float:
    """How long this thread was ready and had no processor; 0 where the system does not tell."""
    try:
        text = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text()
    except OSError:
        return 0.0
    return int(text.split()[1]) / 1e6


def measure(scratch: Path, *, new: bool) -> Row:
    """Opens the folder and waits until everything is listed, then times single acts."""
    application = QApplication(sys.argv[:1])
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(scratch / "own"))
    theme.apply(application, dark=True)
    total = sum(1 for _ in (scratch / "images").iterdir())
    window = MainWindow()
    window.resize(1600, 1000)
    window.show()
    wait(application, lambda: window.isVisible())
    row: Row = {"what": "new" if new else "existing", "images": total, "load": os.getloadavg()[0]}
    row["empty_mb"] = resident_mb()
    model, began = window.images_panel.list.model(), time.perf_counter()
    if new:
        window.workspace.create_project(scratch / "project", ("background", "object"))
        window.workspace.add_images([scratch / "images"])
    else:
        window.workspace.open_project(scratch / "project")
    row["opening_ms"] = since(began)
    with Lateness() as lateness:
        for name, condition in {
            "first_row_ms": lambda: model.rowCount() > 0,
            "first_image_ms": lambda: window.workspace.document is not None,
            "all_names_ms": lambda: model.rowCount() == total,
            "whole_list_ms": lambda: listed(window) == total,
        }.items():
            wait(application, condition)
            row[name] = since(began)
        pause(application, max(0.0, LEAST_S - since(began) / 1000))
    row["late_ms"], row["mb"] = lateness.summary, resident_mb()
    row["acts"] = acts(application, window, total)
    row["mb_after"], row["peak_mb"] = resident_mb(), resident_mb("VmHWM")
    window.close()
    return row


def acts(application: QApplication, window: MainWindow, total: int) -> Row:
    """Milliseconds of single acts until nothing is left to do in the window's thread."""
    workspace, panel = window.workspace, window.images_panel
    bar = panel.list.verticalScrollBar()

    def scroll(by: int) -> None:
        bar.setValue((bar.value() + by) % max(1, bar.maximum()))

    def paint() -> None:
        document = workspace.document
        assert document is not None
        builder = PatchBuilder(document.mask)
        builder.paint(3, 3, np.ones((9, 9), bool), 1)
        workspace.image_changed.emit(document.record.id)

    timed: Row = {}
    for name, act, count in (
        ("scroll a page", lambda: scroll(bar.pageStep()), 200),
        ("scroll far", lambda: scroll(bar.maximum() // 7), 50),
        ("next image", lambda: workspace.step(1), 20),
        ("an image changed", paint, 20),
        ("search 77", lambda: panel.search.setText("77"), 1),
        ("search 7712", lambda: panel.search.setText("7712"), 1),
        ("search nothing", lambda: panel.search.setText(""), 1),
        ("only in work", lambda: panel.status.setCurrentIndex(2), 1),
        ("all", lambda: panel.status.setCurrentIndex(0), 1),
    ):
        with Lateness() as lateness:
            times = []
            for _ in range(count):
                began = time.perf_counter()
                act()
                application.processEvents()
                times.append(1000 * (time.perf_counter() - began))
                pause(application, 0.05)
            pause(application, 0.3)
        timed[name] = {"act_ms": round(max(times), 1), "late_ms": round(max(lateness.own), 1)}
    assert listed(window) == total
    return timed


def listed(window: MainWindow) -> int:
    """Images that are in the project and in the list."""
    text = window.images_panel.count_text
    if workspace_busy(window):
        return 0
    return int(text.split()[0]) if text else 0


def workspace_busy(window: MainWindow) -> bool:
    return window.workspace.adding.running


def wait(application: QApplication, condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        pause(application, 0.01)
        assert time.monotonic() < give_up, "waited in vain"


def pause(application: QApplication, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        application.processEvents()
        time.sleep(0.0005)


def since(began: float) -> float:
    return round(1000 * (time.perf_counter() - began), 1)


def resident_mb(what: str = "VmRSS") -> int:
    with Path("/proc/self/status").open() as status:
        line = next(line for line in status if line.startswith(what))
    return int(line.split()[1]) // 1024


# ---------------------------------------------------------------------- what is opened


def make_folder(folder: Path, count: int) -> None:
    """PNG files of one picture, 64 × 64, with a number of their own each."""
    folder.mkdir(parents=True, exist_ok=True)
    made = BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(made, "PNG")
    picture, end = made.getvalue()[:-12], made.getvalue()[-12:]
    for number in range(count):
        body = b"tEXt" + b"Number\0%d" % number
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        (folder / f"image {number}.png").write_bytes(picture + chunk + end)


def work_on(folder: Path, *, decided: int, tagged: int) -> None:
    """Some of the images are painted on, some tagged, all through the list."""
    project = Project.open(folder)
    total = project.listing.count()
    for number in range(1, total + 1, max(1, total // max(1, decided))):
        mask = project.load_mask(number)
        builder = PatchBuilder(mask)
        builder.paint(5, 5, np.ones((20, 20), bool), number % 2)
        patch = builder.finish()
        assert patch is not None
        project.commit(patch, mask, name="Brush stroke")
    for number in range(1, total + 1, max(1, total // max(1, tagged))):
        project.tags.add(number, f"kind {number % 7}")
    project.set_setting("last_image", str(total * 3 // 4))
    project.close()


if __name__ == "__main__":
    main()
