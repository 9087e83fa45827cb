"""In the status bar: what is being computed on the shown image, and a button that stops it."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLabel, QStatusBar, QToolButton

from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.workspace import Workspace


class ComputingStatus(QObject):
    """Nothing where nothing is computed. Esc on the canvas does what the button does."""

    def __init__(self, workspace: Workspace, status: QStatusBar, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace, self._status = workspace, status
        self._document: Document | None = None
        self._label = QLabel()
        self._label.setAccessibleName("Computing")
        self._stop = QToolButton()
        self._stop.setText("Stop")
        self._stop.setToolTip("Stop computing; the mask stays as it is (Esc)")
        self._stop.clicked.connect(self._on_stop)
        for widget in (self._label, self._stop):
            status.addWidget(widget)
        workspace.document_changed.connect(self._on_document)
        self._show()

    @property
    def text(self) -> str:
        """What is shown; empty where nothing is computed."""
        return "" if self._label.isHidden() else self._label.text()

    @property
    def stop_button(self) -> QToolButton:
        return self._stop

    def _on_document(self) -> None:
        if self._document is not None:
            self._document.computing_changed.disconnect(self._show)
        self._document = self._workspace.document
        if self._document is not None:
            self._document.computing_changed.connect(self._show)
        self._show()

    def _on_stop(self) -> None:
        if self._document is not None:
            self._document.stop_computing()

    def _show(self) -> None:
        name = self._document.computed_now if self._document is not None else ""
        if name:
            self._status.clearMessage()  # it has their place
        self._label.setText(f"{name} …")
        self._label.setVisible(bool(name))
        self._stop.setVisible(bool(name))
