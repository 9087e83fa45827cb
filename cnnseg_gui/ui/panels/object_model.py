"""The measured objects of an image as a table that can be sorted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.formats.object_table import MeasuredImage

Floats = npt.NDArray[np.floating[Any]]
Index = QModelIndex | QPersistentModelIndex

_PIXELS, _MICROMETRES = "px", "µm"


def quantities(image: MeasuredImage) -> dict[str, Floats]:
    """What is known of each object, float64[n], by its name with its unit."""
    found, size = image.objects, image.pixel_size
    unit, scale = (_PIXELS, 1.0) if size is None else (_MICROMETRES, size)
    means = found.mean_intensity
    named = {
        f"Area ({unit}²)": found.area * scale**2,
        f"Perimeter ({unit})": found.perimeter * scale,
        f"Diameter ({unit})": found.equivalent_diameter * scale,
        "Eccentricity": found.eccentricity,
        "Row (px)": found.centroid[:, 0],
        "Column (px)": found.centroid[:, 1],
    }
    for channel in range(means.shape[1]):
        name = "Intensity" if means.shape[1] == 1 else f"Intensity {channel + 1}"
        named[name] = means[:, channel]
    return named


class ObjectModel(QAbstractTableModel):
    """A row per object; the first column is its class."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._names: list[str] = []
        self._values: list[Floats] = []
        self._index: list[int] = []
        self._classes: Mapping[int, PixelClass] = {}

    def show_image(self, image: MeasuredImage | None, classes: Mapping[int, PixelClass]) -> None:
        """Shows these objects instead of those before."""
        self.beginResetModel()
        found = {} if image is None else quantities(image)
        self._names, self._values = list(found), list(found.values())
        self._index = [] if image is None else image.objects.class_index.tolist()
        self._classes = classes
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._index)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else 1 + len(self._names)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Vertical:
            return section + 1
        return "Class" if section == 0 else self._names[section - 1]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row, column = index.row(), index.column()
        if column == 0:
            return self._of_class(self._classes.get(self._index[row]), role)
        value = float(self._values[column - 1][row])
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"
        if role == Qt.ItemDataRole.UserRole:  # what is sorted by
            return value
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    @staticmethod
    def _of_class(cls: PixelClass | None, role: int) -> object:
        if cls is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.UserRole):
            return cls.name
        return QColor(*cls.colour) if role == Qt.ItemDataRole.DecorationRole else None
