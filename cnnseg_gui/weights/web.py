"""One connection to a server of weights: what it answers, block by block, and how it fails."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from cnnseg_gui import __version__
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.weights.catalogue import WeightFile

_BLOCK = 2**18
_NO_CONNECTION = "Download it later, choose a file, or set a mirror folder or address."


class CutError(Exception):
    """The connection failed in a way that may pass; says how."""


def is_web_address(text: str) -> bool:
    """Whether it is http(s) with a host, and could be sent as it is."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    sendable = text.isascii() and text.isprintable() and " " not in text
    return parts.scheme in ("http", "https") and bool(parts.hostname) and sendable


def ask(published: WeightFile, url: str, *, have: int, patience: float) -> HTTPResponse | None:
    """The server's answer from byte `have` on; None where it has nothing beyond.

    Args:
        url: where `published` is, at its origin or at a mirror.
        have: bytes that are here already.
        patience: seconds to wait for the connection, and later for each block.

    Raises:
        CutError: trying again may help.
        UserError: it does not: no connection, no such file.
    """
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
            raise CutError(f"the server says {error.code} {error.reason}") from error
        raise UserError(
            f"the server does not give {published.file} ({error.code} {error.reason})",
            path=url,
            remedy="Choose a file, or set a mirror folder or address.",
        ) from error
    except URLError as error:
        if isinstance(error.reason, (TimeoutError, ConnectionResetError)):
            raise CutError(_reason(error.reason)) from error
        raise UserError(
            f"{published.name} is not downloaded, {published.size}: there is no connection "
            f"({_reason(error.reason)})",
            path=url,
            remedy=_NO_CONNECTION,
        ) from error
    except (OSError, HTTPException) as error:
        raise CutError(_reason(error)) from error


def length_of(response: HTTPResponse) -> int | None:
    """Bytes that this answer will bring, where the server says it."""
    said = response.headers.get("Content-Length", "")
    return int(said) if re.fullmatch("[0-9]{1,18}", said) else None


def begins_at(response: HTTPResponse) -> int:
    """The place in the file at which this answer begins; -1 where a part is not said to."""
    if response.status != 206:
        return 0
    said = re.match(r"bytes ([0-9]{1,18})-", response.headers.get("Content-Range", ""))
    return int(said[1]) if said else -1


def blocks_of(response: HTTPResponse) -> Iterator[bytes]:
    """What has arrived, as soon as it has: a slow line is never waited for to fill a block.

    Raises:
        CutError: the connection ended early, or nothing came for as long as `ask` waits.
    """
    missing = length_of(response)
    while missing is None or missing > 0:
        try:
            block = response.read1(_BLOCK)
        except (OSError, HTTPException) as error:
            raise CutError(_reason(error)) from error
        if not block:
            break
        if missing is not None:
            missing -= len(block)
        yield block
    if missing:
        raise CutError("the connection was cut")


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
        if not is_web_address(newurl):
            fp.close()
            raise UserError(
                "the server points to something that is no web address",
                path=newurl,
                remedy="Set another mirror, or none.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    return str(error) or type(error).__name__
