"""An interrupted fine-tune on the project's disk: `models/.unfinished/`.

The state stands under its own hash; `training.json` says which one counts, and is replaced in one
go. So after a fault at any moment the state before or the new one is there, and never half of one.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec

from cnnseg_gui.core.atomic import sweep, write_atomically
from cnnseg_gui.core.errors import UserError, from_os_error

_FOLDER, _ASIDE, _RUN = ".unfinished", ".unfinished.damaged", "training.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST = 1 << 20  # bytes of the file that says which state counts

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e7)]


class UnfinishedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A fine-tune as it was asked for, and how far it has come."""

    model: str
    """What it began from, as in `messages.Propose`."""
    proposing: str
    """What proposed then."""
    chosen: str
    """What the person had chosen to begin with then; empty: what proposed."""
    classes: tuple[str, ...]
    seconds: Seconds
    """The whole budget."""
    seed: int = 0
    borders: bool = False
    sha256: str = ""
    """Of its state; empty while there is none."""
    step: Annotated[int, msgspec.Meta(ge=0)] = 0
    spent: Seconds = 0.0
    """Seconds of the budget."""

    @property
    def left(self) -> float:
        """Seconds of the budget."""
        return max(0.0, self.seconds - self.spent)


def store(project: Path, run: UnfinishedRun, state: bytes) -> UnfinishedRun:
    """Puts a state in the place of the one before.

    Args:
        project: its folder.
        state: safetensors.

    Returns:
        The run with the state's hash.

    Raises:
        UserError: it could not be written; the one before stays.
    """
    folder = _folder(project)
    run = msgspec.structs.replace(run, sha256=hashlib.sha256(state).hexdigest())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, doing="keeping the fine-tune", path=folder) from error
    sweep(folder)
    try:
        write_atomically(state_path(project, run.sha256), state)
        write_atomically(folder / _RUN, msgspec.json.encode(run))
    finally:  # whichever counts now: the other one goes
        with suppress(UserError):
            _tidy(folder, _read(folder))
    return run


def find(project: Path) -> UnfinishedRun | None:
    """The run that can go on; None where there is none.

    Raises:
        UserError: what is there is damaged; it is set aside.
    """
    folder = _folder(project)
    try:
        run = _read(folder)
        if run is not None and not state_path(project, run.sha256).is_file():
            raise _damaged(folder, "its state is missing")
    except UserError:
        set_aside(project)
        raise
    return run


def state_path(project: Path, sha256: str) -> Path:
    """Where a state stands.

    Raises:
        UserError: this is no hash.
    """
    folder = _folder(project)
    if not _SHA256.fullmatch(sha256):
        raise _damaged(folder, "its hash is none")
    return folder / f"{sha256}.safetensors"


def drop(project: Path) -> None:
    """Forgets the run: it has ended, or nobody wants it any more."""
    _remove(_folder(project))


def set_aside(project: Path) -> None:
    """Keeps what cannot be used out of the way, in place of what was there before."""
    _remove(aside(project))
    with suppress(OSError):
        _folder(project).rename(aside(project))


def aside(project: Path) -> Path:
    """Where `set_aside` puts it."""
    return project / "models" / _ASIDE


def _folder(project: Path) -> Path:
    return project / "models" / _FOLDER


def _read(folder: Path) -> UnfinishedRun | None:
    path = folder / _RUN
    try:
        with path.open("rb") as file:
            data = file.read(_MOST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_os_error(error, doing="reading an interrupted fine-tune", path=path) from error
    try:
        run = msgspec.json.decode(data, type=UnfinishedRun)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(folder, str(error)) from error
    if not _SHA256.fullmatch(run.sha256):
        raise _damaged(folder, "its hash is none")
    return run


def _tidy(folder: Path, run: UnfinishedRun | None) -> None:
    for state in folder.glob("*.safetensors"):
        if run is None or state.stem != run.sha256:
            with suppress(OSError):
                state.unlink()


def _remove(folder: Path) -> None:
    """Only files that it knows, and the folder once it is empty: never a link's target."""
    if folder.is_symlink() or not folder.is_dir():
        return
    sweep(folder)
    for path in (folder / _RUN, *folder.glob("*.safetensors")):  # what says that it counts first
        with suppress(OSError):
            path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _damaged(folder: Path, why: str) -> UserError:
    return UserError(
        f"the interrupted fine-tune is damaged ({why})",
        path=folder,
        remedy="It is set aside, and the model before it stays: teach again.",
    )
