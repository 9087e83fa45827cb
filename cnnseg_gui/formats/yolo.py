"""YOLO segmentation: labels/<name>.txt beside images/, and data.yaml (Ultralytics' layout).

- A line is an object: class number and the corners of its outline, x y x y …, as parts of the
  image's width and height. Holes are kept by a cut of no width that leads to them.
- YOLO counts classes from 0 without the background, and knows no undecided pixels: they are written
  as background. An image without objects has an empty file.
- The outline runs through the corners of the pixels. Programs that colour what an edge touches, as
  OpenCV does, see one pixel more to the right and below.
- data.yaml names the classes; `classes.json` keeps their indices and colours. What is not split is
  named as both `train` and `val`, which Ultralytics asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.formats import yolo_reading
from cnnseg_gui.formats.class_table import write_classes
from cnnseg_gui.formats.components import components
from cnnseg_gui.formats.dataset import SPLITS, Entry, Format, WriteOptions
from cnnseg_gui.formats.entries import Names
from cnnseg_gui.formats.outline import TOLERANCES, outlines
from cnnseg_gui.formats.polygon_checking import draw, reader

_CHOICES = {"tolerance": TOLERANCES}


class YoloWriter:
    """Writes a file of outlines per image; `finish` adds data.yaml."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._tolerance = float(options.choice(_CHOICES, "tolerance"))
        self._classes = options.classes
        objects = [cls for cls in options.classes if cls.index != 0]
        self._number = {cls.index: number for number, cls in enumerate(objects)}
        self._labels = [cls.name for cls in objects]
        self._names = Names()
        self._splits: set[str] = set()

    def place(self, name: str, split: str, tags: Sequence[str]) -> PurePosixPath:
        return PurePosixPath("images", split, self._names.free(name))

    def add(self, entry: Entry, mask: Pixels) -> None:
        self._splits.add(entry.split)
        lines = []
        sides = np.array(mask.shape, np.float64)
        for part in components(mask):
            for ring in outlines(part.labels, corner=part.corner, tolerance=self._tolerance):
                numbers = (ring / sides)[:, ::-1].ravel().tolist()
                place = " ".join(f"{number:.8f}".rstrip("0").rstrip(".") for number in numbers)
                lines.append(f"{self._number[part.index]} {place}\n")
        path = labels_path(self._folder, entry)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes("".join(lines).encode("ascii"))

    def finish(self) -> None:
        lines = ["path: ."]
        for split in SPLITS:
            if split in self._splits or (split != "test" and "" in self._splits):
                lines.append(f"{split}: images/{split if split in self._splits else ''}")
        lines += [f"nc: {len(self._labels)}", "names:"]
        lines += [f"  {number}: {_quoted(name)}" for number, name in enumerate(self._labels)]
        text = "\n".join(line.rstrip("/") for line in lines) + "\n"
        (self._folder / "data.yaml").write_bytes(text.encode())
        write_classes(self._folder, self._classes)


def labels_path(folder: Path, entry: Entry) -> Path:
    """Where an image's outlines lie."""
    return folder / "labels" / entry.split / f"{entry.image.stem}.txt"


def without_undecided(mask: Pixels) -> Pixels:
    """As a format holds it that knows no undecided pixels."""
    return np.where(mask == UNLABELLED, 0, mask).astype(np.uint8)


def check(folder: Path, options: WriteOptions, entries: Iterable[Entry]) -> Iterator[Pixels]:
    """The masks as `polygon_checking` draws a plain reading of the files."""
    index = [cls.index for cls in options.classes if cls.index != 0]
    for entry in entries:
        height, width = entry.shape
        mask = np.zeros((height, width), np.uint8)
        rings: dict[int, list[list[float]]] = {}
        for line in labels_path(folder, entry).read_text(encoding="ascii").splitlines():
            number, *values = line.split()
            sides = (width, height) * (len(values) // 2)
            ring = [float(value) * side for value, side in zip(values, sides, strict=True)]
            rings.setdefault(index[int(number)], []).append(ring)
        for value, own in rings.items():
            mask[draw(own, height, width)] = value
        yield mask


FORMAT = Format(
    name="yolo",
    title="YOLO segmentation",
    description="images/, labels/ and data.yaml: outlines; undecided pixels become background",
    writer=YoloWriter,
    read=yolo_reading.read,
    recognises=yolo_reading.recognises,
    check=check,
    checked_by=lambda: f"{reader()}, from a plain reading of the lines",
    kept=without_undecided,
    exact=False,
    choices=_CHOICES,
)


# ---------------------------------------------------------------------- inside


def _quoted(name: str) -> str:
    """As a double-quoted text of YAML 1.2 (section 7.3.1)."""
    plain = (f"\\{c}" if c in '"\\' else c if c.isprintable() else f"\\U{ord(c):08x}" for c in name)
    return f'"{"".join(plain)}"'
