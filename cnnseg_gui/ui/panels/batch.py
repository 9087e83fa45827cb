"""The Batch panel: propose for many images, and accept what is sure enough."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.editor.batch import BatchRun

SURE = 95
"""Per cent: what is accepted from, at first."""


class BatchPanel(QWidget):
    """What is asked for, how far it has come, and what was cut short."""

    start_asked = Signal(bool)
    """Only the images that the list shows, or all."""
    cancel_asked = Signal()
    go_on_asked = Signal()
    discard_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.all_images = QRadioButton("All images that are not approved")
        self.listed = QRadioButton("Only those that the list of images shows")
        self.listed.setToolTip("Search or choose a status there first; approved ones are left out")
        self.all_images.setChecked(True)
        self.accepts = QCheckBox("Accept what is at least so sure:")
        self.accepts.setToolTip(
            "Undecided pixels only: what you have painted stays. One step of each image's\n"
            "history, which can be undone there. Otherwise the images are only looked at,\n"
            "for the order of what helps most."
        )
        self.sure = QSpinBox()
        self.sure.setRange(50, 100)
        self.sure.setValue(SURE)
        self.sure.setSuffix(" %")
        self.sure.setAccessibleName("Least confidence that is accepted, in per cent")
        self.sure.setEnabled(False)
        self.accepts.toggled.connect(self.sure.setEnabled)
        self.start = QPushButton("Propose")
        self.start.setObjectName("primary")
        self.start.clicked.connect(lambda: self.start_asked.emit(self.listed.isChecked()))
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.cancel_asked)
        self.go_on = QPushButton("Go on")
        self.go_on.clicked.connect(self.go_on_asked)
        self.discard = QPushButton("Discard")
        self.discard.setToolTip("What was accepted stays; the rest is not asked for any more")
        self.discard.clicked.connect(self.discard_asked)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Images done")
        self._said = QLabel()
        self._said.setObjectName("quiet")
        self._said.setWordWrap(True)
        self._open = self._running = False
        sure, buttons = QHBoxLayout(), QHBoxLayout()
        sure.addWidget(self.accepts)
        sure.addWidget(self.sure)
        sure.addStretch(1)
        for widget in (self.start, self.go_on, self.discard, self.cancel):
            buttons.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 10)
        layout.addWidget(self.all_images)
        layout.addWidget(self.listed)
        layout.addLayout(sure)
        layout.addLayout(buttons)
        layout.addWidget(self._bar)
        layout.addWidget(self._said)
        layout.addStretch(1)
        self.show_running(False)
        self.show_interrupted(None)

    @property
    def above(self) -> float | None:
        """The confidence from which on is accepted, 0…1; None: nothing is."""
        return self.sure.value() / 100 if self.accepts.isChecked() else None

    @property
    def said(self) -> str:
        return self._said.text()

    def show_open(self, images: bool) -> None:
        """Whether there are images to propose for."""
        self._open = images
        self.start.setEnabled(images)

    def show_running(self, running: bool) -> None:
        self._running = running
        for widget in (self.all_images, self.listed, self.accepts, self.start):
            widget.setEnabled(not running and (widget is not self.start or self._open))
        self.start.setVisible(not running)
        self.cancel.setVisible(running)
        self._bar.setVisible(running)
        if running:
            self.show_interrupted(None)

    def show_progress(self, run: BatchRun) -> None:
        self._bar.setRange(0, max(1, run.total))
        self._bar.setValue(min(run.done, run.total))
        self._said.setText(f"{run.done:,} of {run.total:,} images".replace(",", "\u202f"))

    def show_interrupted(self, run: BatchRun | None) -> None:
        """What can go on; None: nothing."""
        for widget in (self.go_on, self.discard):
            widget.setVisible(run is not None)
        if run is not None:
            self._said.setText(
                f"Cut short after {run.done:,} of {run.total:,} images.".replace(",", "\u202f")
            )

    def show_said(self, text: str) -> None:
        self._said.setText(text)
