"""The image list: every image with its thumbnail and status."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QImage, QKeySequence, QPainter, QPalette, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QProgressBar,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import APPROVED, IN_WORK, NEW, ImageRecord
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.icons import draw_icon
from cnnseg_gui.ui.panels.image_filter import RECORD, ImageFilter
from cnnseg_gui.ui.panels.image_menu import image_menu
from cnnseg_gui.ui.panels.thumbnails import SIDE, Thumbnails

_STATUS_ICONS = {NEW: "status-new", IN_WORK: "status-in-work", APPROVED: "status-approved"}
_Index = QModelIndex | QPersistentModelIndex


class ImageModel(QAbstractListModel):
    """The project's records, and thumbnails as they arrive."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.records: list[ImageRecord] = []
        self._rows: dict[int, int] = {}
        self._rows_by_content: dict[str, list[int]] = {}
        self.thumbnails = Thumbnails(self)
        self.thumbnails.arrived.connect(self._on_thumbnail)

    def show_records(self, records: list[ImageRecord]) -> None:
        self.beginResetModel()
        self.records = records
        self._rows = {record.id: row for row, record in enumerate(records)}
        self._rows_by_content = {}
        for row, record in enumerate(records):
            self._rows_by_content.setdefault(record.sha256, []).append(row)
        self.endResetModel()

    def replace(self, record: ImageRecord) -> None:
        row = self._rows.get(record.id)
        if row is not None and self.records[row] != record:
            self.records[row] = record
            self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, image_id: int) -> int | None:
        return self._rows.get(image_id)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.records)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        record = self.records[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return record.name
        if role == Qt.ItemDataRole.ToolTipRole:
            facts = f"{record.path}\n{record.width} × {record.height} pixels, {record.status}"
            return "\n".join((facts, *(f"tag {tag}" for tag in record.tags)))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join((record.name, record.status, *record.tags))
        if role == Qt.ItemDataRole.DecorationRole:
            return self.thumbnails.of(record)
        return record if role == RECORD else None

    def _on_thumbnail(self, sha256: str) -> None:
        for row in self._rows_by_content.get(sha256, ()):
            self.dataChanged.emit(self.index(row), self.index(row))


class ImagesPanel(QWidget):
    """The list and how far the work has come."""

    chosen = Signal(int)
    """The number of the image to open."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._last: tuple[ImageRecord, ImageSource] | None = None
        self._model = ImageModel(self)
        self._filter = ImageFilter(self)
        self._filter.setSourceModel(self._model)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Name or tag")
        self.search.setToolTip("Every word must be in the name or a tag; tag:word in a tag only")
        self.search.setAccessibleName("Show only images with this in their name or tags")
        self.search.setClearButtonEnabled(True)
        self.status = QComboBox()
        self.status.setAccessibleName("Show only images of this status")
        self.status.addItem("All", "")
        for status in (NEW, IN_WORK, APPROVED):
            self.status.addItem(status.capitalize(), status)
        self.list = QListView()
        self.list.setModel(self._filter)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Images")
        self.list.clicked.connect(self._choose)
        self.list.activated.connect(self._choose)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.search.textChanged.connect(self._show_filtered)
        self.status.currentIndexChanged.connect(self._show_filtered)
        leave = QShortcut(QKeySequence("Esc"), self.search)
        leave.setContext(Qt.ShortcutContext.WidgetShortcut)
        leave.activated.connect(self._leave_search)
        self._count = QLabel()
        self._count.setObjectName("quiet")
        self._done = QProgressBar()
        self._done.setTextVisible(False)
        self._done.setAccessibleName("Images approved")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(6)
        filters = QHBoxLayout()
        filters.setContentsMargins(8, 4, 8, 0)
        filters.addWidget(self.search, 1)
        filters.addWidget(self.status)
        layout.addLayout(filters)
        layout.addWidget(self.list, 1)
        for widget in (self._done, self._count):
            layout.addWidget(widget)
            widget.setContentsMargins(10, 0, 10, 0)
        workspace.project_changed.connect(self.refresh)
        workspace.images_changed.connect(self.refresh)
        workspace.image_changed.connect(self._refresh_one)
        workspace.document_changed.connect(self._select_current)
        self.refresh()

    def refresh(self) -> None:
        self._model.show_records(self._workspace.images())
        self._tell_count()
        self._select_current()

    def _refresh_one(self, image_id: int) -> None:
        if self._workspace.project is not None:
            self._model.replace(self._workspace.project.image(image_id))
            self._tell_count()

    def _select_current(self) -> None:
        document = self._workspace.document
        self._picture_large()
        row = self._model.row_of(document.record.id) if document else None
        if row is not None:
            index = self._filter.mapFromSource(self._model.index(row))
            self.list.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.list.scrollTo(index)

    def _picture_large(self) -> None:
        """Of a large image there is a thumbnail once it has been looked at."""
        document = self._workspace.document
        if self._last is not None:
            self._model.thumbnails.take(*self._last)
        self._last = (document.record, document.image) if document is not None else None
        if self._last is not None:
            self._model.thumbnails.take(*self._last)

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(index.data(RECORD).id)

    def _show_filtered(self) -> None:
        self._filter.show_only(self.search.text(), self.status.currentData())
        self._tell_count()
        self._select_current()

    def _leave_search(self) -> None:
        self.search.clear()
        self.list.setFocus()

    def _show_menu(self, place: QPoint) -> None:
        """The tags of the image under the pointer, and its path."""
        index, project = self.list.indexAt(place), self._workspace.project
        if index.isValid() and project is not None:
            menu = image_menu(index.data(RECORD), list(project.tags.counts()), self._workspace)
            menu.setParent(self, menu.windowFlags())
            menu.popup(self.list.viewport().mapToGlobal(place))

    def _tell_count(self) -> None:
        records = self._model.records
        approved = sum(record.status == APPROVED for record in records)
        in_work = sum(record.status == IN_WORK for record in records)
        self._done.setVisible(bool(records))
        self._done.setRange(0, max(1, len(records)))
        self._done.setValue(approved)
        shown = f"{self._filter.rowCount()} of " if self._filter.active else ""
        self._count.setText(
            f"{shown}{len(records)} images · {in_work} in work · {approved} approved"
            if records
            else ""
        )

    @property
    def count_text(self) -> str:
        return self._count.text()


class _Row(QStyledItemDelegate):
    """Thumbnail, name, and a status told by shape and word, not by colour alone."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(180, SIDE + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        record = index.data(RECORD)
        assert isinstance(record, ImageRecord)
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
        name = option.fontMetrics.elidedText(record.name, Qt.TextElideMode.ElideMiddle, width)
        painter.setPen(text)
        painter.drawText(QRect(left, top, width, line), Qt.AlignmentFlag.AlignVCenter, name)
        status = QRectF(left - 2, top + line + 3, line, line)
        draw_icon(painter, _STATUS_ICONS.get(record.status, "status-new"), status, quiet)
        painter.setPen(quiet)
        facts = [record.status, *(["held out"] if record.held_out else []), *record.tags]
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
