"""`cnnseg segment`: masks of images, as a model proposes them."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnseg_gui.commands.arguments import add_device
from cnnseg_gui.commands.output import answer, counted, note
from cnnseg_gui.commands.pages import Page, find_pages
from cnnseg_gui.commands.stems import by_stem
from cnnseg_gui.core.atomic import write_atomically
from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.mask_io import encode_mask
from cnnseg_gui.core.rect import Rect

if TYPE_CHECKING:
    from cnnseg_gui.learning.device import Compute
    from cnnseg_gui.learning.model import Model

HELP = "write the masks that a model proposes for images"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGES", help="files and folders")
    parser.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help="a starter's name, fcn-resnet50 or -101, a .safetensors file with "
        "its card.json beside it, or a project",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="for the masks: indexed PNG with the images' names (pages of a stack NAME.001, …), "
        "values are class indices",
    )
    parser.add_argument(
        "--above",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="leave pixels unlabelled that the model is less sure of than this, 0 to 1",
    )
    parser.add_argument(
        "--resume", action="store_true", help="leave out images whose mask is there already"
    )
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Writes a mask for every image; 1 where some cannot be read or need more memory.

    Raises:
        UserError: no images, no such model or device, or a mask cannot be written.
    """
    from cnnseg_gui.commands.computing import memory_told
    from cnnseg_gui.commands.stored import find_model
    from cnnseg_gui.learning.device import choose

    pages, failed = find_pages(options.images)
    images = by_stem(pages, noun="image")
    targets = {stem: options.output / f"{stem}.png" for stem in images}
    _refuse_overwriting(images, targets)
    model, classes = find_model(options.model)
    compute = choose(options.device)
    _make_folder(options.output)
    done = []
    if options.resume:
        there = {stem for stem, target in targets.items() if target.exists()}
        note(f"{counted(len(there), 'mask')} already there")
        images = {stem: page for stem, page in images.items() if stem not in there}
    for number, (stem, page) in enumerate(images.items(), start=1):
        start = time.perf_counter()
        try:
            pixels = page.read()
            with memory_told(compute, str(page)):
                mask = segment(model, pixels, compute, above=options.above)
        except UserError as error:
            note(error)
            failed.append(str(page))
            continue
        write_atomically(targets[stem], encode_mask(mask, classes))
        elapsed = time.perf_counter() - start
        note(f"{number} of {len(images)}: {targets[stem]} ({elapsed:.2f} s)")
        done.append({**page.fields, "mask": str(targets[stem]), "seconds": elapsed})
    data = {"classes": [cls.name for cls in classes], "masks": done, "failed": failed}
    answer(options, data, [f"{options.output}: {counted(len(done), 'mask')}"])
    if failed:
        note(f"{counted(len(failed), 'image')} left without a mask")
    return 1 if failed else 0


def segment(model: Model, pixels: Pixels, compute: Compute, *, above: float = 0.0) -> Pixels:
    """Class indices uint8[H, W] of uint8[H, W, 3].

    Args:
        above: what the model is less sure of than this, 0…1, is left unlabelled.
    """
    from cnnseg_gui.learning.propose import propose

    out = np.full(pixels.shape[:2], UNLABELLED, np.uint8)

    def take(rect: Rect, classes: Pixels, confidence: Pixels) -> None:
        sure = confidence >= math.ceil(above * 255)
        out[rect.slices] = np.where(sure, classes, np.uint8(UNLABELLED))

    propose(model, pixels, compute, on_region=take)
    return out


def _share(text: str) -> float:
    """A number from 0 to 1.

    Raises:
        ValueError: it is none.
    """
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(text)
    return share


def _refuse_overwriting(images: dict[str, Page], targets: dict[str, Path]) -> None:
    for stem, target in targets.items():
        if target.exists() and target.samefile(images[stem].path):
            raise UserError(
                "the mask would overwrite its image", path=target, remedy="Choose another folder."
            )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise from_os_error(error, doing="making the folder", path=folder) from error
