"""The History: every step of the image and of the classes; a click goes there."""

from __future__ import annotations

import time

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QListView, QStackedLayout, QWidget

from cnnseg_gui.core.journal import HistoryEntry
from cnnseg_gui.editor.workspace import Workspace

_Index = QModelIndex | QPersistentModelIndex
_AFTER_MS = 40  # the canvas shows a step first


class HistoryPanel(QWidget):
    """The newest step that is done is the one that is marked; what was undone is faint."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.rows = _Rows(self)
        self.list = QListView()
        self.list.setModel(self.rows)
        self.list.setUniformItemSizes(True)
        self.list.setSpacing(2)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setAccessibleName("History")
        self._empty = QLabel("What you do on this image is listed here.\nClick a step to go there.")
        self._empty.setObjectName("quiet")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        self.list.clicked.connect(self._go)
        self.list.activated.connect(self._go)
        for signal in (workspace.document_changed, workspace.classes_changed):
            signal.connect(self.refresh)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_AFTER_MS)
        self._soon.timeout.connect(self.refresh)
        workspace.image_changed.connect(lambda _: self._soon.start())

    def refresh(self) -> None:
        """Shows what there is now; while it cannot be seen, nothing is asked."""
        if not self.isVisible():
            return
        document = self._workspace.document
        entries = document.history() if document is not None else []
        self.rows.show(entries)
        self._stack.setCurrentIndex(1 if entries else 0)
        here = self.rows.index(self.rows.present)
        self.list.setCurrentIndex(here)
        self.list.scrollTo(here)

    def showEvent(self, event: object) -> None:
        self.refresh()

    def _go(self, index: QModelIndex) -> None:
        document = self._workspace.document
        if document is not None and index.isValid():
            document.go_to(self.rows.entry(index.row()))
            self.refresh()


class _Rows(QAbstractListModel):
    """The state before the first step, then the steps, oldest first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._entries: list[HistoryEntry] = []

    @property
    def present(self) -> int:
        """The row of the state that the image is in."""
        for row in range(len(self._entries), 0, -1):
            if not self._entries[row - 1].undone:
                return row
        return 0

    def entry(self, row: int) -> int | None:
        return self._entries[row - 1].id if row else None

    def show(self, entries: list[HistoryEntry]) -> None:
        """Only what is new is told to the view: after a stroke that is one row."""
        old, new = self._entries, entries
        same = 0
        if new[: len(old)] == old:
            same = len(old)
        while same < min(len(old), len(new)) and old[same] == new[same]:
            same += 1
        if same < len(old):
            self.beginRemoveRows(QModelIndex(), same + 1, len(old))
            self._entries = old[:same]
            self.endRemoveRows()
        if same < len(new):
            self.beginInsertRows(QModelIndex(), same + 1, len(new))
            self._entries = list(new)
            self.endInsertRows()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else 1 + len(self._entries)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if index.row() == 0:
            return "As it was" if role == Qt.ItemDataRole.DisplayRole else None
        entry = self._entries[index.row() - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{time.strftime('%H:%M', time.localtime(entry.created))}  {entry.name}"
        if role == Qt.ItemDataRole.ToolTipRole:
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.created))
            return f"{entry.name}, {when}{', undone' if entry.undone else ''}"
        if role == Qt.ItemDataRole.ForegroundRole and entry.undone:
            view = self.parent()
            assert isinstance(view, QWidget)
            return view.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        return None
