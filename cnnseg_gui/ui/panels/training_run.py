"""A fine-tune under way: how far it is, what it learns from and where, its curves and its story."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTime
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QProgressBar, QVBoxLayout, QWidget

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.engine.messages import TrainMaterial, TrainProgress

if TYPE_CHECKING:
    from cnnseg_gui.ui.panels.curves import Curves

_LINES = 200
_SHOWN_LINES = 6
_WHOLE = 1000  # of the bar


class TrainingRun(QWidget):
    """The last fine-tune: while it runs bar, time and material; then what it came to stays."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, _WHOLE)
        self._left, self._where, self._material = quiet_label(), quiet_label(), quiet_label()
        self._running = (self._bar, self._left, self._where, self._material)
        self._curves: Curves | None = None
        self._place = QVBoxLayout()
        self._story = QPlainTextEdit()
        self._story.setReadOnly(True)
        self._story.setMaximumBlockCount(_LINES)
        self._story.setAccessibleName("What happened while it learnt")
        self._story.setFixedHeight(self._story.fontMetrics().lineSpacing() * _SHOWN_LINES + 14)
        self._story.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in self._running:
            layout.addWidget(widget)
        layout.addLayout(self._place, 1)
        layout.addWidget(self._story)

    def begin(self, classes: Sequence[PixelClass]) -> None:
        """Another fine-tune of a network with these classes."""
        self._curves_widget().begin(classes)
        self._bar.setValue(0)
        self._left.setText("Starting …")
        self._where.clear()
        self._material.clear()

    def show_running(self, running: bool) -> None:
        for widget in self._running:
            widget.setVisible(running)

    def show_progress(self, progress: TrainProgress) -> None:
        total = progress.seconds + progress.seconds_left
        self._bar.setValue(round(_WHOLE * progress.seconds / total) if total > 0 else 0)
        loss = "" if math.isnan(progress.loss) else f" · loss {progress.loss:.3f}"
        self._left.setText(f"Step {progress.step} · {progress.seconds_left:.0f} s left{loss}")
        self._curves_widget().add(progress.seconds, progress.loss, progress.iou, progress.by_class)

    def show_material(self, material: TrainMaterial) -> None:
        self._where.setText(f"{material.device} · {material.precision}")
        self._material.setText(f"Learning from {material_in_words(material)}")

    def say(self, line: str) -> None:
        """One more line of the story, with the time."""
        self._story.appendPlainText(f"{QTime.currentTime().toString('HH:mm:ss')}  {line}")
        self._story.show()
        bar = self._story.verticalScrollBar()
        bar.setValue(bar.maximum())

    @property
    def story(self) -> list[str]:
        """What was said so far, each line with its time."""
        return self._story.toPlainText().splitlines()

    def forget(self) -> None:
        """Another project: nothing was learnt here yet."""
        self._story.clear()
        self._story.hide()
        if self._curves is not None:
            self._curves.hide()

    def _curves_widget(self) -> Curves:
        """Made when first needed: pyqtgraph takes longer to import than the window to open."""
        if self._curves is None:
            from cnnseg_gui.ui.panels.curves import Curves

            self._curves = Curves()
            self._place.addWidget(self._curves)
        self._curves.show()
        return self._curves


def material_in_words(material: TrainMaterial) -> str:
    """What is learnt from, and what it is checked on: `7 images, 3.1 Mpx; 2 images held out`."""
    learnt = f"{counted(material.images, 'image')}, {_pixels(sum(material.decided))}"
    if material.held_out:
        return f"{learnt}; {counted(material.held_out, 'image')} held out"
    if material.tiled:
        return f"{learnt}; tiles of {counted(material.tiled, 'image')} held out"
    return f"{learnt}; nothing held out yet"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def quiet_label() -> QLabel:
    label = QLabel()
    label.setObjectName("quiet")
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _pixels(number: int) -> str:
    if number < 100_000:
        return f"{number:,}\u202fpx".replace(",", "\u202f")
    return f"{number / 1e6:.1f}\u202fMpx"
