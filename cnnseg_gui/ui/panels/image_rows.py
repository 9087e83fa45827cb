"""How a row of the image list is painted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from cnnseg_gui.core.image_table import APPROVED, IN_WORK, NEW, ImageRecord
from cnnseg_gui.ui.icons import draw_icon
from cnnseg_gui.ui.panels.image_model import REASON, RECORD
from cnnseg_gui.ui.panels.thumbnails import SIDE

ROW_HEIGHT = SIDE + 12
"""Pixels."""

_STATUS_ICONS = {NEW: "status-new", IN_WORK: "status-in-work", APPROVED: "status-approved"}
_Index = QModelIndex | QPersistentModelIndex


class ImageRow(QStyledItemDelegate):
    """Thumbnail, name, and a status told by shape and word, not by colour alone."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(180, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        record, name = index.data(RECORD), index.data(Qt.ItemDataRole.DisplayRole)
        palette, role = option.palette, QPalette.ColorRole
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(option.rect, palette.color(role.Highlight))
        text = palette.color(role.HighlightedText if selected else role.Text)
        quiet = text if selected else palette.color(role.PlaceholderText)
        picture = QRect(option.rect.left() + 8, option.rect.top() + 6, SIDE, SIDE)
        self._paint_picture(painter, picture, index.data(Qt.ItemDataRole.DecorationRole), palette)
        left = picture.right() + 10
        width = option.rect.right() - left - 8
        line = option.fontMetrics.height()
        top = option.rect.center().y() - line - 1
        name = option.fontMetrics.elidedText(str(name), Qt.TextElideMode.ElideMiddle, width)
        painter.setPen(text)
        painter.drawText(QRect(left, top, width, line), Qt.AlignmentFlag.AlignVCenter, name)
        status = QRectF(left - 2, top + line + 3, line, line)
        painter.setPen(quiet)
        facts = ["waits to be read"]
        if isinstance(record, ImageRecord):
            draw_icon(painter, _STATUS_ICONS.get(record.status, "status-new"), status, quiet)
            facts = [record.status, *(["held out"] if record.held_out else []), *record.tags]
            if why := index.data(REASON):
                facts = [why, *facts[1:]] if record.status == NEW else facts
        painter.drawText(
            QRect(left + line + 2, top + line + 2, width - line, line),
            Qt.AlignmentFlag.AlignVCenter,
            option.fontMetrics.elidedText(
                " · ".join(facts), Qt.TextElideMode.ElideRight, width - line
            ),
        )

    def _paint_picture(
        self, painter: QPainter, place: QRect, thumbnail: object, palette: QPalette
    ) -> None:
        if not isinstance(thumbnail, QImage) or thumbnail.isNull():
            painter.fillRect(place, palette.color(QPalette.ColorRole.Dark))
            return
        drawn = QPixmap.fromImage(thumbnail)
        painter.drawPixmap(place.topLeft(), drawn)
