"""What commands that compute share: memory that ends is said in one line. Imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.memory import free, is_out_of_memory


@contextmanager
def memory_told(compute: Compute, path: Path | str | None = None) -> Iterator[None]:
    """Turns what the allocators raise into one line, and lets go of what was computed.

    Args:
        path: the image that is computed, where it is one.

    Raises:
        UserError: the memory was not enough.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        free(error)
        raise UserError(
            f"there is not enough memory on {compute.name}",
            path=path,
            remedy="Close other programs that use it, or choose a smaller network or --device cpu.",
        ) from error
