"""`--composite`: undecided pixels are filled as the project's current revision proposes them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.project import Project


class CurrentModel(NamedTuple):
    """What fills undecided pixels.

    Args:
        name: of the revision, for people.
        propose: uint8[H, W], indices of the project's classes without gaps, of uint8[H, W, 3] and
            the file that they are from; raises UserError where the memory is not enough.
    """

    name: str
    propose: Callable[[Pixels, Path], Pixels]


def current_model(options: argparse.Namespace, project: Project) -> CurrentModel:
    """What the project's current revision proposes.

    Raises:
        UserError: it has learnt nothing yet, or the revision or the device cannot be had.
    """
    from cnnseg_gui.commands.computing import memory_told
    from cnnseg_gui.commands.segment import segment
    from cnnseg_gui.commands.stored import adapted
    from cnnseg_gui.learning.device import choose

    current = project.revisions.current
    if current is None:
        raise UserError(
            "this project has learnt nothing yet",
            path=options.project,
            remedy="Teach it with `cnnseg train`, or export without --composite.",
        )
    model = adapted(project, current)
    compute = choose(options.device)

    def propose(pixels: Pixels, path: Path) -> Pixels:
        with memory_told(compute, path):
            return segment(model, pixels, compute)

    return CurrentModel(f"{current.name} ({current.sha256[:12]})", propose)
