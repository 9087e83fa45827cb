"""The rows of the class list: what they hold, and how they look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.ui.icons import draw_icon

_Index = QModelIndex | QPersistentModelIndex
_KEYS = 10
_MIME = "application/x-cnnseg-class"
_ICON = 16
_PAD = 8


class ClassRows(QAbstractListModel):
    """The live classes, the counts of the image that is shown, and what is hidden or locked."""

    renamed = Signal(int, str)
    """Class index and the name that was typed."""
    dropped = Signal(int, int)
    """Class index and by how many rows it was dragged."""
    changed = Signal()
    """Something is hidden or locked, or no more."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.classes: tuple[PixelClass, ...] = ()
        self.hidden: frozenset[int] = frozenset()
        self.locked: frozenset[int] = frozenset()
        self._counts: dict[int, int] = {}

    def show_classes(self, classes: Sequence[PixelClass]) -> None:
        self.beginResetModel()
        self.classes = tuple(classes)
        known = frozenset(cls.index for cls in classes)
        self.hidden &= known
        self.locked &= known
        self.endResetModel()
        self.changed.emit()

    def show_marks(self, *, hidden: frozenset[int], locked: frozenset[int]) -> None:
        """What is hidden and locked from now on, by class index."""
        self.hidden, self.locked = hidden, locked
        if self.classes:
            self.dataChanged.emit(self.index(0), self.index(len(self.classes) - 1))
        self.changed.emit()

    def show_counts(self, counts: dict[int, int]) -> None:
        if counts != self._counts:
            self._counts = dict(counts)
            if self.classes:
                self.dataChanged.emit(self.index(0), self.index(len(self.classes) - 1))

    def count(self, row: int) -> int:
        return self._counts.get(self.classes[row].index, 0)

    def toggle_hidden(self, row: int) -> None:
        self.hidden ^= {self.classes[row].index}
        self._touched(row)

    def toggle_locked(self, row: int) -> None:
        self.locked ^= {self.classes[row].index}
        self._touched(row)

    def row_of(self, index: int) -> int | None:
        """The row of a class by its index."""
        return next((row for row, cls in enumerate(self.classes) if cls.index == index), None)

    # ------------------------------------------------------------------ Qt's model

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.classes)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        if not index.isValid():
            return None
        cls = self.classes[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return cls.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            states = [
                name
                for name, members in (("hidden", self.hidden), ("locked", self.locked))
                if cls.index in members
            ]
            return ", ".join([f"Class {cls.name}", f"{self.count(index.row())} pixels", *states])
        if role == Qt.ItemDataRole.ToolTipRole:
            key = f" (key {index.row()})" if index.row() < _KEYS else ""
            return f"Paint {cls.name}{key}"
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: ANN401
        cls = self.classes[index.row()]
        if role != Qt.ItemDataRole.EditRole or str(value).strip() in ("", cls.name):
            return False
        self.renamed.emit(cls.index, str(value))
        return True

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        flag = Qt.ItemFlag
        return (
            flag.ItemIsEnabled
            | flag.ItemIsSelectable
            | flag.ItemIsEditable
            | flag.ItemIsDragEnabled
        )

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        data.setData(_MIME, str(indexes[0].row()).encode())
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index
    ) -> bool:
        source = int(bytes(data.data(_MIME).data()))
        target = len(self.classes) if row < 0 else row
        by = target - source - (1 if target > source else 0)
        if by:
            self.dropped.emit(self.classes[source].index, by)
        return False  # the list is changed through the project, not by Qt

    def _touched(self, row: int) -> None:
        self.dataChanged.emit(self.index(row), self.index(row))
        self.changed.emit()


class ClassDelegate(QStyledItemDelegate):
    """Key, colour, name, count, eye and lock in one row; a click on the last two toggles them."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(200, option.fontMetrics.height() + 14)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        rows = index.model()
        assert isinstance(rows, ClassRows)
        area: QRect = option.rect
        palette: QPalette = option.palette
        state: QStyle.StateFlag = option.state
        cls = rows.classes[index.row()]
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole
        text = palette.color(role.HighlightedText if chosen else role.Text)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            ground = palette.color(role.Highlight)
            ground.setAlphaF(1.0 if chosen else 0.15)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(QRectF(area.adjusted(1, 1, -1, -1)), 6, 6)
        metrics = painter.fontMetrics()
        inner = area.adjusted(_PAD, 0, -_PAD, 0)
        if index.row() < _KEYS:
            painter.setPen(_faded(text, 0.75))
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, str(index.row()))
        inner.setLeft(inner.left() + metrics.horizontalAdvance("0") + _PAD)
        side = metrics.ascent()
        swatch = QRectF(inner.left(), inner.center().y() - side / 2, side, side)
        painter.setPen(text)
        painter.setBrush(QColor(*cls.colour))
        painter.drawRoundedRect(swatch, 3, 3)
        inner.setLeft(inner.left() + side + _PAD)
        for place, name, on in (
            (eye_area(area), "eye-off" if cls.index in rows.hidden else "eye", rows.hidden),
            (lock_area(area), "lock" if cls.index in rows.locked else "unlock", rows.locked),
        ):
            draw_icon(painter, name, QRectF(place), _faded(text, 1.0 if cls.index in on else 0.45))
        inner.setRight(eye_area(area).left() - _PAD)
        pixels = rows.count(index.row())
        count = f"{pixels:,} px".replace(",", "\u202f") if pixels else ""
        painter.setPen(_faded(text, 0.75))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(inner, right, count)
        inner.setRight(inner.right() - metrics.horizontalAdvance(count) - 6)
        painter.setPen(text)
        shown = metrics.elidedText(cls.name, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: _Index,
    ) -> bool:
        area: QRect = option.rect
        if isinstance(event, QMouseEvent) and isinstance(model, ClassRows):
            at = event.position().toPoint()
            on_eye, on_lock = eye_area(area).contains(at), lock_area(area).contains(at)
            if (on_eye or on_lock) and event.type() == QEvent.Type.MouseButtonPress:
                (model.toggle_hidden if on_eye else model.toggle_locked)(index.row())
            return on_eye or on_lock
        return False

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: _Index
    ) -> QLineEdit:
        line = QLineEdit(parent)
        line.setAccessibleName("Name of the class")
        return line


def eye_area(row: QRect) -> QRect:
    """Where a row's eye is."""
    return QRect(row.right() - 2 * (_ICON + _PAD), row.center().y() - _ICON // 2, _ICON, _ICON)


def lock_area(row: QRect) -> QRect:
    """Where a row's lock is."""
    return QRect(row.right() - (_ICON + _PAD), row.center().y() - _ICON // 2, _ICON, _ICON)


def _faded(colour: QColor, share: float) -> QColor:
    faded = QColor(colour)
    faded.setAlphaF(share * colour.alphaF())
    return faded
