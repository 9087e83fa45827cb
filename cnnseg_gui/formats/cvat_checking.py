"""A written CVAT data set as `polygon_checking` draws a plain reading of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from defusedxml import ElementTree

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats.dataset import Entry, WriteOptions
from cnnseg_gui.formats.polygon_checking import draw


def check(folder: Path, options: WriteOptions, entries: Iterable[Entry]) -> Iterator[Pixels]:
    """The mask of each entry: they are in the file in the same order."""
    value: dict[str, int] = {}
    wanted = iter(entries)
    for _, element in ElementTree.iterparse(folder / "annotations.xml"):
        if element.tag == "class":
            value[element.attrib["label"]] = int(element.attrib["index"])
        elif element.tag == "undecided":
            value[element.text or ""] = UNLABELLED
        elif element.tag == "image":
            entry = next(wanted)
            if element.attrib["name"] != str(entry.image.relative_to("images")):
                raise ValueError(f"{element.attrib['name']} where {entry.image} was expected")
            mask = np.zeros((int(element.attrib["height"]), int(element.attrib["width"])), np.uint8)
            rings: dict[int, list[list[float]]] = {}
            for shape in element:
                if shape.tag == "mask":
                    _unpack(mask, shape.attrib, value[shape.attrib["label"]])
                elif shape.tag == "polygon":
                    numbers = shape.attrib["points"].replace(";", ",").split(",")
                    own = rings.setdefault(value[shape.attrib["label"]], [])
                    own.append([float(number) for number in numbers])
            for index, own in rings.items():
                mask[draw(own, *entry.shape)] = index
            element.clear()
            yield mask


# ---------------------------------------------------------------------- inside


def _unpack(mask: Pixels, attributes: Mapping[str, str], value: int) -> None:
    left, top, width, height = (int(attributes[k]) for k in ("left", "top", "width", "height"))
    place, is_set = 0, False
    flat = np.zeros(width * height, np.bool_)
    for run in map(int, attributes["rle"].split(",")):
        flat[place : place + run] = is_set
        place, is_set = place + run, not is_set
    mask[top : top + height, left : left + width][flat.reshape(height, width)] = value
