"""Fetching published weights: resumed after a cut, checked by their hash, complete or not there."""

from __future__ import annotations

import shutil
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, BinaryIO, cast
from urllib.error import HTTPError, URLError

from filelock import FileLock, Timeout

from cnnseg_gui import __version__
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.weights.catalogue import WeightFile
from cnnseg_gui.weights.store import WeightStore, digest_of, part_of

OnProgress = Callable[[int, int], None]
"""Takes the bytes that are here and the bytes in all."""

_BLOCK = 2**18
_TRIES = 4  # connections that bring nothing new, before it gives up
_SLACK = 1.1  # of the published size: what brings more is something else
_LATER = "Try again later: it goes on where it was. Or choose a file, or set a mirror."


class FetchStopped(Exception):
    """Leaves a download that was cancelled; it can be resumed."""


class _CutError(Exception):
    """The connection ended early."""


def fetch(
    store: WeightStore,
    name: str,
    *,
    on_progress: OnProgress = lambda done, total: None,
    stopped: Callable[[], bool] = lambda: False,
    patience: float = 20.0,
) -> Path:
    """Brings published weights into the store, and returns their file.

    They grow in a `.part` beside it, which stays for the next try when the connection is cut, the
    disk is full, or it is cancelled.

    Args:
        name: in the store's catalogue.
        on_progress: called as bytes arrive.
        stopped: asked between two blocks.
        patience: seconds to wait for a connection, and for each block.

    Raises:
        FetchStopped: `stopped` said so.
        UserError: no connection, no such file, another file, no room.
    """
    published, target = store.published(name), store.path(name)
    source = store.source(published)
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock", timeout=0):
            if not target.is_file():
                _check_room(published, target)
                _bring(published, source, target, on_progress, stopped, patience)
    except Timeout as error:
        raise UserError(
            f"{name} is being downloaded already", path=target, remedy="Wait for it."
        ) from error
    except OSError as error:
        raise from_os_error(error, doing="storing the weights", path=target) from error
    return target


def _bring(
    published: WeightFile,
    source: str | Path,
    target: Path,
    on_progress: OnProgress,
    stopped: Callable[[], bool],
    patience: float,
) -> None:
    part = part_of(target)
    if isinstance(source, Path):
        part.unlink(missing_ok=True)
        _copy(published, source, part, on_progress, stopped)
    else:
        _download(published, source, part, on_progress, stopped, patience)
    digest = digest_of(part)
    if not digest.startswith(published.sha8):
        part.unlink()
        raise UserError(
            f"what came is not {published.file}: its sha256 begins with {digest[:8]}",
            path=str(source),
            remedy="Nothing of it is kept. Try again, or set another mirror.",
        )
    part.replace(target)


def _copy(
    published: WeightFile,
    source: Path,
    part: Path,
    on_progress: OnProgress,
    stopped: Callable[[], bool],
) -> None:
    if not source.is_file():
        raise UserError(
            "the mirror does not hold this file", path=source, remedy="Set another one, or none."
        )
    with source.open("rb") as reading, part.open("wb") as writing:
        _pour(reading, writing, 0, source.stat().st_size, on_progress, stopped)


def _download(
    published: WeightFile,
    url: str,
    part: Path,
    on_progress: OnProgress,
    stopped: Callable[[], bool],
    patience: float,
) -> None:
    tries = 0
    while True:
        before = _size(part)
        try:
            _continue(published, url, part, on_progress, stopped, patience)
            return
        except _CutError as cut:
            tries = 1 if _size(part) > before else tries + 1
            if tries >= _TRIES:
                raise UserError(
                    f"{published.name} could not be downloaded ({cut})", path=url, remedy=_LATER
                ) from cut
        for _ in range(5 * tries):  # a moment longer each time, and Cancel is heard meanwhile
            if stopped():
                raise FetchStopped
            time.sleep(0.02)


def _continue(
    published: WeightFile,
    url: str,
    part: Path,
    on_progress: OnProgress,
    stopped: Callable[[], bool],
    patience: float,
) -> None:
    """One connection: asks for what is missing, and takes what comes."""
    if stopped():
        raise FetchStopped
    have = _size(part)
    response = _open(published, url, have, patience)
    if response is None:  # nothing is missing, or what is here is of no use
        if not digest_of(part).startswith(published.sha8):
            part.unlink()
            raise _CutError("the part that was here did not fit")
        return
    with response:
        if response.status != 206 or not _begins_at(response, have):
            have = 0
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdecimal() else published.bytes
        if total > _SLACK * published.bytes + _BLOCK:
            raise UserError(
                f"the file has {total:,} bytes, and should have about {published.bytes:,}",
                path=url,
                remedy="This is something else: set another mirror, or none.",
            )
        with part.open("ab" if have else "wb") as writing:
            try:
                _pour(cast("IO[bytes]", response), writing, have, total, on_progress, stopped)
            except (TimeoutError, HTTPException, ConnectionError) as error:
                raise _CutError(_reason(error)) from error
    if length and _size(part) < total:
        raise _CutError("the connection was cut")


def _open(published: WeightFile, url: str, have: int, patience: float) -> HTTPResponse | None:
    """The server's answer; None where it has nothing beyond `have` bytes."""
    headers = {"User-Agent": f"CNNSeg/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    opener = urllib.request.build_opener(_WebOnly)
    try:
        answer = opener.open(urllib.request.Request(url, headers=headers), timeout=patience)
        return cast("HTTPResponse", answer)
    except HTTPError as error:
        error.close()
        if error.code == 416 and have:
            return None
        if error.code >= 500:
            raise _CutError(f"the server says {error.code} {error.reason}") from error
        raise UserError(
            f"the server does not give {published.file} ({error.code} {error.reason})",
            path=url,
            remedy="Choose a file, or set a mirror folder or address.",
        ) from error
    except URLError as error:
        if isinstance(error.reason, (TimeoutError, ConnectionResetError)):
            raise _CutError(_reason(error.reason)) from error
        raise UserError(
            f"{published.name} is not downloaded, {published.size}: there is no connection "
            f"({_reason(error.reason)})",
            path=url,
            remedy="Download it later, choose a file, or set a mirror folder or address.",
        ) from error
    except (TimeoutError, HTTPException, ConnectionError) as error:
        raise _CutError(_reason(error)) from error


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http(s) only."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not newurl.startswith(("http://", "https://")):
            raise UserError(
                "the server points to something that is no web address",
                path=newurl,
                remedy="Set another mirror, or none.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _pour(
    reading: IO[bytes],
    writing: BinaryIO,
    have: int,
    total: int,
    on_progress: OnProgress,
    stopped: Callable[[], bool],
) -> None:
    on_progress(have, total)
    while block := reading.read(_BLOCK):
        have += len(block)
        if have > total + _BLOCK:
            raise _CutError("more came than was announced")
        writing.write(block)
        on_progress(have, total)
        if stopped():
            raise FetchStopped


def _begins_at(response: HTTPResponse, have: int) -> bool:
    return str(response.headers.get("Content-Range", "")).startswith(f"bytes {have}-")


def _check_room(published: WeightFile, target: Path) -> None:
    missing = published.bytes - _size(part_of(target))
    free = shutil.disk_usage(target.parent).free
    if free < missing:
        raise UserError(
            f"there is no room for {published.file}: {published.size} are needed",
            path=target.parent,
            remedy="Free some space, or set the folder by the variable CNNSEG_WEIGHTS.",
        )


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    return str(error) or type(error).__name__
