"""What stands in the canvas's place when there is nothing to show: what to do next."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cnnseg_gui.ui.icons import icon


class EmptyState(QWidget):
    """Two texts: no project is open, or the project has no image to show."""

    open_folder_asked = Signal()
    open_project_asked = Signal()
    demo_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emptyState")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        sign = QLabel()
        sign.setPixmap(icon("app").pixmap(72, 72))
        sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title, self._text = QLabel(), QLabel()
        self._title.setObjectName("welcome")
        self._text.setObjectName("quiet")
        for label in (self._title, self._text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
        column = QVBoxLayout()  # in a row they would keep a small window from being narrow
        for text, signal, name in (
            ("Open a folder of images", self.open_folder_asked, "primary"),
            ("Open a project", self.open_project_asked, ""),
            ("Try the sample", self.demo_asked, ""),
        ):
            button = QPushButton(text)
            button.setObjectName(name)
            button.clicked.connect(signal)
            column.addWidget(button)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addLayout(column)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(sign)
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        layout.addSpacing(12)
        layout.addLayout(buttons)
        layout.addStretch(3)
        self.show_no_project()

    def show_no_project(self) -> None:
        self._title.setText("Your corrections teach the network while you paint")
        self._text.setText(
            "Open a folder of images, or drop images or a folder here. The network proposes a "
            "mask; you correct it; it learns from you and proposes better ones for the rest."
        )

    def show_no_image(self) -> None:
        self._title.setText("No image to show")
        self._text.setText("Drop images or a folder here, or choose an image in the list.")
