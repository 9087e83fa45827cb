"""CVAT for images 1.1: images/ and annotations.xml.

- As `masks`, an object is a `<mask>` with the run lengths of its box, row by row, the first one of
  unset pixels: exact to the pixel. As `polygons`, it is one ring through the corners of its pixels,
  with a cut of no width to each hole, since CVAT's polygons have none.
- What no shape covers is background. Undecided pixels are shapes of a label of their own, which
  `<meta>` names: `unlabelled`, or like it where a class is called so.
- Tags are `<tag>`, splits are subsets.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats import cvat_checking, cvat_reading
from cnnseg_gui.formats.components import Components, boxes, components
from cnnseg_gui.formats.cvat_reading import FILE_NAME, UNDECIDED
from cnnseg_gui.formats.dataset import Entry, Format, WriteOptions
from cnnseg_gui.formats.entries import Names
from cnnseg_gui.formats.outline import TOLERANCES, outlines
from cnnseg_gui.formats.polygon_checking import reader
from cnnseg_gui.formats.xml_file import text

_CHOICES = {"shapes": ("masks", "polygons"), "tolerance": TOLERANCES}
_SHAPE = 'source="manual" occluded="0"'


class CvatWriter:
    """Writes each image's shapes as it comes; `finish` puts the labels before them."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._masks = options.choice(_CHOICES, "shapes") == "masks"
        self._tolerance = float(options.choice(_CHOICES, "tolerance"))
        self._classes = options.classes
        self._label = _labels(options.classes)
        self._part = folder / ".images.part"
        self._part.touch()
        self._names = Names()
        self._count = 0
        self._tags: dict[str, None] = {}

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        return PurePosixPath("images", split, self._names.free(name))

    def add(self, entry: Entry, mask: Pixels) -> None:
        height, width = entry.shape
        name = entry.image.relative_to("images")
        subset = f" subset={_attribute(entry.split)}" if entry.split else ""
        lines = [
            f'  <image id="{self._count}" name={_attribute(str(name))}{subset} '
            f'width="{width}" height="{height}">\n',
        ]
        for part in components(mask, undecided=True):
            label = _attribute(self._label[part.index])
            shapes = _masks(part) if self._masks else _polygons(part, self._tolerance)
            lines += [f"    <{shape[0]} label={label} {_SHAPE} {shape[1]}/>\n" for shape in shapes]
        for tag in entry.tags:
            lines.append(f'    <tag label={_attribute(tag)} source="manual"/>\n')
        lines.append("  </image>\n")
        self._tags |= dict.fromkeys(entry.tags)
        self._count += 1
        with self._part.open("ab") as file:
            file.write("".join(lines).encode())

    def finish(self) -> None:
        with (self._folder / FILE_NAME).open("wb") as file:
            file.write(self._head().encode())
            with self._part.open("rb") as part:
                shutil.copyfileobj(part, file, 1 << 20)
            file.write(b"</annotations>\n")
        self._part.unlink()

    def _head(self) -> str:
        grounds = [cls for cls in self._classes if cls.index == 0]
        return "".join(
            chain(
                ['<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n'],
                ["  <version>1.1</version>\n  <meta>\n    <task>\n"],
                [f"      <size>{self._count}</size>\n      <mode>annotation</mode>\n"],
                ["      <labels>\n"],
                (
                    _label(self._label[cls.index], cls.colour, "any")
                    for cls in self._classes
                    if cls.index != 0
                ),
                [_label(self._label[UNLABELLED], (224, 224, 192), "any")],
                (_label(tag, None, "tag") for tag in self._tags),
                ["      </labels>\n    </task>\n"],
                # Not CVAT's: what its labels cannot say.
                [f"    <undecided>{_escaped(self._label[UNLABELLED])}</undecided>\n"],
                (f"    <background>{_escaped(cls.name)}</background>\n" for cls in grounds),
                (
                    f'    <class index="{cls.index}" label={_attribute(self._label[cls.index])}/>\n'
                    for cls in self._classes
                    if cls.index != 0
                ),
                ["  </meta>\n"],
            )
        )


FORMAT = Format(
    name="cvat",
    title="CVAT for images",
    description="images/ and annotations.xml (1.1): masks exact to the pixel, or polygons",
    writer=CvatWriter,
    read=cvat_reading.read,
    recognises=cvat_reading.recognises,
    check=cvat_checking.check,
    checked_by=lambda: f"{reader()}, from a plain reading of the XML",
    inexact=frozenset({("shapes", "polygons")}),
    choices=_CHOICES,
)


# ---------------------------------------------------------------------- inside


def _labels(classes: Sequence[PixelClass]) -> dict[int, str]:
    """Labels by mask value, all different."""
    found: dict[int, str] = {}
    for index, name in [*((c.index, c.name) for c in classes if c.index), (UNLABELLED, UNDECIDED)]:
        own = text(name)
        label, number = own, 1
        while label in found.values():
            number += 1
            label = f"{own}-{number}"
        found[index] = label
    return found


def _masks(part: Components) -> Iterator[tuple[str, str]]:
    top, left = part.corner
    for number, box in enumerate(boxes(part), start=1):
        inner = part.labels[box.top - top : box.bottom - top, box.left - left : box.right - left]
        runs = ", ".join(map(str, _runs(inner == number)))
        yield (
            "mask",
            f'rle="{runs}" left="{box.left}" top="{box.top}" width="{box.width}" '
            f'height="{box.height}" z_order="0"',
        )


def _polygons(part: Components, tolerance: float) -> Iterator[tuple[str, str]]:
    for ring in outlines(part.labels, corner=part.corner, tolerance=tolerance):
        points = ";".join(f"{x:g},{y:g}" if x < 1e6 > y else f"{x},{y}" for y, x in ring.tolist())
        yield "polygon", f'points="{points}" z_order="0"'


def _runs(bitmap: npt.NDArray[np.bool_]) -> list[int]:
    """Run lengths row by row, the first one of unset pixels."""
    flat = bitmap.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0] if flat[0] else [], edges, [flat.size]]).astype(np.int64)
    return [int(run) for run in np.diff(ends, prepend=0)]


def _label(name: str, colour: tuple[int, int, int] | None, kind: str) -> str:
    shown = f"<color>#{bytes(colour).hex()}</color>" if colour else ""
    return (
        f"        <label><name>{_escaped(name)}</name>{shown}<type>{kind}</type>"
        "<attributes></attributes></label>\n"
    )


def _attribute(value: str) -> str:
    return quoteattr(text(value))


def _escaped(value: str) -> str:
    return escape(text(value))
