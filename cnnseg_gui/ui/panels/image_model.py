"""The rows of the image list: read from the project in parts, and looked up as they are shown."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import replace

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_listing import ListedImage
from cnnseg_gui.core.image_table import FORMER, ImageRecord
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.queue_order import Queue
from cnnseg_gui.editor.adding import Adding
from cnnseg_gui.ui.panels.image_filter import ImageFilter
from cnnseg_gui.ui.panels.image_index import ImageIndex
from cnnseg_gui.ui.panels.image_order import ImageOrder
from cnnseg_gui.ui.panels.thumbnails import Thumbnails

RECORD = Qt.ItemDataRole.UserRole
"""The role of an image's record; None for a file that is still to be read."""
REASON = RECORD + 1
"""The role of why an image stands where it does in the queue, in a few words; else empty."""

_PART = 1000  # rows that are read, or searched, between two events: some 3 ms
_KEPT = 300  # records: several screenfuls
_Index = QModelIndex | QPersistentModelIndex


class ImageModel(QAbstractListModel):
    """The images that the filter lets through, then the files that wait to be added.

    Everything comes in parts between two events, so that a list of 100,000 never holds up the
    window; the first part is there at once.
    """

    grew = Signal()
    """There are more rows, or it is known of more images how far they are."""

    def __init__(self, adding: Adding, parent: QObject) -> None:
        super().__init__(parent)
        self._project: Project | None = None
        self.index_of_images = ImageIndex()
        self._records: OrderedDict[int, ImageRecord] = OrderedDict()
        self._filter = ImageFilter()
        self._queue: Queue | None = None
        self._order: ImageOrder | None = None  # None: the folder's
        self._shown = array("q")  # positions in the order that are let through
        self._searched = 0  # positions in the order
        self._loaded = True
        self._adding = adding
        self._waiting = 0  # files
        self.thumbnails = Thumbnails(self)
        self._next_part = QTimer(self)
        self._next_part.setInterval(0)
        self._next_part.timeout.connect(self._take_part)
        adding.found.connect(self._show_waiting)
        adding.taken.connect(self._drop_waiting)

    # ------------------------------------------------------------------ what is shown

    def show_project(self, project: Project | None) -> None:
        """Begins anew with the images of a project."""
        if project is None:
            self.thumbnails.rest()
        self.beginResetModel()
        self._project = project
        self.index_of_images = ImageIndex()
        self._records.clear()
        self._queue = self._order = None
        self._forget_search()
        self._loaded = project is None
        self.endResetModel()
        self._take_part()

    def show_only(self, wanted: ImageFilter) -> None:
        """Searches anew."""
        self.beginResetModel()
        self._filter = wanted
        self._forget_search()
        self.endResetModel()
        self._take_part()

    def show_order(self, queue: Queue | None) -> None:
        """Lists the images of a queue first and in its order; None: as in the folder.

        While the list is being read it stays as it is, and is ordered then.
        """
        if queue is None and self._order is None:
            self._queue = None
            return
        self._queue = queue
        if not self._loaded:
            return
        self.beginResetModel()
        self._order = None if queue is None else ImageOrder(queue, self.index_of_images.ids)
        self._forget_search()
        self.endResetModel()
        self._take_part()

    def beside(self, image_id: int, by: int) -> int | None:
        """The image `by` places further in the list, or the last one on the way.

        None where the order is the folder's.
        """
        row = self.index_of_images.row_of(image_id)
        if self._order is None or row is None:
            return None
        here = self._position(row)
        there = min(max(here + by, 0), len(self.index_of_images) - 1)
        return self.index_of_images.id(self._row(there))

    def listed(self) -> list[int]:
        """The numbers of the images that the filter lets through, in the list's order."""
        places = self._shown if self._filter.active else range(self._searched)
        return [self.index_of_images.id(self._row(place)) for place in places]

    def load_added(self) -> None:
        """Takes up images that were added after the last."""
        self._loaded = self._project is None
        if not self._next_part.isActive():
            self._take_part()

    def refresh(self, image_id: int) -> None:
        """Reads one image again; it may appear or go, as the filter has it."""
        row = self.index_of_images.row_of(image_id)
        if row is None or self._project is None:
            return
        before = self._records.pop(image_id, None)
        record = self._project.image(image_id)
        if before is not None and replace(before, decided=record.decided) == record:
            self._records[image_id] = record  # a stroke like others: its row says the same
            return
        if record.status == FORMER:
            self.show_project(self._project)
            return
        listed = ListedImage(image_id, record.name, record.status, record.tags)
        self.index_of_images.replace(row, listed)
        place = self.place_of(image_id)
        accepted = self.index_of_images.accepted(row, self._filter)
        if place is not None and accepted:
            self.dataChanged.emit(self.index(place), self.index(place))
        elif place is not None:
            self.beginRemoveRows(QModelIndex(), place, place)
            del self._shown[place]
            self.endRemoveRows()
        elif accepted and (position := self._position(row)) < self._searched:
            place = bisect_left(self._shown, position)
            self.beginInsertRows(QModelIndex(), place, place)
            self._shown.insert(place, position)
            self.endInsertRows()
        self.grew.emit()

    def place_of(self, image_id: int) -> int | None:
        """The row in which an image is shown; None where it is not, or not yet."""
        row = self.index_of_images.row_of(image_id)
        if row is None:
            return None
        position = self._position(row)
        if not self._filter.active:
            return position if position < self._searched else None
        place = bisect_left(self._shown, position)
        found = place < len(self._shown) and self._shown[place] == position
        return place if found else None

    @property
    def filtered(self) -> bool:
        """Something may be hidden."""
        return self._filter.active

    @property
    def shown(self) -> int:
        """Images that the filter lets through; all are known where it is `complete`."""
        return len(self._shown) if self._filter.active else self._searched

    @property
    def complete(self) -> bool:
        """Every image has been read and searched."""
        return self._loaded and self._searched == len(self.index_of_images)

    # ------------------------------------------------------------------ Qt's side

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else self.shown + self._waiting_shown

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if index.isValid() and index.row() < self.shown:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        if index.row() >= self.shown:
            return self._data_of_waiting(index.row() - self.shown, role)
        position = self._shown[index.row()] if self._filter.active else index.row()
        row = self._row(position)
        if role == REASON:
            return self._order.brief(position) if self._order is not None else ""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.index_of_images.name(row)
        record = self._record(self.index_of_images.id(row))
        if record is None or role == RECORD:
            return record
        if role == Qt.ItemDataRole.ToolTipRole:
            facts = f"{record.path}\n{record.width} × {record.height} pixels, {record.status}"
            why = self._order.reason(position) if self._order is not None else ""
            lines = [facts, *(f"tag {tag}" for tag in record.tags), *([why] if why else [])]
            return "\n".join(lines)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            why = self._order.reason(position) if self._order is not None else ""
            return ", ".join((record.name, record.status, *record.tags, *([why] if why else [])))
        if role == Qt.ItemDataRole.DecorationRole:
            return self.thumbnails.of(record)
        return None

    # ------------------------------------------------------------------ inside

    @property
    def _waiting_shown(self) -> int:
        """Files that wait are not searched."""
        return 0 if self._filter.active else self._waiting

    def _data_of_waiting(self, place: int, role: int) -> object:
        path = self._adding.file(place)
        if role == Qt.ItemDataRole.DisplayRole:
            return path.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{path}\nwaits to be read"
        return None

    def _record(self, image_id: int) -> ImageRecord | None:
        record = self._records.get(image_id)
        if record is None and self._project is not None:
            try:
                record = self._project.image(image_id)
            except (UserError, KeyError):  # the disk is gone: said where something is done
                return None
            self._records[image_id] = record
            if len(self._records) > _KEPT:
                self._records.popitem(last=False)
        return record

    def _row(self, position: int) -> int:
        """The row of the index at a place of the order."""
        return position if self._order is None else self._order.row(position)

    def _position(self, row: int) -> int:
        return row if self._order is None else self._order.position(row)

    def _forget_search(self) -> None:
        self._shown = array("q")
        self._searched = 0

    def _take_part(self) -> None:
        """Reads the next images, or searches those that are read."""
        if not self._loaded:
            self._read_part()
        self._search_part()
        if self.complete:
            self._next_part.stop()
        elif not self._next_part.isActive():
            self._next_part.start()
        self.grew.emit()

    def _read_part(self) -> None:
        assert self._project is not None
        try:
            images = self._project.listing.page(after=self.index_of_images.last, most=_PART)
        except UserError:  # said where something is done
            images = []
        self.index_of_images.extend(images)
        self._loaded = len(images) < _PART
        if self._loaded and self._queue is not None and self._order is None:
            self.show_order(self._queue)

    def _search_part(self) -> None:
        end = min(len(self.index_of_images), self._searched + _PART)
        places, active = range(self._searched, end), self._filter.active
        accepted = [p for p in places if self._accepted(self._row(p))] if active else places
        if accepted:
            self.beginInsertRows(QModelIndex(), self.shown, self.shown + len(accepted) - 1)
        if active:
            self._shown.extend(accepted)
        self._searched = end
        if accepted:
            self.endInsertRows()

    def _accepted(self, row: int) -> bool:
        return self.index_of_images.accepted(row, self._filter)

    def _show_waiting(self) -> None:
        more = self._adding.left - self._waiting
        first = self.rowCount()
        if more > 0 and not self._filter.active:
            self.beginInsertRows(QModelIndex(), first, first + more - 1)
            self._waiting += more
            self.endInsertRows()
        else:
            self._waiting += more

    def _drop_waiting(self, count: int) -> None:
        if count and not self._filter.active:
            self.beginRemoveRows(QModelIndex(), self.shown, self.shown + count - 1)
            self._waiting -= count
            self.endRemoveRows()
        else:
            self._waiting -= count
