"""A web server on the loopback with one weight file, and the faults of real ones."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cnnseg_gui.weights.catalogue import MEBIBYTE, WeightFile

_LET_GO_AFTER_S = 30.0


def published_file(payload: bytes, *, base: str = "http://127.0.0.1:9/models") -> WeightFile:
    """`payload` as if it were published, under its real hash and size."""
    digest = hashlib.sha256(payload).hexdigest()
    return WeightFile(
        name="small",
        url=f"{base}/small-{digest[:8]}.pth",
        mebibytes=len(payload) / MEBIBYTE,
        what="a test's",
        licence="none",
        top1=50.0,
        top5=60.0,
    )


@dataclass
class WeightServer:
    """What it does is set by its fields, between two requests."""

    payload: bytes
    port: int
    cuts: list[int] = field(default_factory=list)
    """One for each coming answer: the offset in the file at which its connection ends."""
    takes_ranges: bool = True
    wrong_ranges: bool = False
    """Goes on seven bytes later than it was asked to."""
    says_length: bool = True
    stalls_at: int | None = None
    """The offset from which on nothing comes any more."""
    trickles: bool = False
    """Gives sixteen bytes, then waits for `let_go`."""
    statuses: list[int] = field(default_factory=list)
    """One for each coming answer, in place of the file."""
    redirect: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range of each request."""
    sent: list[int] = field(default_factory=list)
    """Bytes of the file in each answer."""
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/models"

    @property
    def published(self) -> WeightFile:
        return published_file(self.payload, base=self.base)


@contextmanager
def serve(payload: bytes) -> Iterator[WeightServer]:
    """Runs until the block ends; all its threads are joined."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = False  # so that closing joins them
    about = WeightServer(payload=payload, port=server.server_address[1])
    server.about = about  # type: ignore[attr-defined]  # the handler finds it there
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield about
    finally:
        about.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        about: WeightServer = self.server.about  # type: ignore[attr-defined]  # set by `serve`
        asked = self.headers.get("Range")
        about.asked.append((self.path, asked))
        if about.redirect is not None:
            target, about.redirect = about.redirect, None
            self._head(302, Location=target)
        elif about.statuses:
            self._head(about.statuses.pop(0))
        else:
            self._give(about, asked)

    def _give(self, about: WeightServer, asked: str | None) -> None:
        total = len(about.payload)
        start = 0
        headers = {}
        if asked and about.takes_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= total:
                self._head(416, Content_Range=f"bytes */{total}")
                return
            start += 7 if about.wrong_ranges else 0
            headers["Content_Range"] = f"bytes {start}-{total - 1}/{total}"
        if about.says_length:
            headers["Content_Length"] = str(total - start)
        self._head(206 if "Content_Range" in headers else 200, **headers)
        stop = about.cuts.pop(0) if about.cuts else total
        if about.stalls_at is not None:
            stop = about.stalls_at
        if about.trickles:
            stop = start + 16
        body = about.payload[start : max(start, stop)]
        about.sent.append(len(body))
        try:
            self.wfile.write(body)
            if about.stalls_at is not None or about.trickles:
                about.let_go.wait(_LET_GO_AFTER_S)
        except ConnectionError:  # who asked has gone
            pass

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status >= 300:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Says nothing; `asked` and `sent` hold it."""
