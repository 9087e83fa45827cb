"""The data-set formats by name."""

from __future__ import annotations

from cnnseg_gui.formats import (
    cellpose,
    cityscapes,
    coco,
    cvat,
    folders,
    hf,
    labelme,
    png,
    rootpainter,
    voc,
    yolo,
)
from cnnseg_gui.formats.dataset import Format

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        png,
        coco,
        voc,
        yolo,
        cityscapes,
        hf,
        labelme,
        cvat,
        folders,
        rootpainter,
        cellpose,
    )
}
"""In the order in which they are offered."""
