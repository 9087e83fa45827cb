"""Memory that is freed goes back to the system, and what stays is not looked through again."""

from __future__ import annotations

import ctypes
import gc
import platform

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # glibc's malloc.h
_BLOCK = 1 << 20  # bytes
_ARENAS = 2


def return_freed_blocks() -> bool:
    """Blocks from 1 MB on are mapped by themselves and returned when they are freed.

    glibc does so at first, but raises its threshold up to 32 MB with every block that is freed;
    from then on the heap is full of holes and grows for as long as images are opened (mallopt(3),
    M_MMAP_THRESHOLD). Setting it keeps it where it is. Threads share two heaps: with one for each,
    what a worker has freed is of no use to the others.

    Returns:
        Whether it is so now; other C libraries are left as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return bool(library.mallopt(_MMAP_THRESHOLD, _BLOCK) and library.mallopt(_ARENA_MAX, _ARENAS))


def keep_what_is_there() -> None:
    """Once all that stays is made: the garbage collector does not look through it again.

    A full collection takes 40 ms with what the window's modules and widgets hold, and comes in the
    middle of a stroke.
    """
    gc.collect()
    gc.freeze()
