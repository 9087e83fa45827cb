"""The engine's process: `cnnseg engine`, started by the window or through `ssh`.

The main thread only reads, so a `Cancel` is always heard, and the process ends the moment its
stdin does. Nothing is kept here that the window could not ask for again.

torch is loaded by a thread of `Engine`, not by importing this module.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.priority import leave_one_free, stand_back
from cnnseg_gui.engine.dispatch import Engine
from cnnseg_gui.engine.messages import EXIT_CANNOT_START, Decoder, Failed, ProtocolError
from cnnseg_gui.engine.pipe import Outbox, take_stdio

_READ = 1 << 20


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Runs the engine on stdin and stdout until stdin ends; never returns."""
    parser = argparse.ArgumentParser(
        prog="cnnseg engine", description="Computes for a window that speaks on stdin and stdout."
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    options = parser.parse_args(argv)
    faulthandler.enable(sys.stderr)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the window's terminal: it decides
    reading, writing = take_stdio()
    stand_back(os.getpid())
    leave_one_free(options.threads)
    serve(reading, writing, device=options.device, threads=max(1, options.threads))


def serve(reading: int, writing: int, *, device: str, threads: int) -> NoReturn:
    """Reads messages until the pipe ends, then leaves the process.

    Args:
        reading: the descriptor requests come from.
        writing: the descriptor answers go to.
        device: as for `learning.device.choose`.
        threads: for torch.
    """
    outbox = Outbox(writing, on_broken=lambda: _leave(1))

    def cannot_start(error: UserError) -> None:
        _say(outbox, error)
        _leave(EXIT_CANNOT_START)

    engine = Engine(outbox, device=device, threads=threads, on_cannot_start=cannot_start)
    engine.start()
    decoder = Decoder()
    try:
        while data := os.read(reading, _READ):
            for message, blocks in decoder.feed(data):
                engine.take(message, blocks)
    except ProtocolError as error:
        print(f"the pipe is unreadable: {error}", file=sys.stderr)
        _say(outbox, UserError(f"the engine cannot read its pipe ({error})"))
        _leave(1)
    if decoder.mid_frame:
        print("the pipe ended in the middle of a message", file=sys.stderr)
    _leave(0)


def _say(outbox: Outbox, error: UserError) -> None:
    outbox.send(
        Failed(request=0, what=error.what, path=error.path, remedy=error.remedy), wait=False
    )
    outbox.close(seconds=1.0)


def _leave(code: int) -> NoReturn:
    """Ends the process at once, in the middle of whatever the other threads compute.

    The ordinary way out would wait for torch to finish its step, and tears down the interpreter
    under threads that still run.
    """
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
