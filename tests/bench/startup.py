"""How long from the start of the process to the painted window.

    python tests/bench/startup.py [--json] [--runs 7]

Each run is a process of its own that opens the window as `cnnseg-gui` does and ends with its first
painted frame. The ratio printed compares it with a process that only imports PySide6 and shows an
empty window. Needs a display (xvfb-run will do) or the environment's own Qt platform.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

_CHILD = """
import sys, time
started, kind = float(sys.argv[1]), sys.argv[2]
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget
application = QApplication(sys.argv[:1])

class FirstFrame(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and watched.isWindow():
            QTimer.singleShot(0, self.report)
        return False

    def report(self):
        print(time.time() - started, int("torch" in sys.modules), flush=True)
        import os
        os._exit(0)

watcher = FirstFrame()
application.installEventFilter(watcher)
if kind == "bare":
    window = QWidget()
    window.resize(1360, 860)
    window.show()
    application.exec()
else:
    from cnnseg_gui import app
    app.main([])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    times: dict[str, list[float]] = {"bare": [], "window": []}
    torch_loaded = 0
    for _ in range(options.runs + 1):
        for kind, found in times.items():
            seconds, torch = first_frame(kind)
            found.append(seconds)
            torch_loaded += torch
    medians = {kind: float(np.median(found[1:])) for kind, found in times.items()}
    result = {
        "seconds": round(medians["window"], 3),
        "slowest": round(max(times["window"][1:]), 3),
        "bare_qt_seconds": round(medians["bare"], 3),
        "ratio": round(medians["window"] / medians["bare"], 2),
        "torch_loaded": bool(torch_loaded),
    }
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print(
            f"window painted after {result['seconds']} s (slowest {result['slowest']} s), "
            f"an empty Qt window after {result['bare_qt_seconds']} s, ratio {result['ratio']}; "
            f"torch loaded: {result['torch_loaded']}"
        )


def first_frame(kind: str) -> tuple[float, int]:
    """Seconds until the first frame of a fresh process, and whether torch is loaded in it."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(time.time()), kind],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    seconds, torch = done.stdout.split()
    return float(seconds), int(torch)


if __name__ == "__main__":
    main()
