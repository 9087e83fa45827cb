"""Reading COCO, of this program and of others: run lengths, packed or as lists, and polygons.

Of others, larger objects are painted first, so that what lies in them stays; what no object covers
is background; a crowd is painted as its category. Keypoints, captions and boxes without a shape are
left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cnnseg_gui.core.classes import PixelClass, default_colour
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats import rle
from cnnseg_gui.formats.class_table import BACKGROUND, check_classes, numbered
from cnnseg_gui.formats.coco_lists import (
    LISTS,
    Annotation,
    Info,
    ListedImage,
    Runs,
    Source,
    find_lists,
    image_folders,
    open_list,
)
from cnnseg_gui.formats.dataset import DataSet, ReadImage
from cnnseg_gui.formats.entries import inside
from cnnseg_gui.formats.mask_file import other_size
from cnnseg_gui.formats.outline import fill_into


def read(path: Path) -> DataSet:
    """Opens a folder, or one of its lists.

    Raises:
        UserError: there is no list, or it is not COCO's.
    """
    root, lists = find_lists(path)
    if not lists:
        raise UserError("there is no COCO list (.json) here", path=path)
    sources = [open_list(root, file) for file in lists]
    classes, indices = _classes(sources, lists[0])
    images: list[ReadImage] = []
    refused: list[UserError] = []
    boxes = 0
    for source, index in zip(sources, indices, strict=True):
        boxes += sum(not item.segmentation for item in source.content.annotations)
        images += _images(source, index, refused)
    notes = (f"{boxes} annotations without a shape were left out",) if boxes else ()
    return DataSet(classes, images, notes, tuple(refused))


def recognises(path: Path) -> bool:
    """Whether there is a file that COCO's lists are called like."""
    if path.is_file():
        return path.suffix.lower() == ".json" and (
            path.name in LISTS or path.name.startswith("instances_")
        )
    lists = find_lists(path)[1]
    return any(recognises(file) for file in lists)


# ---------------------------------------------------------------------- inside


def _classes(
    sources: Sequence[Source], path: Path
) -> tuple[tuple[PixelClass, ...], list[dict[int, int]]]:
    """The classes, and for each list the class index by category id.

    Ids are kept where a mask can hold them; 0 is background there.
    """
    lists = [source.content.categories for source in sources]
    named = {category.id: category for categories in lists for category in categories}
    same = all(named[c.id].name == c.name for categories in lists for c in categories)
    if same and all(0 < number < UNLABELLED for number in named):
        kept = [
            PixelClass(c.id, c.name.strip() or f"class {c.id}", c.color or default_colour(c.id))
            for c in sorted(named.values(), key=lambda category: category.id)
        ]
        classes = (_background(sources), *kept)
        check_classes(classes, path)
        return classes, [{c.id: c.id for c in categories} for categories in lists]
    names = list(dict.fromkeys(c.name for categories in lists for c in categories))
    place = {name: number for number, name in enumerate(names, start=1)}
    return numbered(names, path), [{c.id: place[c.name] for c in own} for own in lists]


def _background(sources: Sequence[Source]) -> PixelClass:
    for source in sources:
        info = source.content.info
        if isinstance(info, Info) and info.background is not None:
            own = info.background
            return PixelClass(0, own.name, own.color or default_colour(0))
    return PixelClass(0, BACKGROUND, default_colour(0))


def _images(source: Source, index: Mapping[int, int], refused: list[UserError]) -> list[ReadImage]:
    of_image: dict[int | str, list[Annotation]] = {}
    for item in source.content.annotations:
        if item.segmentation:
            of_image.setdefault(item.image_id, []).append(item)
    bases = image_folders(source)
    found: dict[int | str, ReadImage] = {}
    for image in source.content.images:
        try:
            if image.id in found:
                raise UserError(f"there are two images of the id {image.id}", path=source.path)
            places = [inside(source.root, image.file_name, below=base) for base in bases]
        except UserError as error:
            refused.append(error)
            continue
        found[image.id] = ReadImage(
            image.file_name,
            next((place for place in places if place.is_file()), places[0]),
            partial(_drawn, image, of_image.get(image.id, []), index, source.path),
            tuple(image.tags),
            source.split,
        )
    return list(found.values())


def _drawn(
    image: ListedImage,
    annotations: Sequence[Annotation],
    index: Mapping[int, int],
    path: Path,
    shape: tuple[int, int],
) -> Pixels:
    said = image.height, image.width
    if None not in said and said != shape:
        raise other_size((int(image.height or 0), int(image.width or 0)), shape, image.file_name)
    columns = np.zeros(shape[0] * shape[1], np.uint8)
    mask = columns.reshape(shape[1], shape[0]).T
    order = sorted(annotations, key=lambda item: -item.area)
    try:
        for item in order:
            if item.iscrowd and image.unlabelled is not None:
                continue  # the same pixels as in its own field
            value = index[item.category_id]
            if isinstance(item.segmentation, Runs):
                _check_size(item.segmentation, shape)
                rle.paint(columns, item.segmentation.counts, shape, value)
            elif item.segmentation:
                fill_into(mask, _rings(item.segmentation), value)
        if image.unlabelled is not None:
            _check_size(image.unlabelled, shape)
            rle.paint(columns, image.unlabelled.counts, shape, UNLABELLED)
    except (ValueError, KeyError) as error:
        reason = f"no category {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(
            f"the mask of {image.file_name} is damaged ({reason})", path=path
        ) from error
    return np.ascontiguousarray(mask)


def _check_size(runs: Runs, shape: tuple[int, int]) -> None:
    if runs.size and tuple(runs.size) != shape:
        raise ValueError(f"a mask of {runs.size}")


def _rings(segmentation: Sequence[list[float] | float]) -> list[list[tuple[float, float]]]:
    """(y, x) of polygons given as x, y, x, y, …; some programs give one polygon without a list."""
    polygons: list[list[float]] = []
    loose: list[float] = []
    for part in segmentation:
        if isinstance(part, list):
            polygons.append(part)
        else:
            loose.append(part)
    both = [*polygons, loose] if loose else polygons
    if any(len(polygon) % 2 for polygon in both):
        raise ValueError("a polygon with half a point")
    return [list(zip(polygon[1::2], polygon[0::2], strict=True)) for polygon in both]
