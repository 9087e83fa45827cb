"""How long COCO takes for many masks, beside pycocotools' own encoding, and whether memory is flat.

    python tests/bench/export.py [--images 1000] [--peer-every 20] [--json]

Each mask is of 1 megapixel with 200 objects of three classes, and another one each time. "Ours" is
all that an export does with a mask: components, run lengths, boxes, areas, lines on the disk, the
list joined at the end. "Peer" is `pycocotools.mask.encode` of the same objects and nothing else,
given as it wants them (a Fortran-ordered bitmap of each object, made outside of the time), of every
n-th mask; `peer_classes` is the same for one bitmap of each class. Memory is the process's resident
set after each tenth of the masks and at the end.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path, PurePosixPath

import numpy as np
from pycocotools import mask as peer
from scipy import ndimage

from cnnseg_gui.core.classes import make_classes
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats.components import TOUCHING
from cnnseg_gui.formats.dataset import Entry, WriteOptions
from cnnseg_gui.formats.registry import FORMATS

_SIDE, _CLASSES = 1000, make_classes(("ground", "one", "two", "three"))
_ROWS, _COLUMNS = 10, 20  # objects


def mask_of(number: int) -> Pixels:
    """200 ellipses, every fourth with a hole, at other places in each mask."""
    random = np.random.default_rng(number)
    high, wide = _SIDE // _ROWS, _SIDE // _COLUMNS
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    y, x = np.mgrid[:high, :wide]
    for place in range(_ROWS * _COLUMNS):
        row, column = divmod(place, _COLUMNS)
        down, across = random.uniform(10, high / 2 - 2), random.uniform(8, wide / 2 - 2)
        off_y = random.uniform(-1, 1) * (high / 2 - 2 - down)
        off_x = random.uniform(-1, 1) * (wide / 2 - 2 - across)
        distance = np.hypot((y - high / 2 - off_y) / down, (x - wide / 2 - off_x) / across)
        inside = (distance < 1) & ((place % 4 > 0) | (distance > 0.4))
        cell = mask[row * high : (row + 1) * high, column * wide : (column + 1) * wide]
        cell[inside] = 1 + place % 3
    return mask


def peer_seconds(mask: Pixels) -> tuple[float, float]:
    """Of one bitmap per object, and of one per class."""
    labels = np.zeros(mask.shape, np.int32)
    for value in (1, 2, 3):
        found, _ = ndimage.label(mask == value, TOUCHING)
        labels += np.where(found, found + labels.max(), 0)
    every = [np.asfortranarray(labels == n, np.uint8) for n in range(1, labels.max() + 1)]
    classes = [np.asfortranarray(mask == value, np.uint8) for value in (1, 2, 3)]
    seconds = []
    for bitmaps in (every, classes):
        began = time.perf_counter()
        for bitmap in bitmaps:
            peer.encode(bitmap)
        seconds.append(time.perf_counter() - began)
    return seconds[0], seconds[1]


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--peer-every", type=int, default=20)
    parser.add_argument("--shapes", choices=("rle", "polygons"), default="rle")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)
    writer_of = FORMATS["coco"].writer
    assert writer_of is not None
    ours, theirs, memory = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = writer_of(folder, WriteOptions(_CLASSES, {"shapes": options.shapes}))
        for number in range(options.images):
            mask = mask_of(number)
            began = time.perf_counter()
            entry = Entry(PurePosixPath(f"images/{number}.png"), (_SIDE, _SIDE))
            writer.add(entry, mask)
            ours.append(time.perf_counter() - began)
            if number % options.peer_every == 0:
                theirs.append(peer_seconds(mask))
            if (number + 1) % max(1, options.images // 10) == 0:
                memory.append(resident())
        began = time.perf_counter()
        writer.finish()
        finish = time.perf_counter() - began
        memory.append(resident())
        (path,) = folder.glob("*.json")
        size = path.stat().st_size
    mean = (sum(ours) + finish) / options.images
    objects, classes = (sum(part) / len(theirs) for part in zip(*theirs, strict=True))
    result = {
        "images": options.images,
        "shapes": options.shapes,
        "ours_ms": round(mean * 1e3, 2),
        "finish_s": round(finish, 3),
        "peer_ms": round(objects * 1e3, 2),
        "peer_classes_ms": round(classes * 1e3, 2),
        "ratio": round(mean / objects, 3),
        "resident_mb": [round(value / 1e6, 1) for value in memory],
        "list_mb": round(size / 1e6, 1),
    }
    print(json.dumps(result) if options.json else "\n".join(f"{k}: {v}" for k, v in result.items()))


if __name__ == "__main__":
    main()
