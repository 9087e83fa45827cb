"""The first images of an export with the masks that would be written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.formats.export import ExportJob
from cnnseg_gui.formats.image_copy import read_fitting
from cnnseg_gui.formats.tiling import tiles_of
from cnnseg_gui.ui.panels.small_pictures import overlaid, pixmap_of

SHOWN = 4
_SIDE = 320  # pixels, twice what is shown on usual screens
_LARGEST = 1 << 26  # pixels of an image that is read for it


@dataclass(frozen=True)
class Preview:
    """An image of an export: its name, and uint8[h, w, 3], None where it cannot be shown."""

    name: str
    pixels: Pixels | None
    note: str = ""


def previews(job: ExportJob, *, should_stop: Callable[[], bool]) -> list[Preview]:
    """The first images, or the first one's first tiles; for a worker thread."""
    colours = {cls.index: cls.colour for cls in job.classes}
    size = job.options.tile
    found: list[Preview] = []
    for item in job.items[:SHOWN]:
        if len(found) >= SHOWN or should_stop():
            break
        name = item.wanted_name.name
        if item.shape is not None and item.shape[0] * item.shape[1] > _LARGEST:
            found.append(Preview(name, None, "too large for a preview"))
            continue
        try:
            mask = job.mask_of(item)
            _, image = read_fitting(item.image, item.sha256, mask.shape, page=item.page)
        except UserError as error:
            found.append(Preview(name, None, error.what))
            continue
        for row, column, rect in tiles_of(mask.shape[0], mask.shape[1], size):
            if len(found) < SHOWN:
                part = np.ascontiguousarray(image.pixels[rect.slices])
                drawn = overlaid(part, mask[rect.slices], colours, most=_SIDE)
                ending = f"_{row}_{column}" if size else ""
                note = item.split or ("" if item.decided else "no labels")
                found.append(Preview(f"{item.wanted_name.stem}{ending}", drawn, note))
    return found


class PreviewPanel(QWidget):
    """Two pictures a row, each with its name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures = [_Picture() for _ in range(SHOWN)]
        self.names = [QLabel() for _ in range(SHOWN)]
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for number, (picture, name) in enumerate(zip(self.pictures, self.names, strict=True)):
            name.setObjectName("quiet")
            name.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            name.setTextFormat(Qt.TextFormat.PlainText)
            name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            row, column = divmod(number, 2)
            layout.addWidget(picture, 2 * row, column)
            layout.addWidget(name, 2 * row + 1, column)
            layout.setRowStretch(2 * row, 1)

    def show_previews(self, found: Sequence[Preview]) -> None:
        """Shows them in place of those before."""
        for number, (picture, name) in enumerate(zip(self.pictures, self.names, strict=True)):
            one = found[number] if number < len(found) else Preview("", None)
            picture.show_pixels(one.pixels)
            text = f"{one.name} · {one.note}" if one.note else one.name
            name.setText(text)
            name.setToolTip(text)
            picture.setAccessibleName(f"Preview of {text}" if text else "")


class _Picture(QLabel):
    """A picture that is as large as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._own: QPixmap | None = None
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMinimumSize(90, 80)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)

    def show_pixels(self, pixels: Pixels | None) -> None:
        self._own = None if pixels is None else pixmap_of(pixels)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._own is None:
            self.clear()
            return
        fitted = self._own.scaled(
            self.size(),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        self.setPixmap(fitted)
