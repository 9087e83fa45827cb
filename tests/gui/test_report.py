"""Help ▸ Report a Problem: from the menu, after a defect, and at the start after a crash."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QtMsgType, qWarning
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QPushButton
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.log_files import LogFiles
from cnnseg_gui.ui import qt_messages
from cnnseg_gui.ui.dialogs.report import ReportDialog
from cnnseg_gui.ui.main_window import MainWindow
from cnnseg_gui.ui.qt_messages import qt_messages_logged
from cnnseg_gui.ui.reporting import Defects, Reporting


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    """Not opened: this process's crash belongs to pytest."""
    made = LogFiles(tmp_path / "logs")
    made.folder.mkdir()
    made.path.write_text("10:00  INFO  opened a.png\n", encoding="utf-8")
    return made


@pytest.fixture
def defects(window: MainWindow, files: LogFiles) -> Iterator[Defects]:
    made = Defects()
    Reporting(window, files, made)
    yield made
    made.deleteLater()


def dialog_of(window: MainWindow) -> ReportDialog:
    (dialog,) = window.findChildren(ReportDialog)
    return dialog


def report_button(window: MainWindow) -> QPushButton:
    return window.banner.findChild(QPushButton)


def press(qtbot: QtBot, dialog: ReportDialog, label: str) -> None:
    box = dialog.findChild(QDialogButtonBox)
    (button,) = (one for one in box.buttons() if one.text().replace("&", "") == label)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_menus_report_holds_versions_log_and_engine_and_can_be_copied(
    window: MainWindow, defects: Defects, qtbot: QtBot
) -> None:
    window.actions_by_name["report"].trigger()
    dialog = dialog_of(window)
    text = dialog.text.toPlainText()
    assert text.startswith("CNNSeg ")
    assert "torch " in text
    assert "opened a.png" in text
    assert str(Path.home()) not in text
    dialog.text.setPlainText(text.replace("a.png", "[removed]"))
    press(qtbot, dialog, "Copy")
    assert "[removed]" in QApplication.clipboard().text()
    assert "a.png" not in QApplication.clipboard().text()
    assert dialog.outcome == "Copied."


def test_a_report_is_saved_as_it_stands_or_says_why_not(
    window: MainWindow, defects: Defects, tmp_path: Path
) -> None:
    window.actions_by_name["report"].trigger()
    dialog = dialog_of(window)
    dialog.text.setPlainText("Zellkörper 細胞")
    dialog.save(tmp_path / "report.txt")
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == "Zellkörper 細胞"
    dialog.save(tmp_path / "missing" / "report.txt")
    assert "saving failed" in dialog.outcome


def test_a_defect_is_one_line_with_a_way_to_report_it(
    window: MainWindow, defects: Defects, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    thread = threading.Thread(target=lambda: defects.tell(ZeroDivisionError("in a\nworker")))
    thread.start()
    thread.join()
    assert "a defect of the program" in caplog.text  # at once, also if the window hangs
    qtbot.waitUntil(lambda: bool(window.banner.text))
    assert "ZeroDivisionError: in a worker" in window.banner.text
    defects.tell(ZeroDivisionError("in a worker"))
    assert len(window.banner.messages) == 1
    qtbot.mouseClick(report_button(window), Qt.MouseButton.LeftButton)
    assert dialog_of(window).isVisible()


def test_what_a_person_can_meet_is_no_defect(
    window: MainWindow, defects: Defects, caplog: pytest.LogCaptureFixture
) -> None:
    error = UserError("the image is truncated", path="a.png")
    defects.tell(error)
    assert window.banner.text == str(error)
    assert not report_button(window).isVisible()
    assert "a.png: the image is truncated" in caplog.text
    assert "defect" not in caplog.text


def test_a_defect_offers_its_report_while_it_is_shown(window: MainWindow, defects: Defects) -> None:
    defects.tell(KeyError("x"))
    window.banner.say("the disk is full")
    assert not report_button(window).isVisible()
    window.banner.dismiss()
    assert report_button(window).isVisible()
    window.banner.dismiss()
    assert not window.banner.isVisible()


def test_a_crash_is_offered_at_the_next_start_and_not_again(
    window: MainWindow, files: LogFiles, qtbot: QtBot
) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(30)
    crashed = files.folder / f"20260101-000000-{process.pid}.crash"
    crashed.write_text("Fatal Python error: Segmentation fault\n  File brush.py, line 3")
    crashed.with_suffix(".log").write_text("the last thing it did\n", encoding="utf-8")
    defects = Defects()
    Reporting(window, files, defects).offer_last_crash()
    assert "crashed on" in window.banner.text
    qtbot.mouseClick(report_button(window), Qt.MouseButton.LeftButton)
    text = dialog_of(window).text.toPlainText()
    assert "brush.py, line 3" in text
    assert "the last thing it did" in text
    window.banner.dismiss()
    Reporting(window, files, defects).offer_last_crash()
    assert window.banner.text == ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_of_the_engine_is_in_the_report(
    window: MainWindow, defects: Defects, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cnnseg")
    with qtbot.waitSignal(window.engine.ready, timeout=60_000):
        window.engine.start()
    with qtbot.waitSignal(window.engine.crashed, timeout=30_000):
        os.kill(window.engine.process_id, signal.SIGSEGV)
    assert "Fatal Python error: Segmentation fault" in caplog.text
    window.actions_by_name["report"].trigger()
    text = dialog_of(window).text.toPlainText()
    assert "server.py" in text[text.index("The engine's last lines") :]


# ---------------------------------------------------------------------- Qt's messages


@pytest.fixture
def qt_records() -> Iterator[list[logging.LogRecord]]:
    """What is logged as Qt's; pytest-qt does not see it, which would fail the test."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keep()
    logging.getLogger("qt").addHandler(handler)
    yield records
    logging.getLogger("qt").removeHandler(handler)


@pytest.mark.no_qt_log
def test_qt_speaks_into_the_log(qt_records: list[logging.LogRecord]) -> None:
    with qt_messages_logged():
        qWarning("a widget without a size")
    qWarning("not any more")
    assert [(r.levelname, r.getMessage()) for r in qt_records] == [
        ("WARNING", "a widget without a size")
    ]


@pytest.mark.no_qt_log
def test_what_qt_says_about_being_logged_is_not_logged_again(
    qt_records: list[logging.LogRecord], capfd: pytest.CaptureFixture[str]
) -> None:
    class Chatty(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            qWarning(f"about: {record.getMessage()}")

    chatty = Chatty()
    logging.getLogger("qt").addHandler(chatty)
    try:
        with qt_messages_logged():
            qWarning("first")
            qWarning("second")
    finally:
        logging.getLogger("qt").removeHandler(chatty)
    assert [record.getMessage() for record in qt_records] == ["first", "second"]


def test_every_kind_of_qt_message_has_a_level() -> None:
    spoken = set(QtMsgType) - {QtMsgType.QtSystemMsg}  # another name of QtCriticalMsg
    assert spoken <= qt_messages._LEVELS.keys()


# ---------------------------------------------------------------------- the whole program

_PROGRAM = """
import faulthandler, sys
from pathlib import Path
from PySide6.QtCore import QTimer, qWarning
from cnnseg_gui import app
from cnnseg_gui.ui.main_window import MainWindow
app._has_display = lambda: True
done = app._after_first_frame
def after(window):
    {body}
app._after_first_frame = after
sys.exit(app.main([]))
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Starts the program with something to do after its first frame; returns its log's folder."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")

    def run(body: str) -> Path:
        program = _PROGRAM.format(body=body.replace("\n", "\n    "))
        subprocess.run(
            [sys.executable, "-c", program], timeout=100, check=False, capture_output=True
        )
        (folder,) = {path.parent for path in tmp_path.rglob("*.log")}
        return folder

    return run


def newest(folder: Path) -> str:
    log = max(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    return log.read_text(encoding="utf-8")


def test_one_log_has_everything_that_went_wrong(start: Callable[[str], Path]) -> None:
    folder = start(
        "qWarning('said by Qt')\n"
        "window.opening.open_paths([Path('nowhere.png')])\n"
        "QTimer.singleShot(0, lambda: 1 / 0)\n"
        "QTimer.singleShot(200, window.close)"
    )
    log = newest(folder)
    assert "CNNSeg " in log.splitlines()[0]
    assert "WARNING  qt  said by Qt" in log
    assert "nowhere.png" in log
    assert "ZeroDivisionError: division by zero" in log
    assert "Traceback" in log
    assert not list(folder.glob("*.crash*"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_after_a_real_crash_the_next_start_offers_the_report(start: Callable[[str], Path]) -> None:
    start("faulthandler._sigsegv()")
    folder = start("window.close()")
    assert "CNNSeg crashed at" in newest(folder)
    (seen,) = folder.glob("*.crash-seen")
    assert "in after" in seen.read_text()
    start("window.close()")
    assert "CNNSeg crashed at" not in newest(folder)
