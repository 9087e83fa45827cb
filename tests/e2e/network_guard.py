"""Notes whatever a process and its children do with the network, as Python sees it."""

from __future__ import annotations

import os
from pathlib import Path

# Run by every Python process before anything else, as it is found on the path under this name.
_SITECUSTOMIZE = """
import os, sys

trace = os.open(os.environ["NETWORK_TRACE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(trace, f"process {sys.orig_argv}\\n".encode())

def note(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo",
                 "socket.gethostbyname", "urllib.Request"):
        os.write(trace, f"network {event} {arguments[1:]}\\n".encode())

sys.addaudithook(note)
"""


class NetworkGuard:
    """Give `environment` to a process, and ask afterwards."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._trace = folder / "trace"
        (folder / "sitecustomize.py").write_text(_SITECUSTOMIZE)
        self.environment = {
            **os.environ,
            "NETWORK_TRACE": str(self._trace),
            "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
        }

    @property
    def processes(self) -> list[str]:
        """The command lines of all that were watched."""
        return self._lines("process ")

    @property
    def noted(self) -> list[str]:
        """What they did with the network, by the names of Python's audit events."""
        return self._lines("network ")

    def _lines(self, beginning: str) -> list[str]:
        lines = self._trace.read_text().splitlines()
        return [line.removeprefix(beginning) for line in lines if line.startswith(beginning)]
