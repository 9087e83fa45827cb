"""The engine as the window sees it: requests as methods, answers as signals."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.engine import answers, messages
from cnnseg_gui.engine.heartbeat import PATIENCE_S
from cnnseg_gui.engine.messages import Failed, ProtocolError
from cnnseg_gui.engine.packing import PackedImage, pack
from cnnseg_gui.engine.process import EngineProcess, State
from cnnseg_gui.engine.requests import Requests
from cnnseg_gui.engine.supply import Answer, Supplier, SupplyDesk

__all__ = ["EngineClient", "State", "local_command"]

_STOP_MS = 800


def local_command(*, device: str = "auto", threads: int | None = None) -> list[str]:
    """Starts the engine on this machine."""
    command = [sys.executable, "-m", "cnnseg_gui.engine.server", "--device", device]
    return command if threads is None else [*command, "--threads", str(threads)]


def is_local(command: Sequence[str]) -> bool:
    """Whether this starts the engine on this machine, where it sees the same files."""
    usual = local_command()
    return list(command[: len(usual) - 1]) == usual[:-1]


class EngineClient(Requests):
    """Runs the engine in a process of its own and restarts it when it dies.

    Every request ends in exactly one of `proposed`, the last `answered`, `trained`, `classified`,
    `explained`, `checked`, `overview_arrived`, `described`, `looked_inside`, `slips_ended`,
    `cancelled` and `failed`, whatever happens to the process, unless `stop` was called first. No
    method waits for the engine, except `stop`.

    Args:
        supplier: where the bytes come from that the engine asks for.
        command: what to start, e.g. `("ssh", "gpubox", "cnnseg", "engine")`.
        patience: seconds that it may be silent while something is asked of it; then it counts as
            hung, and goes the way of a crash.
    """

    ready = Signal(object)
    """messages.Ready."""
    networks_listed = Signal(object)
    """messages.Networks: soon after `ready`."""
    state_changed = Signal(str)
    """State."""
    tile_proposed = Signal(object, object, object)
    """messages.ProposedTile, classes uint8[h, w], confidence uint8[h, w]."""
    proposed = Signal(object)
    """messages.Proposed."""
    answered = Signal(object)
    """messages.Answered; where it is not the last, more follow."""
    embedded = Signal(object, object)
    """messages.Embedded, float16[d]."""
    slips_found = Signal(object, object)
    """messages.Slips, list of core.contradictions.Contradiction."""
    slips_ended = Signal(int)
    """The request's number: all masks have been looked at."""
    progressed = Signal(object)
    """messages.TrainProgress."""
    material_told = Signal(object)
    """messages.TrainMaterial: what a fine-tune learns from, and where."""
    lightened = Signal(object)
    """messages.Lightened: memory ran out, and the job goes on with less."""
    unfinished = Signal(object, bytes)
    """messages.Unfinished, the fine-tune's state (safetensors)."""
    unusable = Signal(object)
    """messages.Unusable."""
    trained = Signal(object, bytes, bytes)
    """messages.Trained, card (JSON), weights (safetensors)."""
    classified = Signal(object)
    """messages.Classified."""
    explained = Signal(object, object)
    """messages.Explained, heat uint8[rows, columns]."""
    checked = Signal(int)
    """The request's number: the weights fit."""
    overview_arrived = Signal(object)
    """messages.Overview."""
    described = Signal(object)
    """messages.Described."""
    looked_inside = Signal(object, object, object)
    """messages.Inside, kernels uint8[n, rows, columns, 3], maps uint8[n, h, w]."""
    cancelled = Signal(int)
    """The request's number."""
    failed = Signal(object)
    """messages.Failed; `request` 0 is the engine itself."""
    crashed = Signal(str)
    """One line: what happened to the process, and whether it comes back."""

    def __init__(
        self,
        supplier: Supplier,
        *,
        command: Sequence[str] | None = None,
        patience: float = PATIENCE_S,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._pending: set[int] = set()
        self._desk = SupplyDesk(supplier, self)
        self._desk.beside = is_local(command or local_command())
        self._desk.answered.connect(self._send_supply)
        self._process = EngineProcess(
            command or local_command(),
            self._receive,
            busy=lambda: bool(self._pending),
            parent=self,
        )
        self._process.heartbeat.set_patience(patience)
        self._process.state_changed.connect(self.state_changed)
        self._process.crashed.connect(self._on_crashed)

    # ------------------------------------------------------------------ the process

    @property
    def state(self) -> State:
        return self._process.state

    @property
    def process_id(self) -> int:
        """Of the running process; 0 where none runs."""
        return self._process.id

    @property
    def last_lines(self) -> str:
        """The end of what the engine wrote to stderr, for a diagnosis."""
        return self._process.last_lines

    def start(self) -> None:
        """Starts the process; `ready` follows some seconds later. Does nothing if it runs."""
        self._process.start()

    def restart(self) -> None:
        """Starts again after `State.BROKEN`, with a clean count of crashes."""
        self._process.restart()

    def stop(self, *, wait_ms: int = _STOP_MS) -> None:
        """Ends the process: asks it to go, waits `wait_ms` at most, then kills it.

        What was requested ends without a signal. To be called before the client is destroyed.
        """
        self._pending.clear()
        self._process.stop(wait_ms)
        self._desk.close()

    def set_patience(self, seconds: float) -> None:
        """How long the engine may be silent from now on while something is asked of it."""
        self._process.heartbeat.set_patience(seconds)

    def use_command(self, command: Sequence[str]) -> None:
        """Starts something else from now on; an engine that runs, or was given up, makes room.

        What was requested of the one before is `cancelled`.
        """
        running = self.state != State.STOPPED
        pending, self._pending = sorted(self._pending), set()
        if running:
            self._process.stop(_STOP_MS)
        self._process.command = list(command)
        self._desk.beside = is_local(command)
        for request in pending:
            self.cancelled.emit(request)
        if running:
            self._process.restart()

    # ------------------------------------------------------------------ requests

    def cancel(self, request: int) -> None:
        """Stops a job; `cancelled` follows unless it ends first."""
        if request in self._pending:
            self._process.send(messages.Cancel(request=request))

    def painted(
        self,
        images: Sequence[PackedImage],
        *,
        values: bytes,
        accepted: bytes = b"",
        anew: bool = False,
    ) -> None:
        """Says what is decided by now; nothing answers. See `messages.Painted`."""
        if self.state in (State.READY, State.STARTING):
            parts, blocks = pack(images)
            message = messages.Painted(images=parts, values=values, accepted=accepted, anew=anew)
            self._process.send(message, blocks)

    def _request(self, message: messages.Request, blocks: Sequence[bytes] = ()) -> int:
        self._pending.add(message.request)
        if self.state in (State.STOPPED, State.BROKEN):
            QTimer.singleShot(0, self, lambda: self._fail(message.request, _NOT_RUNNING))
        else:
            self._process.send(message, blocks)
        return message.request

    # ------------------------------------------------------------------ what arrives

    def _receive(self, message: messages.AnyMessage, blocks: list[bytes]) -> None:
        match message:
            case messages.Want():
                self._desk.answer(message.key, self._process.starts)
            case messages.Ready():
                self._process.set_state(State.READY)
                self.ready.emit(message)
            case messages.Networks():
                self.networks_listed.emit(message)
            case messages.ProposedTile():
                if message.request in self._pending:
                    self.tile_proposed.emit(message, *answers.tile(message, blocks))
            case messages.Embedded():
                if message.request in self._pending:
                    self.embedded.emit(message, answers.embedding(blocks))
            case messages.Slips():
                if message.request in self._pending:
                    self.slips_found.emit(message, answers.slips(message, blocks))
            case messages.SlipsEnded():
                if self._end(message.request):
                    self.slips_ended.emit(message.request)
            case messages.TrainProgress():
                if message.request in self._pending:
                    self.progressed.emit(message)
            case messages.TrainMaterial():
                if message.request in self._pending:
                    self.material_told.emit(message)
            case messages.Lightened():
                if message.request in self._pending:
                    self.lightened.emit(message)
            case messages.Unfinished():
                if len(blocks) != 1:
                    raise ProtocolError("a fine-tune's state is not one block")
                if message.request in self._pending:
                    self.unfinished.emit(message, blocks[0])
            case messages.Unusable():
                if message.request in self._pending:
                    self.unusable.emit(message)
            case messages.Proposed():
                if self._end(message.request):
                    self.proposed.emit(message)
            case messages.Answered():
                known = message.request in self._pending
                if self._end(message.request) if message.last else known:
                    self.answered.emit(message)
            case messages.Trained():
                if len(blocks) != 2:
                    raise ProtocolError("a fine-tune's result is not a card and weights")
                if self._end(message.request):
                    self.trained.emit(message, *blocks)
            case messages.Classified():
                if self._end(message.request):
                    self.classified.emit(message)
            case messages.Explained():
                if self._end(message.request):
                    self.explained.emit(message, answers.heat(message, blocks))
            case messages.Checked():
                if self._end(message.request):
                    self.checked.emit(message.request)
            case messages.Overview():
                if self._end(message.request):
                    self.overview_arrived.emit(message)
            case messages.Described():
                if self._end(message.request):
                    self.described.emit(message)
            case messages.Inside():
                if self._end(message.request):
                    self.looked_inside.emit(message, *answers.inside(message, blocks))
            case messages.Cancelled():
                if self._end(message.request):
                    self.cancelled.emit(message.request)
            case messages.Failed():
                if message.request == 0 or self._end(message.request):
                    self.failed.emit(message)
            case _:
                raise ProtocolError(f"the engine sent a request: {type(message).__name__}")

    def _end(self, request: int) -> bool:
        if request not in self._pending:
            return False
        self._pending.remove(request)
        return True

    def _fail(self, request: int, error: UserError) -> None:
        if self._end(request):
            self.failed.emit(
                Failed(request=request, what=error.what, path=error.path, remedy=error.remedy)
            )

    def _send_supply(self, answer: Answer) -> None:
        if answer.process == self._process.starts and self._process.id:
            self._process.send(answer.message, answer.blocks)

    def _on_crashed(self, what: str) -> None:
        pending, self._pending = sorted(self._pending), set()
        self.crashed.emit(what)
        for request in pending:
            self.failed.emit(Failed(request=request, what=_GONE.what, remedy=_GONE.remedy))


_GONE = UserError(
    "the engine stopped unexpectedly",
    remedy="Nothing you painted is lost; ask again once it is back.",
)
_NOT_RUNNING = UserError("the engine is not running", remedy="Restart it and ask again.")
