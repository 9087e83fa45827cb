"""What the person is told of the engine, and on which device it runs."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.proposing import Proposing
from cnnseg_gui.engine.client import EngineClient, State, local_command
from cnnseg_gui.engine.messages import Failed, Lightened, Ready
from cnnseg_gui.ui.status import StatusBar

_log = logging.getLogger("cnnseg")


class EngineStatus(QObject):
    """Status bar, device menu and one line for everything that goes wrong."""

    said = Signal(str)
    """A line for the banner."""

    def __init__(
        self,
        engine: EngineClient,
        proposing: Proposing,
        status: StatusBar,
        devices: QActionGroup,
        parent: QObject,
        *,
        device: str,
        threads: int | None,
    ) -> None:
        super().__init__(parent)
        self._engine, self._proposing, self._status = engine, proposing, status
        self._threads = threads
        self._lightened: set[str] = set()  # what the person has been told of this engine
        for action in devices.actions():
            action.setChecked(action.data() == device)
        devices.triggered.connect(self._choose_device)
        engine.state_changed.connect(self._on_state)
        engine.ready.connect(self._on_ready)
        engine.crashed.connect(self._on_crashed)
        engine.failed.connect(self._on_failed)
        engine.lightened.connect(self._on_lightened)

    def _choose_device(self, action: QAction) -> None:
        self._engine.use_command(local_command(device=str(action.data()), threads=self._threads))
        self._proposing.refresh()

    def _on_state(self, state: str) -> None:
        texts = {
            State.STARTING: "engine starting …",
            State.RESTARTING: "engine restarting …",
            State.BROKEN: "engine stopped",
        }
        if State(state) in texts:
            self._status.show_engine(texts[State(state)])
        if state == State.READY:
            self._proposing.refresh()

    def _on_ready(self, ready: Ready) -> None:
        self._lightened.clear()
        self._status.show_engine(f"{ready.device_name} · {ready.precision}")
        _log.info("engine ready: %s, %s, torch %s", ready.device, ready.precision, ready.torch)

    def _on_crashed(self, what: str) -> None:
        self.said.emit(f"{what[:1].upper()}{what[1:]}. Nothing you painted is lost.")

    def _on_lightened(self, lightened: Lightened) -> None:
        _log.warning("%s", lightened.what)
        if lightened.what not in self._lightened:  # else once for every image
            self._lightened.add(lightened.what)
            self.said.emit(lightened.what)

    def _on_failed(self, failure: Failed) -> None:
        error = UserError(failure.what, path=failure.path, remedy=failure.remedy)
        _log.warning("%s", error)
        if self._engine.state == State.READY:  # else the crash has been said already
            self.said.emit(str(error))
