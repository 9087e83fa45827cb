"""The decoder's process: reads image files that may break what reads them.

    python -P -m cnnseg_gui.core.decoder_worker

Speaks `decoder_messages` on stdin and stdout until stdin ends, so it never outlives the window.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from cnnseg_gui.core import decoder_messages as messages
from cnnseg_gui.core import decoding
from cnnseg_gui.core.decoded import Decoded
from cnnseg_gui.core.image_file import Source
from cnnseg_gui.core.pillow_image import limit_pixels
from cnnseg_gui.core.unreadable import unreadable

_LEAST_MEMORY = 1 << 30
_BYTES_PER_PIXEL = 32
"""OpenJPEG holds four channels as int32, twice; the others need less."""

Read = Callable[[Source, int, int], Decoded]


def main(read: Read | None = None) -> int:
    """Answers until stdin ends.

    Args:
        read: decodes a source's page of at most so many pixels; for tests of what goes wrong.
    """
    requests, answers = _pipes()
    _no_crash_reports()
    decoder = msgspec.json.Decoder(messages.Request)
    messages.send(answers, messages.Started())
    while True:
        try:
            request = messages.receive(requests, decoder)
            data = bytearray(request.size)
            messages.read_all(requests, memoryview(data))
        except messages.BrokenStream:
            return 0
        source: Source = Path(os.fsdecode(request.path)) if request.path else bytes(data)
        del data
        limit_pixels(request.max_pixels)
        _limit_memory(0)
        _answer(answers, request, source, read or _read)


def _answer(answers: io.FileIO, request: messages.Request, source: Source, read: Read) -> None:
    page, limit = request.page, request.max_pixels
    try:
        if request.doing == "count":
            count = decoding.page_count(source, isolated=True)
            messages.send(answers, messages.Counted(pages=count))
            return
        height, width = decoding.shape(source, page, max_pixels=limit, isolated=True)
        if request.doing == "shape":
            messages.send(answers, messages.Measured(height=height, width=width))
            return
        messages.send(answers, messages.Decoding(height=height, width=width))
        _limit_memory(height * width)
        decoded = read(source, page, limit)
        values = np.ascontiguousarray(decoded.values, decoded.values.dtype.newbyteorder("="))
    except Exception as error:  # noqa: BLE001 - whatever a hostile file makes a reader raise
        told = unreadable(error)
        messages.send(answers, messages.Failed(what=told.what, remedy=told.remedy))
        return
    messages.send(
        answers,
        messages.Read(
            shape=values.shape,
            dtype=f"{values.dtype.kind}{values.dtype.itemsize}",
            kind=decoded.kind,
            turned=decoded.turned,
            window=decoded.window,
            pixel_size=decoded.pixel_size,
        ),
    )
    messages.write_all(answers, values.reshape(-1).view(np.uint8).data)


def _read(source: Source, page: int, max_pixels: int) -> Decoded:
    return decoding.read(source, page, max_pixels=max_pixels, isolated=True)


def _pipes() -> tuple[io.FileIO, io.FileIO]:
    """Where requests come from and answers go to; what libraries print goes nowhere."""
    requests = io.FileIO(os.dup(0), "rb")
    answers = io.FileIO(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - no file of anybody's
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    return requests, answers


def _no_crash_reports() -> None:
    """A crash is said in one line: no core file, and no window that waits for a click."""
    if sys.platform == "win32":
        import ctypes

        fail_critical_errors, no_fault_box = 0x0001, 0x0002
        ctypes.windll.kernel32.SetErrorMode(fail_critical_errors | no_fault_box)
    else:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_memory(pixels: int) -> None:
    """Lets the process take so much more than it has; only Linux tells and keeps the limit."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + max(_LEAST_MEMORY, _BYTES_PER_PIXEL * pixels)
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


if __name__ == "__main__":
    sys.exit(main())
