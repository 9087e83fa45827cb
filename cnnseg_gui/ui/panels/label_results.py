"""What the classifiers say, one under the other, with bars."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from cnnseg_gui.editor.classifying import Answer

_ROLE = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Row:
    """A line of the list; those with a probability can be chosen."""

    model: str
    text: str
    note: str = ""
    probability: float | None = None


class LabelResults(QListWidget):
    """A heading per classifier, then its labels, the likeliest first."""

    chosen = Signal(object)
    """Row with a probability, or None."""
    accepted = Signal(object)
    """Row: it was double-clicked, or Enter was pressed on it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(_RowDelegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Labels for the image")
        self._rows: dict[str, list[Row]] = {}
        self.currentItemChanged.connect(lambda: self.chosen.emit(self.current))
        self.itemActivated.connect(self._accept)

    @property
    def current(self) -> Row | None:
        """The label that is chosen."""
        row = self.currentIndex().data(_ROLE)
        return row if isinstance(row, Row) and row.probability is not None else None

    @property
    def rows(self) -> list[Row]:
        """All lines, from the top."""
        return [row for rows in self._rows.values() for row in rows]

    def show_models(self, models: list[tuple[str, str]]) -> None:
        """A heading for each (model, name); answers of others are forgotten."""
        self._rows = {model: self._rows.get(model, [Row(model, name)]) for model, name in models}
        self._fill()

    def forget_answers(self) -> None:
        """Keeps the headings."""
        self._rows = {model: [Row(model, rows[0].text)] for model, rows in self._rows.items()}
        self._fill()

    def show_asked(self, model: str) -> None:
        self._replace(model, "…", [])

    def show_answer(self, answer: Answer) -> None:
        labels = [Row(answer.model, name, probability=p) for name, p in answer.labels]
        self._replace(answer.model, f"{1000 * answer.seconds:.0f} ms", labels)

    def show_failure(self, model: str, reason: str) -> None:
        self._replace(model, "", [Row(model, reason)])

    def choose(self, model: str, label: str) -> None:
        """As a click on it would."""
        for index in range(self.count()):
            row = self.item(index).data(_ROLE)
            if row.model == model and row.text == label and row.probability is not None:
                self.setCurrentRow(index)

    def _replace(self, model: str, note: str, rows: list[Row]) -> None:
        if model in self._rows:
            self._rows[model] = [Row(model, self._rows[model][0].text, note), *rows]
            self._fill()

    def _fill(self) -> None:
        chosen = self.current
        self.clear()
        for rows in self._rows.values():
            for number, row in enumerate(rows):
                item = QListWidgetItem(row.text, self)
                item.setData(_ROLE, row)
                item.setData(_ROLE + 1, number == 0)
                item.setToolTip(row.text)
                if row.probability is None:
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                else:
                    percent = f"{row.text}, {100 * row.probability:.0f} per cent"
                    item.setData(Qt.ItemDataRole.AccessibleTextRole, percent)
        if chosen is not None:
            self.choose(chosen.model, chosen.text)

    def _accept(self) -> None:
        if self.current is not None:
            self.accepted.emit(self.current)


class _RowDelegate(QStyledItemDelegate):
    """A bar behind the label, as long as it is likely."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        line = option.fontMetrics.height()
        row = index.data(_ROLE)
        if row.probability is None and not index.data(_ROLE + 1):  # a reason, over several lines
            view = self.parent()
            width = view.viewport().width() - 20 if isinstance(view, QListWidget) else 200
            area = QRect(0, 0, width, 10_000)
            flags = Qt.TextFlag.TextWordWrap
            return QSize(width, option.fontMetrics.boundingRect(area, flags, row.text).height() + 8)
        return QSize(120, line + 8)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row, heading = index.data(_ROLE), index.data(_ROLE + 1)
        role, palette = QPalette.ColorRole, option.palette
        box = option.rect.adjusted(8, 1, -8, -1)
        text, quiet = palette.color(role.Text), palette.color(role.PlaceholderText)
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        if heading:
            font = painter.font()
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(text)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, row.text)
            font.setBold(False)
            painter.setFont(font)
            painter.setPen(quiet)
            painter.drawText(box, right, row.note)
            return
        if row.probability is None:
            painter.setPen(quiet)
            painter.drawText(box, Qt.TextFlag.TextWordWrap, row.text)
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(palette.color(role.Highlight))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(0, 0, -1, -1), 4, 4)
        bar = QRect(box)
        bar.setWidth(max(2, round(box.width() * row.probability)))
        colour = QColor(palette.color(role.Accent))
        colour.setAlpha(70)
        painter.fillRect(bar, colour)
        percent = f"{100 * row.probability:.0f} %"
        painter.setPen(text)
        inner = box.adjusted(6, 0, -6, 0)
        painter.drawText(inner, right, percent)
        inner.setRight(inner.right() - option.fontMetrics.horizontalAdvance(percent) - 8)
        name = option.fontMetrics.elidedText(row.text, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, name)
