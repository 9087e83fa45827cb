"""Cellpose's folders: <image>_cp_masks.png or .tif, cells numbered from 1; only read.

All cells are one class. `<image>_seg.npy` is a pickle: reading it would run whatever is written in
it, so it is refused; Cellpose saves the masks as PNG or TIFF too.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats.class_table import numbered
from cnnseg_gui.formats.dataset import DataSet, Format, ReadImage
from cnnseg_gui.formats.entries import by_stem, image_files
from cnnseg_gui.formats.mask_file import check_mask_file

_MASKS, _PICKLE = "_cp_masks", "_seg.npy"
_OTHERS = ("_cp_outlines", "_cp_output", "_flows", "_masks")


def read(folder: Path) -> DataSet:
    """Opens a folder of images with their masks beside them.

    Raises:
        UserError: there are neither masks nor pickles.
    """
    names = by_stem(image_files(folder))
    images: list[ReadImage] = []
    refused: list[UserError] = []
    for stem, name in names.items():
        if stem.endswith((_MASKS, *_OTHERS)):
            continue
        mask = names.get(stem + _MASKS)
        pickle = folder / f"{stem}{_PICKLE}"
        if mask is not None:
            reader = partial(_read, folder, folder / mask)
            images.append(ReadImage(name, folder / name, reader))
        elif pickle.exists():
            refused.append(
                UserError(
                    "this is a pickle, which runs what is written in it when it is read",
                    path=pickle,
                    remedy="Save the masks as PNG or TIFF in Cellpose, and import again.",
                )
            )
        else:
            images.append(ReadImage(name, folder / name, None))
    if not recognises(folder):
        raise UserError("there are no masks of Cellpose here", path=folder)
    return DataSet(numbered(("cell",), folder), images, refused=tuple(refused))


def recognises(path: Path) -> bool:
    """Whether there are files that Cellpose names so."""
    return path.is_dir() and any(
        next(path.glob(f"*{ending}"), None) is not None for ending in (f"{_MASKS}.*", _PICKLE)
    )


FORMAT = Format(
    name="cellpose",
    title="Cellpose",
    description="…_cp_masks.png or .tif beside the images: every cell is one class; only read",
    writer=None,
    read=read,
    recognises=recognises,
)


# ---------------------------------------------------------------------- inside


def _read(folder: Path, path: Path, shape: tuple[int, int]) -> Pixels:
    check_mask_file(folder, path, shape)
    image = read_image(path)
    values = image.pixels if image.values is None else image.values
    if values.ndim == 3:
        if not (values == values[..., :1]).all():
            raise UserError("this is no mask: it has colours", path=path)
        values = values[..., 0]
    return (values > 0).astype(np.uint8)
