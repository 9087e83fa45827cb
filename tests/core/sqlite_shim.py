"""Tells of each change that SQLite makes to its files, before it is made, and can refuse it.

Writes, truncations and removals are system calls of SQLite's Unix VFS, which `xSetSystemCall`
replaces; syncs are seen in the methods of each file it opens (https://www.sqlite.org/vfs.html,
https://www.sqlite.org/c3ref/io_methods.html). For a process of its own: nothing is put back.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

_IOERR_FSYNC = 1034  # SQLITE_IOERR_FSYNC
_NOT_THERE = 12  # SQLITE_NOTFOUND: this SQLite was built without that system call


class Watcher(Protocol):
    """Is asked before each change; raises OSError to refuse it."""

    def opening(self, path: Path) -> None: ...

    def writing(self, handle: int, offset: int, data: bytes) -> None: ...

    def truncating(self, handle: int, size: int) -> None: ...

    def removing(self, path: Path) -> None: ...

    def syncing(self, path: Path) -> None: ...


class _Vfs(ctypes.Structure):
    """sqlite3_vfs as far as it is needed; every method is a pointer."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        ("others", ctypes.c_void_p * 12),  # xDelete … xCurrentTimeInt64
        ("set_call", ctypes.c_void_p),
    )


class _Methods(ctypes.Structure):
    """sqlite3_io_methods; xSync is the fifth."""

    _fields_ = (("version", ctypes.c_int), ("methods", ctypes.c_void_p * 18))


_SYNC = 4
_P, _I = ctypes.c_void_p, ctypes.c_int
_Open = ctypes.CFUNCTYPE(_I, ctypes.c_char_p, _I, _I, use_errno=True)
_Write = ctypes.CFUNCTYPE(ctypes.c_ssize_t, _I, _P, ctypes.c_size_t, ctypes.c_int64, use_errno=True)
_Truncate = ctypes.CFUNCTYPE(_I, _I, ctypes.c_int64, use_errno=True)
_Unlink = ctypes.CFUNCTYPE(_I, ctypes.c_char_p, use_errno=True)
_SetCall = ctypes.CFUNCTYPE(_I, _P, ctypes.c_char_p, _P)
_OpenFile = ctypes.CFUNCTYPE(_I, _P, _P, _P, _I, _P)
_SyncFile = ctypes.CFUNCTYPE(_I, _P, _I)


def sqlite_can_be_watched() -> bool:
    """Whether this Python's SQLite can be reached and its system calls replaced."""
    return sys.platform != "win32" and hasattr(ctypes.CDLL(_sqlite3.__file__), "sqlite3_vfs_find")


class SqliteShim:
    """Installs itself for all connections that are opened from now on; to be kept meanwhile."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._kept: list[object] = []  # what C code has pointers to
        self._paths: dict[int, Path] = {}
        self._methods: dict[int, _Methods] = {}
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._vfs: _Vfs = library.sqlite3_vfs_find(None).contents
        self._replace_calls()
        self._open_file = _OpenFile(self._vfs.open)
        self._vfs.open = self._pointer(_OpenFile(self._opened))

    def _pointer(self, function: Any) -> int | None:  # noqa: ANN401 - ctypes has no name for it
        self._kept.append(function)
        return ctypes.cast(function, ctypes.c_void_p).value

    # ------------------------------------------------------------------ system calls

    def _replace_calls(self) -> None:
        set_call, remove = _SetCall(self._vfs.set_call), os.unlink

        def open_(path: bytes, flags: int, mode: int) -> int:
            if flags & (os.O_CREAT | os.O_RDWR):
                self._watcher.opening(Path(os.fsdecode(path)))
            return os.open(path, flags, mode)

        def write(handle: int, data: int, size: int, offset: int) -> int:
            content = ctypes.string_at(data, size)
            self._watcher.writing(handle, offset, content)
            return os.pwrite(handle, content, offset)

        def truncate(handle: int, size: int) -> int:
            self._watcher.truncating(handle, size)
            os.ftruncate(handle, size)
            return 0

        def unlink(path: bytes) -> int:
            self._watcher.removing(Path(os.fsdecode(path)))
            remove(path)
            return 0

        for name, kind, call in (
            (b"open", _Open, open_),
            (b"pwrite", _Write, write),
            (b"pwrite64", _Write, write),
            (b"ftruncate", _Truncate, truncate),
            (b"unlink", _Unlink, unlink),
        ):
            pointer = self._pointer(kind(_answering(call)))
            code = set_call(ctypes.addressof(self._vfs), name, pointer)
            assert code in (0, _NOT_THERE), (name, code)

    # ------------------------------------------------------------------ syncs

    def _opened(self, vfs: int, name: int, file: int, flags: int, out: int) -> int:
        code: int = self._open_file(vfs, name, file, flags, out)
        methods = ctypes.c_void_p.from_address(file)
        if code == 0 and name and methods.value is not None:
            self._paths[file] = Path(os.fsdecode(ctypes.string_at(name)))
            methods.value = ctypes.addressof(self._watched(methods.value))
        return code

    def _watched(self, table: int) -> _Methods:
        """A copy of a table of methods, with another xSync."""
        if table not in self._methods:
            copy = _Methods.from_buffer_copy(ctypes.string_at(table, ctypes.sizeof(_Methods)))
            real = _SyncFile(copy.methods[_SYNC])

            def sync(file: int, flags: int) -> int:
                try:
                    self._watcher.syncing(self._paths[file])
                except OSError:
                    return _IOERR_FSYNC
                code: int = real(file, flags)
                return code

            copy.methods[_SYNC] = self._pointer(_SyncFile(sync))
            self._methods[table] = copy
        return self._methods[table]


def _answering(call: Callable[..., int]) -> Callable[..., int]:
    """As C code is answered: -1 and errno."""

    def answer(*arguments: object) -> int:
        try:
            return call(*arguments)
        except OSError as error:
            ctypes.set_errno(error.errno or errno.EIO)
            return -1

    return answer
