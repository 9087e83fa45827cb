"""What a dry run has found: pictures of the first images, counts, and what to know about them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cnnseg_gui.ui.dialogs.export_preview import PreviewPanel
from cnnseg_gui.ui.dialogs.scrolled_part import scrolled_part


class FoundPanel(QWidget):
    """Stands right of the form by whose choices it goes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.preview = PreviewPanel()
        self.counts, self.warnings = QLabel(), QLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.addWidget(self.preview, 1)
        for label in (self.counts, self.warnings):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(label)

    def beside(self, form: QWidget) -> QHBoxLayout:
        """Both; each scrolls where there is no room for it."""
        both = QHBoxLayout()
        both.setSpacing(16)
        both.addWidget(scrolled_part(form, form.minimumSizeHint().width() + 24), 3)
        both.addWidget(scrolled_part(self, 240), 2)
        return both
