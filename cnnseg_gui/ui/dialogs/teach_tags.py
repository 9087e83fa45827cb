"""Teaches a classifier the tags of the project, and shows how well it tells them apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.revisions import StoredModel
from cnnseg_gui.editor.tag_training import TagTraining, TaughtCard
from cnnseg_gui.engine.messages import NetworkFacts, TrainProgress
from cnnseg_gui.ui.panels.confusion import ConfusionPicture

_SECONDS = 60
_DEFAULT = "efficientnet-lite0"


class TeachTagsDialog(QDialog):
    """Stays open while it learns; the window behind it stays usable."""

    def __init__(
        self,
        training: TagTraining,
        networks: Sequence[NetworkFacts],
        here: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        """`here` are the names of the published weights that are on this machine."""
        super().__init__(parent)
        self.setWindowTitle("Teach Tags")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        self._training, self._here = training, set(here)
        self._networks = {n.name: n for n in networks if n.classifier}
        self.network = QComboBox()
        for name, facts in self._networks.items():
            self.network.addItem(name)
            self.network.setItemData(
                self.network.count() - 1, facts.text, Qt.ItemDataRole.ToolTipRole
            )
        self.network.setCurrentText(_DEFAULT)
        self.pretrained = QCheckBox("Begin from published weights")
        self.seconds = QSpinBox()
        self.seconds.setRange(5, 36000)
        self.seconds.setValue(_SECONDS)
        self.seconds.setSuffix(" s")
        self._material = QLabel()
        self._material.setWordWrap(True)
        self._material.setObjectName("quiet")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self.confusion = ConfusionPicture()
        self.confusion.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.teach: QPushButton = buttons.addButton("Teach", QDialogButtonBox.ButtonRole.ActionRole)
        self.teach.setObjectName("primary")
        self.cancel: QPushButton = buttons.addButton(
            "Cancel", QDialogButtonBox.ButtonRole.ActionRole
        )
        form = QFormLayout()
        form.addRow("Learns from", self._material)
        form.addRow("Network", self.network)
        form.addRow("", self.pretrained)
        form.addRow("Time", self.seconds)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self._bar)
        layout.addWidget(self._said)
        layout.addWidget(self.confusion, 1)
        layout.addWidget(buttons)
        self.teach.clicked.connect(self._start)
        self.cancel.clicked.connect(training.cancel)
        buttons.rejected.connect(self.reject)
        self.network.currentTextChanged.connect(self._show_network)
        training.progressed.connect(self._show_progress)
        training.finished.connect(self._show_finished)
        training.stopped.connect(self._show_stopped)
        self._show_network(self.network.currentText())
        self._show_material()
        self._show_running(training.running)

    @property
    def said(self) -> str:
        """What the person is told."""
        return self._said.text()

    def _start(self) -> None:
        started = self._training.start(
            self.network.currentText(),
            pretrained=self.pretrained.isEnabled() and self.pretrained.isChecked(),
            seconds=self.seconds.value(),
        )
        self.confusion.hide()
        self._show_material()
        self._said.setText(
            "Starting …" if started else "There are not two tags to tell apart any more."
        )
        self._bar.setValue(0)
        self._show_running(self._training.running)

    def _show_network(self, name: str) -> None:
        facts = self._networks.get(name)
        weights = facts.weights if facts else ""
        there = bool(weights) and (weights == _DEFAULT or weights in self._here)
        self.pretrained.setEnabled(there)
        self.pretrained.setChecked(there)
        self.pretrained.setToolTip(
            "Learns much faster, and from fewer images"
            if there
            else "Download them first: Network ▸ Weights"
            if weights
            else "There are none for this network"
        )

    def _show_material(self) -> None:
        material = self._training.material()
        count = Counter(image.label for image in material.images)
        lines = [f"{label}: {count[index]}" for index, label in enumerate(material.labels)]
        lines.append(f"{material.held_out} of these held out to check")
        if material.ambiguous:
            lines.append(f"{material.ambiguous} with several tags left out")
        self._material.setText("\n".join(lines))
        self._teachable = material.teachable

    def _show_progress(self, progress: TrainProgress) -> None:
        total = progress.seconds + progress.seconds_left
        self._bar.setValue(round(1000 * progress.seconds / total) if total > 0 else 0)
        parts = [f"Step {progress.step}", f"{progress.seconds_left:.0f} s left"]
        if not math.isnan(progress.loss):
            parts.append(f"loss {progress.loss:.3f}")
        if progress.iou is not None:
            self._accuracy = f"{100 * progress.iou:.0f} % of the held-out images right"
        self._said.setText(" · ".join([*parts, *([self._accuracy] if self._accuracy else [])]))

    _accuracy = ""

    def _show_finished(self, stored: StoredModel) -> None:
        card = TaughtCard.of(stored.card)
        if card.accuracy is None:
            self._said.setText(f"Taught as {stored.name}. No image was held out: unproven.")
        else:
            right = f"{100 * card.accuracy:.0f} % of the held-out images right"
            self._said.setText(f"Taught as {stored.name}: {right}.")
        self.confusion.show_matrix(card.labels, card.confusion)
        self._show_running(False)
        self.adjustSize()

    def _show_stopped(self, reason: str) -> None:
        self._said.setText(reason or "Cancelled.")
        self._show_running(False)

    def _show_running(self, running: bool) -> None:
        self._accuracy = ""
        self._bar.setVisible(running)
        self.cancel.setEnabled(running)
        self.teach.setEnabled(self._teachable and not running)
        for widget in (self.network, self.seconds):
            widget.setEnabled(not running)
