"""Help ▸ Keyboard: other keys for any action, or the keys of another program."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.keys.profiles import PROFILES
from cnnseg_gui.ui.keys.spec import GROUPS, ActionSpec, native, normalised, refusal
from cnnseg_gui.ui.screen_size import open_at

_NAME = Qt.ItemDataRole.UserRole


class KeyboardDialog(QDialog):
    """Not modal; every change holds at once and is kept."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bindings = actions.bindings
        self._specs = {spec.name: spec for spec in actions.live()}
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._groups: dict[str, QTreeWidgetItem] = {}
        self._wanted: tuple[str, str] | None = None
        self.setWindowTitle("Keyboard")
        open_at(self, 620, 680)
        self.profile = QComboBox()
        self.profile.addItems(list(PROFILES))
        self.profile.setAccessibleName("Profile")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search: an action or a key")
        self.search.setAccessibleName("Search actions and keys")
        self.search.setClearButtonEnabled(True)
        self.table = QTreeWidget()
        self.prompt = QLabel()
        self.field = QKeySequenceEdit()
        self.field.setMaximumSequenceLength(1)
        self.field.setAccessibleName("New keys")
        self.add = QCheckBox("Keep its other keys")
        self.remove = QPushButton("No Key")
        self.reset = QPushButton("Reset")
        self.reset_all = QPushButton("Reset All")
        self.question = QLabel()
        self.question.setWordWrap(True)
        self.take = QPushButton("Take It")
        self.leave = QPushButton("Cancel")
        self._bar = QFrame()
        self._build()
        self._fill()
        self._connect()
        self._show_keys()
        self._show_chosen()

    @property
    def chosen(self) -> str | None:
        """The action whose keys are changed."""
        item = self.table.currentItem()
        return item.data(0, _NAME) if item is not None else None

    def choose(self, name: str) -> None:
        """Chooses an action's row."""
        self.table.setCurrentItem(self._rows[name])

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.table.setHeaderLabels(["Action", "Keys"])
        self.table.setAccessibleName("Actions and their keys")
        self.table.setRootIsDecorated(False)
        header = self.table.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._bar.setObjectName("banner")
        self._bar.setFrameShape(QFrame.Shape.StyledPanel)
        _row(QHBoxLayout(self._bar), self.question, self.take, self.leave)
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        for button in (self.remove, self.reset, self.reset_all, self.take, self.leave, close):
            button.setAutoDefault(False)
        label = QLabel("&Profile")
        label.setBuddy(self.profile)
        top, entry, bottom = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        _row(top, self.search, label, self.profile)
        _row(entry, self.field, self.add, self.remove, self.reset)
        bottom.addWidget(self.reset_all)
        bottom.addStretch(1)
        bottom.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.prompt)
        layout.addLayout(entry)
        layout.addWidget(self._bar)
        layout.addLayout(bottom)

    def _fill(self) -> None:
        for title in GROUPS:
            specs = [spec for spec in self._specs.values() if spec.group == title]
            if specs:
                group = self._groups[title] = QTreeWidgetItem(self.table, [title])
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                font = group.font(0)
                font.setBold(True)
                group.setFont(0, font)
                for spec in specs:
                    row = QTreeWidgetItem(group, [_label(spec)])
                    row.setData(0, _NAME, spec.name)
                    self._rows[spec.name] = row
        self.table.expandAll()

    def _connect(self) -> None:
        self.search.textChanged.connect(self._filter)
        self.profile.textActivated.connect(self._bindings.set_profile)
        self.table.currentItemChanged.connect(self._show_chosen)
        for signal in (self.table.itemClicked, self.table.itemActivated):
            signal.connect(lambda: self.field.setFocus())
        self.field.keySequenceChanged.connect(self._on_pressed)
        self.remove.clicked.connect(lambda: self._change(()))
        self.reset.clicked.connect(self._reset)
        self.reset_all.clicked.connect(self._bindings.reset_all)
        self.take.clicked.connect(self._take)
        self.leave.clicked.connect(self._forget)
        self._bindings.changed.connect(self._show_keys)

    # ------------------------------------------------------------------ what is done

    def _on_pressed(self, sequence: QKeySequence) -> None:
        name = self.chosen
        written = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        key = normalised(written)
        with QSignalBlocker(self.field):
            self.field.clear()
        if name is None or not written:
            return
        if key is None:
            self.prompt.setText(f"{native(written)} cannot be chosen: {refusal(written)}.")
            return
        holders = [other for other in self._bindings.holders(name, key) if other in self._specs]
        if not holders:
            self._bind(name, key)
            return
        self._wanted = name, key
        others = ", ".join(f"“{_label(self._specs[other])}”" for other in holders)
        here = _label(self._specs[name])
        self.question.setText(f"{native(key)} is the key of {others}. Take it for “{here}”?")
        self._bar.show()
        self.take.setFocus()

    def _bind(self, name: str, key: str) -> None:
        kept = self._bindings.keys(name) if self.add.isChecked() else ()
        self._forget()
        self._bindings.bind(name, (*kept, key))

    def _take(self) -> None:
        if self._wanted is not None:
            self._bind(*self._wanted)

    def _forget(self) -> None:
        self._wanted = None
        self._bar.hide()
        self.table.setFocus()

    def _change(self, keys: tuple[str, ...]) -> None:
        name = self.chosen
        if name is not None:
            self._forget()
            self._bindings.bind(name, keys)

    def _reset(self) -> None:
        name = self.chosen
        if name is not None:
            self._forget()
            self._bindings.reset(name)

    # ------------------------------------------------------------------ what is shown

    def _show_keys(self) -> None:
        self.profile.setCurrentText(self._bindings.profile)
        for name, row in self._rows.items():
            changed = self._bindings.is_changed(name)
            row.setText(1, self._bindings.all_shown(name) + (" (changed)" if changed else ""))
            font = row.font(1)
            font.setBold(changed)
            row.setFont(1, font)
            own = ", ".join(map(native, self._bindings.profile_keys(name))) or "no key"
            row.setToolTip(1, f"{self._bindings.profile}: {own}")
        self._filter(self.search.text())
        self._show_buttons()

    def _show_chosen(self) -> None:
        self._wanted = None
        self._bar.hide()
        name = self.chosen
        if name is None:
            self.prompt.setText("Click an action, then press its new keys.")
        else:
            self.prompt.setText(f"Press the new keys for “{_label(self._specs[name])}”:")
        self._show_buttons()

    def _show_buttons(self) -> None:
        name = self.chosen
        self.field.setEnabled(name is not None)
        self.remove.setEnabled(name is not None and bool(self._bindings.keys(name)))
        self.reset.setEnabled(name is not None and self._bindings.is_changed(name))
        self.reset_all.setEnabled(any(map(self._bindings.is_changed, self._rows)))

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for name, row in self._rows.items():
            told = f"{self._specs[name].group} {row.text(0)} {row.text(1)}".lower()
            row.setHidden(not all(word in told for word in words))
        for title, group in self._groups.items():
            rows = [row for name, row in self._rows.items() if self._specs[name].group == title]
            group.setHidden(all(row.isHidden() for row in rows))


def _label(spec: ActionSpec) -> str:
    return spec.label.rstrip("…")


def _row(layout: QHBoxLayout, first: QWidget, *others: QWidget) -> None:
    layout.addWidget(first, 1)
    for widget in others:
        layout.addWidget(widget)
