"""Where memory runs out: the same work with less of it, instead of none.

The ladder: half the batch, again and again; half the patch; the processor, which has more memory
and takes longer. Proposals are cut into smaller tiles before they go there.
"""

from __future__ import annotations

import gc
import traceback
from dataclasses import dataclass, replace

import torch

from cnnseg_gui.learning.device import Compute, choose

SMALLEST_PATCH = 64
"""Side in pixels: two cells of the coarsest features; less than that is no context at all."""


@dataclass(frozen=True)
class Effort:
    """What decides how much memory a training step takes."""

    batch: int
    patch: int
    """Side in pixels."""
    compute: Compute


def lighter(now: Effort, wanted: Effort) -> tuple[Effort, str] | None:
    """One rung down the ladder.

    Args:
        now: what was too much.
        wanted: what it began with: the processor is given that again.

    Returns:
        What to try next, and what is said about it; None at the ladder's end.
    """
    if now.batch > 1:
        batch = now.batch // 2
        what = f"learning goes on with batches of {batch} instead of {now.batch}"
        return replace(now, batch=batch), told(now.compute, what)
    if now.patch >= 2 * SMALLEST_PATCH:
        patch = now.patch // 2
        what = f"learning goes on with patches of {patch} pixels instead of {now.patch}"
        return replace(now, patch=patch), told(now.compute, what)
    if now.compute.device.type == "cpu":
        return None
    what = "learning goes on more slowly, on the processor"
    return replace(wanted, compute=processor()), told(now.compute, what)


def processor() -> Compute:
    """The processor, in the precision that is fast there."""
    return choose("cpu")


def told(compute: Compute, what: str) -> str:
    """What the person is told: where memory ran out, and what is another now."""
    return f"Memory ran out on {compute.name}: {what}."


def is_out_of_memory(error: BaseException) -> bool:
    """Python's, CUDA's, MPS's or the CPU allocator's way to say that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "out of memory" in text
    )


def free(error: BaseException) -> None:
    """Lets go of what a failed step held: its frames keep the tensors alive."""
    traceback.clear_frames(error.__traceback__)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
