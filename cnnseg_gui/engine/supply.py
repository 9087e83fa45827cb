"""The window's answers to `Want`: files read in a worker thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, Signal

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.ordinary_file import check_ordinary, read_ordinary
from cnnseg_gui.engine.messages import Supply

_logger = logging.getLogger(__name__)

Source = Path | bytes | Callable[[], bytes]
Supplier = Callable[[str], Source | Sequence[Source]]
"""From a key to its blocks, each a file's path or the bytes themselves: the image's file for a
content hash, (card, weights) for `weights:SHA256`. Called in the window's thread, so it may ask the
project; it raises `UserError` for what it cannot find."""

_DEFECT = UserError("the window met a defect", remedy="The log has the details.")


@dataclass(frozen=True)
class Answer:
    """A `Supply` with its blocks, for the engine process that asked."""

    process: int
    message: Supply
    blocks: tuple[bytes, ...]


class SupplyDesk(QObject):
    """Finds and reads what the engine wants; `answered` follows in the window's thread."""

    answered = Signal(object)
    """Answer."""

    def __init__(self, supplier: Supplier, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._supplier = supplier
        self.beside = False
        """The engine runs on this machine: it is told where a file is, and reads it itself."""
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)  # one disk, one pipe: a second reader would not help

    def answer(self, key: str, process: int) -> None:
        """Begins to answer a `Want` of the engine's `process`-th start."""
        try:
            found = self._supplier(key)
        except UserError as error:
            self.answered.emit(Answer(process, _refusal(key, error), ()))
            return
        except Exception:
            _logger.exception("no answer for %s", key)
            self.answered.emit(Answer(process, _refusal(key, _DEFECT), ()))
            return
        sources = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        reading = _Reading(self, key, sources, process, told=self.beside)
        self._pool.start(reading.run)  # no QRunnable: see `editor/jobs.py`

    def close(self) -> None:
        """Waits for the file that is being read and drops the rest."""
        self._pool.clear()
        self._pool.waitForDone()


class _Reading:
    def __init__(
        self,
        desk: SupplyDesk,
        key: str,
        sources: tuple[Source, ...],
        process: int,
        *,
        told: bool,
    ) -> None:
        self._desk = desk
        self._key = key
        self._sources = sources
        self._process = process
        self._told = told

    def run(self) -> None:
        self._desk.answered.emit(Answer(self._process, *self._read()))

    def _read(self) -> tuple[Supply, tuple[bytes, ...]]:
        path = next((str(s) for s in reversed(self._sources) if isinstance(s, Path)), None)
        try:
            if self._told and (files := _names(self._sources)):
                return Supply(key=self._key, path=path, files=files), ()
            blocks = tuple(_block(source) for source in self._sources)
        except UserError as error:
            return _refusal(self._key, error), ()
        except OSError as error:
            return _refusal(self._key, from_os_error(error, doing="reading the file")), ()
        except MemoryError:
            too_large = UserError("there is not enough memory to read the file", path=path)
            return _refusal(self._key, too_large), ()
        return Supply(key=self._key, path=path), blocks


def _names(sources: tuple[Source, ...]) -> tuple[str, ...]:
    """Of the files, where they all are such and have names that a message can hold.

    Raises:
        UserError, OSError: one is not there, or is no file.
    """
    names = []
    for source in sources:
        if not isinstance(source, Path):
            return ()
        check_ordinary(source)
        names.append(str(source.absolute()))
    return tuple(names) if all(_is_text(name) for name in names) else ()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8, as a file system may have them
        return False
    return True


def _block(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    return read_ordinary(source) if isinstance(source, Path) else source()


def _refusal(key: str, error: UserError) -> Supply:
    return Supply(key=key, path=error.path, what=error.what, remedy=error.remedy)
