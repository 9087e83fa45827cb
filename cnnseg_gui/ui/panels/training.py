"""The training panel: what there is to learn from, and how the learning goes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.editor.training_set import TrainingSet
from cnnseg_gui.ui.live import LiveRows
from cnnseg_gui.ui.panels.training_run import TrainingRun, counted, quiet_label

DEFAULT_SECONDS = 60

_ABOUT_BORDERS = (
    "Background between two objects that almost touch counts up to eleven times as much, so that "
    "the network learns to keep them apart (the weight map of the U-Net paper). Only background "
    "that you have decided counts. View ▸ Border Weights shows where."
)


class TrainingPanel(QWidget):
    """Teach, progress, curves, and the model that proposes now."""

    teach_asked = Signal(int)
    """Seconds."""
    cancel_asked = Signal()
    go_on_asked = Signal()
    """What was interrupted is to go on."""
    discard_asked = Signal()
    """What was interrupted is to be forgotten."""
    network_asked = Signal()
    """Another network is to be chosen."""
    borders_chosen = Signal(bool)
    """The person wants the borders between objects stressed, or no longer."""
    focus_left = Signal()
    """What had the focus cannot be used for now: it is the image's."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._can_teach = self._running = False
        self._material = quiet_label()
        self._model = quiet_label()
        self._outcome = quiet_label()
        self.seconds = QSpinBox()
        self.seconds.setRange(5, 36000)
        self.seconds.setValue(DEFAULT_SECONDS)
        self.seconds.setSuffix(" s")
        self.seconds.setAccessibleName("Seconds to learn for")
        self.borders = QCheckBox("Stress borders between objects")
        self.borders.setToolTip(_ABOUT_BORDERS)
        self.borders.clicked.connect(self.borders_chosen)
        self.live = LiveRows()
        self.teach = QPushButton("Teach")
        self.teach.setObjectName("primary")
        self.teach.clicked.connect(lambda: self.teach_asked.emit(self.seconds.value()))
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.cancel_asked)
        self._interrupted = quiet_label()
        self.go_on = QPushButton("Go on")
        self.go_on.setToolTip("Continue the interrupted fine-tune with what is painted by now")
        self.go_on.clicked.connect(self.go_on_asked)
        self.discard = QPushButton("Discard")
        self.discard.setToolTip("Forget the interrupted fine-tune; the model before it stays")
        self.discard.clicked.connect(self.discard_asked)
        for button in (self.teach, self.cancel, self.go_on, self.discard):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the image
        interrupted = QHBoxLayout()
        interrupted.addWidget(self._interrupted, 1)
        interrupted.addWidget(self.go_on)
        interrupted.addWidget(self.discard)
        self.run = TrainingRun()
        buttons = QHBoxLayout()
        buttons.addWidget(self.teach, 1)
        buttons.addWidget(self.cancel)
        self._network = quiet_label()
        self.change = QPushButton("Change…")
        self.change.setToolTip("Choose what the next fine-tune begins with")
        self.change.clicked.connect(self.network_asked)
        network = QHBoxLayout()
        network.addWidget(self._network, 1)
        network.addWidget(self.change)
        form = QFormLayout()
        form.addRow("Proposes", self._model)
        form.addRow("Teaches", network)
        form.addRow("Learns from", self._material)
        form.addRow("Time", self.seconds)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 10)
        layout.addLayout(form)
        layout.addWidget(self.borders)
        layout.addWidget(self.live)
        layout.addLayout(buttons)
        layout.addLayout(interrupted)
        layout.addWidget(self._outcome)
        layout.addWidget(self.run, 1)
        layout.addStretch(0)
        self._outcome.hide()
        self.show_interrupted("")
        self.show_idle()

    # ------------------------------------------------------------------ what is shown

    def show_material(self, material: TrainingSet, classes: tuple[PixelClass, ...]) -> None:
        """What a fine-tune started now would learn from."""
        if material.images == 0:
            self._material.setText("nothing yet: paint on an image")
        else:
            lines = [counted(material.images, "image")]
            if material.held_out:
                lines[0] += f", {material.held_out} held out to check"
            lines += [
                f"{cls.name}: {material.pixels.get(cls.index, 0):,}\u202fpx".replace(",", "\u202f")
                for cls in classes
            ]
            self._material.setText("\n".join(lines))

    def show_teach(self, *, possible: bool, tip: str) -> None:
        """Whether there is enough to learn from, and what Teach does or why it cannot."""
        self._can_teach = possible
        self._let_go_of(self.teach, unless=possible and not self._running)
        self.teach.setEnabled(possible and not self._running)
        self.teach.setToolTip(tip)

    def show_model(self, proposing: str, teaching: str) -> None:
        """What proposes now, with how far it can be trusted, and what is taught next."""
        self._model.setText(proposing)
        self._network.setText(teaching)

    @property
    def outcome(self) -> str:
        """How the last fine-tune ended, or what was said last of the running one."""
        return self._outcome.text()

    def set_seconds(self, seconds: int) -> None:
        """The time budget of the next fine-tune."""
        self.seconds.setValue(seconds)

    def show_borders(self, stressed: bool) -> None:
        """Whether the next fine-tune stresses the borders between objects."""
        self.borders.setChecked(stressed)

    def show_started(self, classes: Sequence[PixelClass]) -> None:
        """A fine-tune of a network with these classes has begun."""
        self.run.begin(classes)
        self._outcome.hide()
        self._show_running(True)

    def show_note(self, line: str) -> None:
        """Something that happened while it learns."""
        self._outcome.setText(line)
        self._outcome.show()

    def show_interrupted(self, text: str) -> None:
        """What can go on; empty: nothing."""
        self._let_go_of(self.go_on, self.discard, unless=bool(text))
        self._interrupted.setText(text)
        for widget in (self._interrupted, self.go_on, self.discard):
            widget.setVisible(bool(text))

    def show_idle(self, outcome: str = "") -> None:
        """No fine-tune is running; `outcome` says how the last one ended."""
        self._show_running(False)
        self._outcome.setText(outcome)
        self._outcome.setVisible(bool(outcome))
        if outcome:
            QTimer.singleShot(0, self, self._bring_outcome)  # once it has its place

    # ------------------------------------------------------------------ inside

    def _show_running(self, running: bool) -> None:
        self._running = running
        self._let_go_of(self.cancel, unless=running)
        self._let_go_of(self.teach, self.seconds, self.borders, self.change, unless=not running)
        self.cancel.setVisible(running)
        self.run.show_running(running)
        self.seconds.setEnabled(not running)
        self.borders.setEnabled(not running)
        self.change.setEnabled(not running)
        self.teach.setEnabled(self._can_teach and not running)

    def _let_go_of(self, *widgets: QWidget, unless: bool) -> None:
        """Hands the focus on before Qt does: it would go to whatever is next, as to Cancel."""
        if not unless and any(widget.hasFocus() for widget in widgets):
            self.focus_left.emit()

    def _bring_outcome(self) -> None:
        """Into sight, where the panel scrolls."""
        parent = self.parentWidget()
        while parent is not None and not isinstance(parent, QScrollArea):
            parent = parent.parentWidget()
        if parent is not None:
            parent.ensureWidgetVisible(self._outcome)
