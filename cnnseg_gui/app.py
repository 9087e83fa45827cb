"""`cnnseg-gui`: the window. It opens before torch is loaded, and never loads it itself."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cnnseg_gui import __version__

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from cnnseg_gui.core.log_files import LogFiles
    from cnnseg_gui.ui.main_window import MainWindow
    from cnnseg_gui.ui.reporting import Defects


def main(argv: Sequence[str] | None = None) -> int:
    """Opens the window, or runs the tour; returns the process's exit code."""
    options = _parser().parse_args(argv)
    offscreen = not _has_display()
    if offscreen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if offscreen and not options.demo and options.tour is None:
        print(
            "cnnseg-gui: there is no display here. Use --demo to run the tour without one, "
            "or the command `cnnseg`.",
            file=sys.stderr,
        )
        return 1
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    logging.getLogger("cnnseg").setLevel(logging.INFO)
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError as error:
        print(
            f"cnnseg-gui: Qt cannot be loaded ({error}). On Debian and Ubuntu: "
            "apt install libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1",
            file=sys.stderr,
        )
        return 1
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    if options.tour is not None or (offscreen and options.demo):
        from cnnseg_gui.tour.run import run_tour

        return run_tour(application, options.tour or Path("cnnseg-tour"), device=options.device)
    return _open_window(application, options)


def _open_window(application: QApplication, options: argparse.Namespace) -> int:
    from cnnseg_gui.core.log_files import LogFiles
    from cnnseg_gui.core.uncaught import uncaught_logged
    from cnnseg_gui.ui.dialogs.about import diagnostics
    from cnnseg_gui.ui.qt_messages import qt_messages_logged
    from cnnseg_gui.ui.reporting import Defects, log_folder

    application.setApplicationName("CNNSeg")
    application.setOrganizationName("CNNSeg")
    application.setApplicationVersion(__version__)
    defects, files = Defects(), LogFiles(log_folder())
    with ExitStack() as stack:
        files.open(first_lines=diagnostics())
        stack.callback(files.close)
        stack.enter_context(uncaught_logged(defects.tell))
        stack.enter_context(qt_messages_logged())
        try:
            return _run_window(application, options, files, defects)
        except Exception:
            logging.getLogger("cnnseg").exception("the window cannot go on")
            return 1


def _run_window(
    application: QApplication, options: argparse.Namespace, files: LogFiles, defects: Defects
) -> int:
    from PySide6.QtCore import QTimer

    from cnnseg_gui.core.heap import return_freed_blocks
    from cnnseg_gui.ui import theme
    from cnnseg_gui.ui.icons import icon
    from cnnseg_gui.ui.main_window import MainWindow
    from cnnseg_gui.ui.reporting import Reporting

    return_freed_blocks()
    application.setWindowIcon(icon("app"))
    theme.follow_system(application)
    window = MainWindow(device=options.device)
    reporting = Reporting(window, files, defects)
    window.show()
    reporting.offer_last_crash()
    if options.demo:
        window.opening.open_demo()
    elif options.paths:
        window.opening.open_paths([Path(path) for path in options.paths])
    QTimer.singleShot(0, lambda: _after_first_frame(window))
    return application.exec()


def _after_first_frame(window: MainWindow) -> None:
    """What may take its time: the engine's process, and the parts few people need at once."""
    from cnnseg_gui.core.heap import keep_what_is_there
    from cnnseg_gui.tour.show import ShowMe

    window.engine.start()
    ShowMe(window)
    keep_what_is_there()


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin") or "QT_QPA_PLATFORM" in os.environ:
        return os.environ.get("QT_QPA_PLATFORM") != "offscreen"
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cnnseg-gui", description="Your corrections teach the network while you paint."
    )
    parser.add_argument("paths", nargs="*", help="a project, or images and folders of images")
    parser.add_argument(
        "--demo",
        action="store_true",
        help="open a fresh copy of the sample project; without a display, run the tour",
    )
    parser.add_argument(
        "--tour",
        type=Path,
        metavar="DIR",
        help="run the whole tour and leave its screenshots and figures in DIR",
    )
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cuda", "mps", "cpu"), help="for the network"
    )
    parser.add_argument("--version", action="version", version=f"CNNSeg {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
