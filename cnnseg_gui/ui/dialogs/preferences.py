"""Preferences: two numbers, each with what it is for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.ui.preferences import (
    DEFAULT_HISTORY_MB,
    DEFAULT_LARGEST,
    HISTORY_MB,
    LARGEST_MEGAPIXELS,
    Preferences,
)


class PreferencesDialog(QDialog):
    """Takes effect on OK."""

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        self._preferences = preferences
        self.history = _box(HISTORY_MB, " MB", preferences.history_mb)
        self.largest = _box(LARGEST_MEGAPIXELS, " megapixels", preferences.largest_megapixels)
        form = QFormLayout()
        form.addRow("Undo &history of a project, at most", self.history)
        form.addRow(
            _quiet(
                "Beyond it the oldest steps are forgotten. What is painted never is. "
                f"{DEFAULT_HISTORY_MB:,} MB are many thousand strokes."
            )
        )
        form.addRow("&Largest image", self.largest)
        form.addRow(
            _quiet(
                "A file that says it has more pixels is refused before it is read: it may be a "
                f"few bytes that unpack to many gigabytes. {DEFAULT_LARGEST:,} megapixels let "
                "30,000 × 30,000 pass."
            )
        )
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.defaults = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        self.defaults.clicked.connect(self._restore)
        buttons.accepted.connect(self._take)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(buttons)

    def _restore(self) -> None:
        self.history.setValue(DEFAULT_HISTORY_MB)
        self.largest.setValue(DEFAULT_LARGEST)

    def _take(self) -> None:
        self._preferences.change(
            history_mb=self.history.value(), largest_megapixels=self.largest.value()
        )
        self.accept()


def _box(allowed: range, unit: str, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(allowed[0], allowed[-1])
    box.setGroupSeparatorShown(True)
    box.setSuffix(unit)
    box.setValue(value)
    return box


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("quiet")
    label.setWordWrap(True)
    return label
