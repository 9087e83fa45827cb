"""The class list: which class is painted, what is hidden or locked, and how the list is edited."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QModelIndex, QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QColor, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QHBoxLayout,
    QListView,
    QMenu,
    QMessageBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.class_list import BACKGROUND
from cnnseg_gui.core.classes import PALETTE, PixelClass
from cnnseg_gui.editor.class_editing import ClassEditing
from cnnseg_gui.ui.actions import expect_no_menu, keep_size
from cnnseg_gui.ui.icons import icon
from cnnseg_gui.ui.panels.class_rows import ClassDelegate, ClassRows


class ClassesPanel(QWidget):
    """The list with its buttons below; everything is in the row's menu too."""

    chosen = Signal(int)
    """The class index to paint."""
    hidden_changed = Signal(object)
    """frozenset of the class indices that are not to be drawn."""
    locked_changed = Signal(object)
    """frozenset of the class indices whose pixels stay as they are."""

    def __init__(self, editing: ClassEditing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editing = editing
        self.rows = ClassRows(self)
        self.list = QListView()
        self._actions = self._make_actions()
        self._build()
        self.rows.renamed.connect(editing.rename)
        self.rows.dropped.connect(editing.move)
        self.rows.changed.connect(self._on_marks)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.list.customContextMenuRequested.connect(self._show_menu)

    def show_classes(self, classes: Sequence[PixelClass]) -> None:
        """Another list; the active class is told by `choose`."""
        with QSignalBlocker(self.list.selectionModel()):
            self.rows.show_classes(classes)

    def choose(self, index: int) -> None:
        """Shows which class is active."""
        row = self.rows.row_of(index)
        if row is not None and row != self.list.currentIndex().row():
            with QSignalBlocker(self.list.selectionModel()):
                self.list.setCurrentIndex(self.rows.index(row))
            self.list.viewport().update()
        self._show_possible()

    def show_marks(self, *, hidden: frozenset[int], locked: frozenset[int]) -> None:
        """What is hidden and locked from now on, by class index."""
        self.rows.show_marks(hidden=hidden, locked=locked)

    def show_counts(self, decided: dict[int, int]) -> None:
        """Decided pixels of the current image by class index."""
        self.rows.show_counts(decided)

    # ------------------------------------------------------------------ edits

    def add(self) -> None:
        """A new class with a name to be typed over."""
        taken = {cls.name for cls in self.rows.classes}
        number = len(self.rows.classes)
        while f"class {number}" in taken:
            number += 1
        index = self._editing.add(f"class {number}")
        row = None if index is None else self.rows.row_of(index)
        if row is not None:
            self.list.setCurrentIndex(self.rows.index(row))
            self.list.edit(self.rows.index(row))

    def rename(self) -> None:
        self.list.edit(self.list.currentIndex())

    def recolour(self) -> None:
        cls = self._current
        if cls is None:
            return
        for place, colour in enumerate(PALETTE):
            QColorDialog.setCustomColor(place, QColor(*colour))
        dialog = QColorDialog(QColor(*cls.colour), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(f"Colour of {cls.name}")
        dialog.colorSelected.connect(
            lambda colour: self._editing.recolour(
                cls.index, (colour.red(), colour.green(), colour.blue())
            )
        )
        dialog.open()

    def move_class(self, by: int) -> None:
        if self._current is not None:
            self._editing.move(self._current.index, by)

    def delete(self) -> None:
        """Says first what it changes."""
        cls = self._current
        if cls is not None and cls.index != BACKGROUND:
            self._confirm(
                f"Delete {cls.name}?",
                f"{self._cost(cls)} will be unlabelled.",
                "Delete",
                partial(self._editing.delete, cls.index),
            )

    def merge(self, into: PixelClass) -> None:
        """Says first what it changes."""
        cls = self._current
        if cls is not None and cls.index != BACKGROUND:
            self._confirm(
                f"Merge {cls.name} into {into.name}?",
                f"{self._cost(cls)} will be {into.name}.",
                "Merge",
                partial(self._editing.merge, cls.index, into.index),
            )

    # ------------------------------------------------------------------ inside

    @property
    def _current(self) -> PixelClass | None:
        row = self.list.currentIndex().row()
        return self.rows.classes[row] if 0 <= row < len(self.rows.classes) else None

    def _cost(self, cls: PixelClass) -> str:
        pixels, images = self._editing.cost(cls.index)
        if not pixels:
            return f"No pixel of {cls.name} is decided; what is painted so later"
        return f"{pixels:,} pixels in {images:,} image{'s' if images != 1 else ''}"

    def _confirm(self, question: str, says: str, verb: str, act: object) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Question, verb, question, QMessageBox.StandardButton.Cancel, self
        )
        box.setInformativeText(f"{says} Edit ▸ Undo takes it back.")
        button = box.addButton(verb, QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(button)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        button.clicked.connect(act)
        box.open()

    def _build(self) -> None:
        view = self.list
        view.setModel(self.rows)
        view.setItemDelegate(ClassDelegate(view))
        view.setAccessibleName("Classes")
        view.setMouseTracking(True)
        view.setFrameShape(QListView.Shape.NoFrame)
        view.setEditTriggers(
            QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.DoubleClicked
        )
        view.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        view.setDefaultDropAction(Qt.DropAction.MoveAction)
        view.setDropIndicatorShown(True)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.addActions(list(self._actions.values()))
        row = QHBoxLayout()
        row.setSpacing(2)
        for name in ("add", "rename", "recolour", "up", "down", "delete"):
            button = QToolButton()
            button.setDefaultAction(self._actions[name])
            expect_no_menu(button)
            button.setAutoRaise(True)
            button.setAccessibleName(self._actions[name].text())
            keep_size(button)
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 4)
        layout.setSpacing(2)
        layout.addWidget(view, 1)
        layout.addLayout(row)

    def _make_actions(self) -> dict[str, QAction]:
        made = {}
        for name, text, icon_name, key, slot in (
            ("add", "Add Class", "add", "", self.add),
            ("rename", "Rename…", "rename", "F2", self.rename),
            ("recolour", "Colour…", "palette", "", self.recolour),
            ("up", "Move Up", "up", "Alt+Up", lambda: self.move_class(-1)),
            ("down", "Move Down", "down", "Alt+Down", lambda: self.move_class(+1)),
            ("delete", "Delete…", "delete", "Delete", self.delete),
        ):
            action = made[name] = QAction(icon(icon_name), text, self)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            if key and name != "rename":  # F2 is the list's own key
                action.setShortcut(QKeySequence(key))
            action.setToolTip(f"{text.rstrip('…')} ({key})" if key else text.rstrip("…"))
            action.triggered.connect(slot)
        return made

    def _on_current(self, current: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(self.rows.classes[current.row()].index)
        self._show_possible()

    def _on_marks(self) -> None:
        self.hidden_changed.emit(self.rows.hidden)
        self.locked_changed.emit(self.rows.locked)

    def _show_possible(self) -> None:
        cls, row = self._current, self.list.currentIndex().row()
        self._actions["add"].setEnabled(bool(self.rows.classes))  # without a project there is none
        for name in ("rename", "recolour"):
            self._actions[name].setEnabled(cls is not None)
        self._actions["delete"].setEnabled(cls is not None and cls.index != BACKGROUND)
        self._actions["up"].setEnabled(row > 0)
        self._actions["down"].setEnabled(0 <= row < len(self.rows.classes) - 1)

    def _show_menu(self, place: QPoint) -> None:
        cls = self._current
        menu = QMenu(self)
        for name in ("add", "rename", "recolour", "up", "down"):
            menu.addAction(self._actions[name])
        if cls is not None and cls.index != BACKGROUND:
            others = menu.addMenu("Merge into")
            for other in self.rows.classes:
                if other.index != cls.index:
                    others.addAction(other.name, partial(self.merge, other))
        menu.addAction(self._actions["delete"])
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.list.viewport().mapToGlobal(place))
