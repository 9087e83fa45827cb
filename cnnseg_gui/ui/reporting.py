"""Help ▸ Report a Problem, and when the program offers it by itself: a defect, a crash before."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.log_files import LogFiles, last_crash, take_crash
from cnnseg_gui.core.report import LOG_LINES, Findings
from cnnseg_gui.ui.main_window import MainWindow

_log = logging.getLogger("cnnseg")
_LONGEST_REASON = 200


class Defects(QObject):
    """Where uncaught exceptions go: `tell` logs them in any thread, `caught` follows."""

    caught = Signal(object)
    """BaseException; in the window's thread."""

    def tell(self, error: BaseException) -> None:
        """One uncaught exception. What a person can meet is logged where it is shown."""
        if not isinstance(error, (UserError, KeyboardInterrupt)):
            _log.error("a defect of the program", exc_info=error)
        self.caught.emit(error)


class Reporting(QObject):
    """Collects what is known when somebody wants to report something. Nothing is sent."""

    def __init__(self, window: MainWindow, files: LogFiles, defects: Defects) -> None:
        super().__init__(window)
        self._window, self._files = window, files
        window.actions_by_name["report"].triggered.connect(self.show_report)
        window.banner.report_asked.connect(self.show_report)
        defects.caught.connect(self._on_caught)

    def offer_last_crash(self) -> None:
        """Says that the program crashed before this start, once for every crash."""
        crash = take_crash(self._files.folder)
        if crash is not None:
            _log.warning("CNNSeg crashed at %s", crash.when)
            self._window.banner.say(
                f"CNNSeg crashed on {crash.when}. Every stroke that was finished is stored.",
                reportable=True,
            )

    def findings(self) -> Findings:
        """What there is to report now."""
        from cnnseg_gui.ui.dialogs.about import diagnostics

        window = self._window
        # Without a file, as on a full disk, the Log panel still has it.
        log = self._files.last_lines(LOG_LINES) or window.log_panel.toPlainText().splitlines()
        return Findings(
            versions=diagnostics(),
            device=window.status.engine_text,
            log=log,
            engine=window.engine.last_lines,
            crash=last_crash(self._files.folder),
        )

    def show_report(self) -> None:
        """Opens the dialog."""
        from cnnseg_gui.ui.dialogs.report import ReportDialog

        ReportDialog(self.findings(), self._window).open()

    def _on_caught(self, error: object) -> None:
        if isinstance(error, UserError):
            self._window.show_error(error)
        elif isinstance(error, KeyboardInterrupt):
            self._window.close()
        else:
            reason = " ".join(str(error).split())[:_LONGEST_REASON]
            what = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
            self._window.banner.say(
                f"CNNSeg met a defect of its own ({what}). You can go on.",
                reportable=True,
            )


def log_folder() -> Path:
    """Where the logs of all starts are."""
    standard = QStandardPaths.StandardLocation.AppLocalDataLocation
    return Path(QStandardPaths.writableLocation(standard)) / "logs"
