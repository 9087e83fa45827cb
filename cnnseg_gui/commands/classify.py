"""`cnnseg classify`: what images show, as a classifier says."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cnnseg_gui.commands.arguments import add_device, count
from cnnseg_gui.commands.output import answer, note
from cnnseg_gui.commands.pages import find_pages
from cnnseg_gui.core.errors import UserError, from_os_error

if TYPE_CHECKING:
    from cnnseg_gui.learning.classify import LabelModel

HELP = "say what images show"

_DEFAULT = "efficientnet-lite0"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGES", help="files and folders")
    parser.add_argument(
        "--model",
        default=_DEFAULT,
        metavar="NAME",
        help="a classifier of `cnnseg models` with its published weights, or a project that was "
        f"taught its tags ({_DEFAULT})",
    )
    parser.add_argument("--top", type=count, default=5, metavar="N", help="labels per image (5)")
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the labels of every image; 1 where some cannot be read or need more memory.

    Raises:
        UserError: no images, no such classifier or device, or its weights are not here.
    """
    from cnnseg_gui.commands.computing import memory_told
    from cnnseg_gui.learning.classify import classify
    from cnnseg_gui.learning.device import choose

    pages, failed = find_pages(options.images)
    model = _find(options.model)
    compute = choose(options.device)
    done, lines = [], []
    for page in pages:
        start = time.perf_counter()
        try:
            pixels = page.read()
            with memory_told(compute, str(page)):
                labels = classify(model, pixels, compute, top=options.top)
        except UserError as error:
            note(error)
            failed.append(str(page))
            continue
        seconds = time.perf_counter() - start
        said = [{"label": label.name, "probability": label.probability} for label in labels]
        done.append({**page.fields, "labels": said, "seconds": seconds})
        text = ", ".join(f"{label.name} {label.probability:.2f}" for label in labels)
        lines.append(f"{page}: {text}")
    answer(options, {"model": options.model, "images": done, "failed": failed}, lines)
    return 1 if failed else 0


def _find(name: str) -> LabelModel:
    """A published classifier, or the one that a project was taught last."""
    from cnnseg_gui.core.database import FILE_NAME
    from cnnseg_gui.core.project import Project
    from cnnseg_gui.core.revisions import CARD, WEIGHTS
    from cnnseg_gui.learning.classify import load_labels, published
    from cnnseg_gui.learning.label_card import LabelCard

    path = Path(name)
    if path.name != FILE_NAME and not (path / FILE_NAME).is_file():
        return published(name)
    project = Project.open(path)
    try:
        taught = project.classifiers.all()
    finally:
        project.close()
    if not taught:
        raise UserError(
            "this project has taught no classifier yet",
            path=path,
            remedy="Teach it the tags in the window, or name a classifier of `cnnseg models`.",
        )
    weights = taught[-1].folder / WEIGHTS
    card = LabelCard.from_json(taught[-1].card.encode(), taught[-1].folder / CARD)
    try:
        data = weights.read_bytes()
    except OSError as error:
        raise from_os_error(error, doing="reading the classifier", path=weights) from error
    return load_labels(data, card, str(weights))
