"""Which images the list shows: by name, tag and status."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt

from cnnseg_gui.core.image_table import ImageRecord

RECORD = Qt.ItemDataRole.UserRole
"""The role of an image's record."""
_TAG = "tag:"


class ImageFilter(QSortFilterProxyModel):
    """Every word must be found in the name or a tag; `tag:word` in a tag only."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: list[str] = []
        self._status = ""

    def show_only(self, text: str, status: str = "") -> None:
        """What is typed, and a status; empty: all."""
        self.beginFilterChange()
        self._words, self._status = text.casefold().split(), status
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    @property
    def active(self) -> bool:
        """Something may be hidden."""
        return bool(self._words or self._status)

    def filterAcceptsRow(
        self, source_row: int, source_parent: QModelIndex | QPersistentModelIndex
    ) -> bool:
        record = self.sourceModel().index(source_row, 0, source_parent).data(RECORD)
        return matches(record, self._words, self._status)


def matches(record: ImageRecord, words: list[str], status: str) -> bool:
    """Whether an image has all words (case folded) and the status; empty ones hold for all."""
    if status and record.status != status:
        return False
    tags = [tag.casefold() for tag in record.tags]
    name = record.name.casefold()
    for word in words:
        wanted = word.removeprefix(_TAG)
        in_tags = any(wanted in tag for tag in tags)
        if not (in_tags or (word == wanted and wanted in name)):
            return False
    return True
