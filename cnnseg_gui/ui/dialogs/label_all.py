"""Labels for every image without a tag; those that are sure enough become tags."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.editor.label_all import LabelAll, Suggestion
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.panels.labels import ClassifierChoice
from cnnseg_gui.ui.screen_size import open_at


class LabelAllDialog(QDialog):
    """Nothing is tagged before the person says so."""

    def __init__(
        self,
        label_all: LabelAll,
        workspace: Workspace,
        choices: Sequence[ClassifierChoice],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Label All Images")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_at(self, 620, 480)
        self._label_all, self._workspace = label_all, workspace
        self._suggestions: list[Suggestion] = []
        self.classifier = QComboBox()
        for choice in choices:
            if not choice.missing:
                self.classifier.addItem(choice.name, choice.model)
        self.sure = QSpinBox()
        self.sure.setRange(0, 100)
        self.sure.setValue(80)
        self.sure.setSuffix(" %")
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Image", "Label", "Sure"])
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)  # Tab leaves it, the arrows move in it
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._said = QLabel("Images that have a tag already are left out.")
        self._said.setObjectName("quiet")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.start: QPushButton = buttons.addButton("Label", role)
        self.cancel: QPushButton = buttons.addButton("Cancel", role)
        self.accept_button: QPushButton = buttons.addButton("Use as Tags", role)
        form = QFormLayout()
        form.addRow("Classifier", self.classifier)
        form.addRow("Use as tags those surer than", self.sure)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._bar)
        layout.addWidget(self._said)
        layout.addWidget(buttons)
        self.start.clicked.connect(self._start)
        self.cancel.clicked.connect(label_all.cancel)
        self.accept_button.clicked.connect(self._use)
        self.sure.valueChanged.connect(self._show_state)
        buttons.rejected.connect(self.reject)
        workspace.project_changed.connect(self.reject)
        label_all.suggested.connect(self._add)
        label_all.progressed.connect(self._show_progress)
        label_all.finished.connect(self._show_state)
        self._show_state()

    @property
    def said(self) -> str:
        """What the person is told."""
        return self._said.text()

    def done(self, result: int) -> None:
        """Closing cancels what is left."""
        self._label_all.cancel()
        super().done(result)

    def _start(self) -> None:
        self._suggestions.clear()
        self.table.setRowCount(0)
        self._label_all.start(self.classifier.currentData())
        self._show_state()

    def _add(self, suggestion: Suggestion) -> None:
        self._suggestions.append(suggestion)
        row = self.table.rowCount()
        self.table.insertRow(row)
        sure = "" if suggestion.reason else f"{100 * suggestion.probability:.0f} %"
        for column, text in enumerate(
            (suggestion.record.name, suggestion.label or suggestion.reason, sure)
        ):
            self.table.setItem(row, column, QTableWidgetItem(text))

    def _use(self) -> None:
        sure = self._sure()
        tagged = {record.id for record in self._workspace.images() if record.tags}
        for suggestion in sure:
            self._suggestions.remove(suggestion)
            if suggestion.record.id not in tagged:  # meanwhile, by hand
                self._workspace.add_tag(
                    suggestion.record.id, suggestion.label, source=suggestion.model
                )
        self._show_state()
        new = sum(suggestion.record.id not in tagged for suggestion in sure)
        self._said.setText(f"{new} images are tagged.")

    def _sure(self) -> list[Suggestion]:
        least = self.sure.value() / 100
        project = self._workspace.project
        return [
            s
            for s in self._suggestions
            if s.project is project and s.label and s.probability >= least
        ]

    def _show_progress(self, done: int, total: int) -> None:
        self._bar.setRange(0, max(1, total))
        self._bar.setValue(done)
        self._said.setText(
            f"{done} of {total} images" if total else "Every image has a tag already."
        )

    def _show_state(self) -> None:
        running = self._label_all.running
        self._bar.setVisible(running)
        self.start.setEnabled(not running and self.classifier.count() > 0)
        self.cancel.setEnabled(running)
        number = len(self._sure())
        self.accept_button.setText(f"Use {number} as Tags")
        self.accept_button.setEnabled(number > 0 and not running)
