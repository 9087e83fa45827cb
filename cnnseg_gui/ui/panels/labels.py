"""The classifier panel: the image's tags, and what the classifiers say it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.ui.panels.label_results import LabelResults, Row
from cnnseg_gui.ui.panels.tag_editor import TagEditor


@dataclass(frozen=True)
class ClassifierChoice:
    """A classifier that a person can ask."""

    model: str
    """As in `messages.Classify`."""
    name: str
    text: str
    missing: str = ""
    """How large its weights are, where they are not here; empty: it can be asked."""


class LabelsPanel(QWidget):
    """Several classifiers side by side; one label is accepted as a tag, explained, or a seed."""

    classifiers_chosen = Signal(list)
    """Models, as in `messages.Classify`."""
    tag_asked = Signal(object)
    """Row: its label becomes a tag."""
    why_asked = Signal(object)
    """Row to explain; None: no longer."""
    seed_asked = Signal()
    region_asked = Signal(bool)
    """A part of the image is to be looked at; False: the whole image again."""
    teach_asked = Signal()
    label_all_asked = Signal()
    weights_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tags = TagEditor()
        self.results = LabelResults()
        self.results.chosen.connect(lambda _: self._show_what_can_be_done())
        self.results.accepted.connect(self.tag_asked)
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.ask = QToolButton()
        self.ask.setText("Classifiers")
        self.ask.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.ask.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.ask.setMenu(self._menu)
        self.ask.setToolTip("Choose which classifiers are asked")
        self.region = QToolButton()
        self.region.setText("Part of Image")
        self.region.setCheckable(True)
        self.region.setToolTip("Drag round a part of the image, or click an object, to label that")
        self.region.clicked.connect(self.region_asked)
        self.tag = _button("Use as Tag", "The label becomes a tag of the image")
        self.tag.clicked.connect(lambda: self.tag_asked.emit(self.results.current))
        self.why = _button("Why?", "Show where the image speaks for the label (Grad-CAM)")
        self.why.setCheckable(True)
        self.why.clicked.connect(self._ask_why)
        self.seed = _button(
            "Use as Seed", "Propose the hottest region as the class that the brush paints"
        )
        self.seed.clicked.connect(self.seed_asked)
        self.label_all = _button("Label All…", "Ask one classifier about every image")
        self.label_all.clicked.connect(self.label_all_asked)
        self.teach = _button("Teach Tags…", "Teach a classifier the tags of this project")
        self.teach.clicked.connect(self.teach_asked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 10)
        layout.addWidget(_heading("Tags"))
        layout.addWidget(self.tags)
        layout.addLayout(_row(_heading("What it shows"), None, self.region, self.ask))
        layout.addWidget(self.results, 1)
        layout.addLayout(_row(self.tag, self.why, self.seed))
        layout.addLayout(_row(self.label_all, self.teach))
        self._show_what_can_be_done()

    def show_choices(self, choices: Sequence[ClassifierChoice], chosen: Sequence[str]) -> None:
        """Fills the menu; the chosen ones are asked."""
        self._menu.clear()
        for choice in choices:
            missing = f"  (not downloaded, {choice.missing})" if choice.missing else ""
            action = QAction(f"{choice.name}{missing}", self._menu)
            action.setToolTip(choice.text)
            action.setCheckable(True)
            action.setChecked(choice.model in chosen)
            action.setEnabled(not choice.missing)
            action.setData(choice.model)
            action.triggered.connect(self._choose)
            self._menu.addAction(action)
        self._menu.addSeparator()
        self._menu.addAction("Weights…", self.weights_asked.emit)
        names = {choice.model: choice.name for choice in choices}
        self.results.show_models([(model, names[model]) for model in chosen if model in names])

    def show_heat_is_there(self, there: bool) -> None:
        """Whether an explanation lies over the image, which can become a seed."""
        self.why.setChecked(there)
        self.seed.setEnabled(there)
        self._show_what_can_be_done()

    def show_project(self, there: bool, teachable: bool) -> None:
        """What can be done with the project."""
        self.label_all.setEnabled(there)
        self.teach.setEnabled(there and teachable)
        self.teach.setToolTip(
            "Teach a classifier the tags of this project"
            if teachable
            else "Tag images with at least two different tags first"
        )

    def show_image(self, there: bool) -> None:
        """Whether an image is shown that can be tagged and looked at."""
        for widget in (self.tags, self.region):
            widget.setEnabled(there)

    def _choose(self) -> None:
        chosen = [a.data() for a in self._menu.actions() if a.isCheckable() and a.isChecked()]
        self.classifiers_chosen.emit(chosen)

    def _ask_why(self, wanted: bool) -> None:
        self.why_asked.emit(self.results.current if wanted else None)

    def _show_what_can_be_done(self) -> None:
        chosen: Row | None = self.results.current
        self.tag.setEnabled(chosen is not None)
        self.why.setEnabled(chosen is not None or self.why.isChecked())
        if not self.why.isChecked():
            self.seed.setEnabled(False)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("heading")
    return label


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    """Side by side; None is what stretches."""
    row = QHBoxLayout()
    for widget in widgets:
        row.addStretch(1) if widget is None else row.addWidget(widget)
    return row
