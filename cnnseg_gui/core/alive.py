"""Whether a process of this computer is still there."""

from __future__ import annotations

import os
import sys


def is_alive(pid: int) -> bool | None:
    """Whether it lives, or another one by its number; None where that cannot be asked."""
    if sys.platform == "win32":  # where signal 0 is another thing
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
