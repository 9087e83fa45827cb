"""An image file as a reader takes it: where it lies, or what it holds."""

from __future__ import annotations

import contextlib
import io
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cnnseg_gui.core.errors import UserError

Source = Path | bytes


def head_of(source: Source, count: int) -> bytes:
    """The first bytes, fewer where there are no more.

    Raises:
        OSError: it cannot be opened.
        UserError: it is a pipe or a device, which would be waited for.
    """
    if isinstance(source, Path):
        kind = source.stat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise UserError("this is a pipe or a device and no file", remedy="Leave it out.")
    with opened(source) as file:
        return file.read(count)


def size_of(source: Source) -> int:
    """Bytes.

    Raises:
        OSError: it cannot be looked at.
    """
    return source.stat().st_size if isinstance(source, Path) else len(source)


@contextlib.contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """To be read from its beginning.

    Raises:
        OSError: it cannot be opened.
    """
    with source.open("rb") if isinstance(source, Path) else io.BytesIO(source) as file:
        yield file


@contextlib.contextmanager
def on_disk(source: Source, *, suffix: str) -> Iterator[Path]:
    """For libraries that read nothing but files: bytes lie in a temporary one meanwhile.

    Raises:
        OSError: there is no room for it.
    """
    if isinstance(source, Path):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="cnnseg-") as folder:
        path = Path(folder) / f"image{suffix}"
        path.write_bytes(source)
        yield path
