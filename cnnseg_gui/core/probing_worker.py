"""The process that looks at image files, so that the window's does not stop for it.

    python -P -m cnnseg_gui.core.probing_worker

Speaks `probing_messages` on stdin and stdout until stdin ends, so it never outlives the window.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import msgspec

from cnnseg_gui.core.decoder_messages import BrokenStream, receive, send
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import set_largest
from cnnseg_gui.core.image_table import probe_pages
from cnnseg_gui.core.probing_messages import (
    MAX_FRAME,
    Answer,
    Fact,
    Found,
    Request,
    Shrink,
    Shrunk,
    Unreadable,
)
from cnnseg_gui.core.thumbnail import thumbnail


def main() -> int:
    """Answers until stdin ends."""
    requests, answers = io.FileIO(os.dup(0), "rb"), io.FileIO(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - no file of anybody's
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    decoder: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
    send(answers, Found(files=[]))
    while True:
        try:
            request = receive(requests, decoder, at_most=MAX_FRAME)
        except BrokenStream:
            return 0
        set_largest(request.max_pixels / 1e6)
        send(answers, _answer(request))


def _answer(request: Request) -> Answer:
    if isinstance(request, Shrink):
        return _shrink(request)
    return Found(files=[_look_at(Path(os.fsdecode(path))) for path in request.paths])


def _look_at(path: Path) -> Fact | Unreadable:
    try:
        facts = probe_pages(path)
    except UserError as error:
        return Unreadable(what=error.what, path=error.path, remedy=error.remedy)
    pages = [(page.page, page.height, page.width) for page in facts]
    return Fact(sha256=facts[0].sha256, pages=pages)


def _shrink(request: Shrink) -> Shrunk | Unreadable:
    path = Path(os.fsdecode(request.path))
    try:
        pixels = thumbnail(path, request.sha256, request.page, request.side)
    except UserError as error:
        return Unreadable(what=error.what, path=error.path, remedy=error.remedy)
    return Shrunk(pixels=pixels.tobytes())


if __name__ == "__main__":
    sys.exit(main())
