"""A list whose rows are all equally high: nothing about it takes longer with more rows."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
)
from PySide6.QtGui import QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem, QWidget

_Index = QModelIndex | QPersistentModelIndex


class UniformList(QAbstractItemView):
    """One column, one row chosen at a time, painted by its delegate.

    QListView lays out all rows again whenever some are added: 120 ms for 100,000.
    """

    def __init__(self, row_height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row_height = row_height
        self._measure = QTimer(self)  # once for all rows that come and go at a time
        self._measure.setSingleShot(True)
        self._measure.setInterval(0)
        self._measure.timeout.connect(self.updateGeometries)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        if model is not None:
            model.rowsRemoved.connect(lambda _, start, end: self._on_rows_changed(start))

    # ------------------------------------------------------------------ where rows are

    def visualRect(self, index: _Index) -> QRect:
        if not index.isValid():
            return QRect()
        top = index.row() * self._row_height - self.verticalOffset()
        return QRect(0, top, self.viewport().width(), self._row_height)

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = (point.y() + self.verticalOffset()) // self._row_height
        return self._at(row) if 0 <= row < self._rows else QModelIndex()

    def scrollTo(
        self,
        index: _Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        if not index.isValid():
            return
        if self._measure.isActive():  # rows that have just come count
            self.updateGeometries()
        bar, height = self.verticalScrollBar(), self.viewport().height()
        top = index.row() * self._row_height
        bottom = top + self._row_height - height
        value = bar.value()
        hints = QAbstractItemView.ScrollHint
        if hint == hints.PositionAtTop or (hint == hints.EnsureVisible and value > top):
            bar.setValue(top)
        elif hint == hints.PositionAtBottom or (hint == hints.EnsureVisible and value < bottom):
            bar.setValue(bottom)
        elif hint == hints.PositionAtCenter:
            bar.setValue(top - (height - self._row_height) // 2)
        self.viewport().update()

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: _Index) -> bool:
        return False

    def updateGeometries(self) -> None:
        self._measure.stop()
        height = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._rows * self._row_height - height))
        bar.setPageStep(height)
        bar.setSingleStep(self._row_height // 2)
        super().updateGeometries()

    # ------------------------------------------------------------------ what happens to rows

    def rowsInserted(self, parent: _Index, start: int, end: int) -> None:
        super().rowsInserted(parent, start, end)
        self._on_rows_changed(start)

    def reset(self) -> None:
        super().reset()
        self._on_rows_changed(0)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        moves = QAbstractItemView.CursorAction
        page = max(1, self.viewport().height() // self._row_height)
        by = {
            moves.MoveUp: -1,
            moves.MovePrevious: -1,
            moves.MoveDown: 1,
            moves.MoveNext: 1,
            moves.MovePageUp: -page,
            moves.MovePageDown: page,
            moves.MoveHome: -self._rows,
            moves.MoveEnd: self._rows,
        }.get(action, 0)
        here = self.currentIndex()
        row = here.row() + by if here.isValid() else 0
        return self._at(min(max(row, 0), self._rows - 1)) if self._rows else QModelIndex()

    def keyboardSearch(self, search: str) -> None:
        """Letters are the window's keys; Qt's own search would ask for every row."""

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        index = self.indexAt(rect.topLeft())
        self.selectionModel().select(index, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        for chosen in selection.toList():
            top, bottom = self.visualRect(chosen.topLeft()), self.visualRect(chosen.bottomRight())
            region += top.united(bottom)
        return region

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        painter = QPainter(self.viewport())
        first = (event.rect().top() + self.verticalOffset()) // self._row_height
        last = (event.rect().bottom() + self.verticalOffset()) // self._row_height
        for row in range(max(0, first), min(last, self._rows - 1) + 1):
            index = self._at(row)
            option = QStyleOptionViewItem()
            self.initViewItemOption(option)
            option.rect = self.visualRect(index)
            if self.selectionModel().isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            self.itemDelegate().paint(painter, option, index)
        painter.end()

    # ------------------------------------------------------------------ inside

    def _on_rows_changed(self, first: int) -> None:
        self._measure.start()
        bottom = self.verticalOffset() + self.viewport().height()
        if first * self._row_height < bottom:
            self.viewport().update()

    @property
    def _rows(self) -> int:
        model: QAbstractItemModel | None = self.model()
        return 0 if model is None else model.rowCount()

    def _at(self, row: int) -> QModelIndex:
        return self.model().index(row, 0)
