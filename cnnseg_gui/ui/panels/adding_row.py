"""How far the adding of images is, below their list, while there is any."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from cnnseg_gui.editor.adding import Adding

_TOLD_EVERY_MS = 100


class AddingRow(QWidget):
    """A line that counts, and Cancel."""

    def __init__(self, adding: Adding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._adding = adding
        self._told = QElapsedTimer()
        self.said = QLabel()
        self.said.setObjectName("quiet")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Images that are added already stay")
        self.cancel.setAccessibleName("Add no more images")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 0, 8, 0)
        layout.addWidget(self.said, 1)
        layout.addWidget(self.cancel)
        self.cancel.clicked.connect(adding.cancel)
        adding.found.connect(self._show)
        adding.taken.connect(self._show_often_enough)
        adding.ended.connect(self.hide)
        self.hide()

    def _show_often_enough(self) -> None:
        if self._told.hasExpired(_TOLD_EVERY_MS):
            self._show()

    def _show(self) -> None:
        self._told.start()
        done, total = self._adding.total - self._adding.left, self._adding.total
        self.said.setText(f"Adding {total:,} images: {done:,} done")
        self.setVisible(self._adding.running)
