"""What this program is, and the facts a bug report needs."""

from __future__ import annotations

import platform
from importlib.metadata import version

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from cnnseg_gui import __version__


def diagnostics() -> str:
    """Versions and platform, one per line."""
    lines = [f"CNNSeg {__version__}", f"Python {platform.python_version()}", platform.platform()]
    lines += [f"Qt {qVersion()} ({QApplication.platformName()})"]
    lines += [f"{name} {version(name)}" for name in ("torch", "torchvision", "numpy", "pillow")]
    return "\n".join(lines)


class AboutDialog(QDialog):
    """Versions, licence, and a button that copies them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About CNNSeg")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = QLabel("CNNSeg")
        title.setObjectName("welcome")
        text = QLabel(
            "Your corrections teach the network while you paint.\n"
            "MIT licence. Sample images: 2018 Data Science Bowl, CC0.\n\n" + diagnostics()
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy Diagnostics", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QApplication.clipboard().setText(diagnostics()))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(title)
        layout.addWidget(text)
        layout.addWidget(buttons)
