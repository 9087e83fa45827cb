"""“Show me”: the tour in the person's own window, at a pace the eye can follow."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.tour.pointer import TourInterrupted
from cnnseg_gui.tour.steps import Tour
from cnnseg_gui.ui.main_window import MainWindow

_PAUSE_MS = 12  # about 80 dabs a second, as time-lapse


class ShowMe(QObject):
    """Connects the window's action: it starts the tour, and stops it when chosen again."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._action = window.actions_by_name["show_me"]
        self._tour: Tour | None = None
        self._action.triggered.connect(self._toggle)

    def _toggle(self) -> None:
        if self._tour is not None:
            self._tour.stop()
            return
        window = self._window
        project = window.workspace.project if window.opening.open_demo() else None
        if project is None:
            return  # the banner says why
        self._tour = Tour(window, pause_ms=_PAUSE_MS)
        self._tour.said.connect(window.status.showMessage)
        self._action.setText("Stop the Tour")
        try:
            self._run(self._tour, project.folder / "export")
        except TourInterrupted:
            window.status.clearMessage()
        except UserError as error:
            window.show_error(error)
        finally:
            self._tour = None
            self._action.setText("Show Me")

    def _run(self, tour: Tour, export: Path) -> None:
        figures = tour.run(export)
        self._window.status.say(
            f"IoU of the nuclei on images never corrected: {figures.iou_before:.2f} before, "
            f"{figures.iou_after:.2f} after {figures.seconds['teach']:.0f} s of learning. "
            f"Exported to {export}",
            seconds=60,
        )
