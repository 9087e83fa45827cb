"""The tour without a person: through the real window, with screenshots and figures."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from cnnseg_gui.core.atomic import write_atomically
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.sample import copy_sample
from cnnseg_gui.engine.messages import Ready
from cnnseg_gui.tour.pointer import TourInterrupted
from cnnseg_gui.tour.steps import Tour
from cnnseg_gui.ui import theme
from cnnseg_gui.ui.main_window import MainWindow


def run_tour(application: QApplication, folder: Path, *, device: str) -> int:
    """Runs all steps and writes screenshots, the export and `tour.json` into a folder.

    Returns:
        The exit code: 0, or 1 with one line on stderr.
    """
    with tempfile.TemporaryDirectory(prefix="cnnseg-tour-") as scratch:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, scratch)
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        application.setOrganizationName("CNNSeg")
        application.setApplicationName("CNNSeg tour")
        theme.apply(application, dark=True)
        window = MainWindow(device=device)
        try:
            _run(window, folder, Path(scratch) / "project")
        except UserError as error:
            print(f"cnnseg-gui: the tour stopped: {error}", file=sys.stderr)
            return 1
        except TourInterrupted:
            print("cnnseg-gui: the tour stopped: the window was closed", file=sys.stderr)
            return 1
        finally:
            window.close()
    return 0


def _run(window: MainWindow, folder: Path, project: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, doing="making the tour's folder", path=folder) from error
    window.resize(1440, 900)
    window.show()
    window.engine.start()
    ready: list[Ready] = []
    window.engine.ready.connect(ready.append)
    window.workspace.open_project(copy_sample(project))

    def snapshot(name: str) -> None:
        window.grab().save(str(folder / f"{name}.png"))

    tour = Tour(window, snapshot=snapshot)
    tour.said.connect(lambda text: print(text, flush=True))
    export = _free_name(folder / "export")
    figures = tour.run(export)
    snapshot("6-done")
    figures.device = ready[-1].device if ready else "unknown"
    write_atomically(folder / "tour.json", json.dumps(asdict(figures), indent=2).encode() + b"\n")
    print(
        f"Mean IoU of the nuclei on the {figures.images} images never corrected: "
        f"{figures.iou_before:.3f} before, {figures.iou_after:.3f} after "
        f"{figures.seconds['teach']:.0f} s of learning from {figures.corrected} corrected images "
        f"({figures.gestures} strokes) on {figures.device}.\n"
        f"Screenshots and tour.json are in {folder}, the data set in {export}."
    )


def _free_name(folder: Path) -> Path:
    """A name that is not taken: an export never overwrites."""
    number, name = 1, folder
    while name.exists():
        number += 1
        name = folder.with_name(f"{folder.name}-{number}")
    return name
