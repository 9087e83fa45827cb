"""Published weights: what there is, what is here; downloading, choosing a file, a mirror."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.weight_fetching import WeightFetching
from cnnseg_gui.ui.screen_size import open_at
from cnnseg_gui.weights.catalogue import CATALOGUE, MEBIBYTE

_COLUMNS = ("Network", "Size", "As published", "Here", "Licence")


class WeightsDialog(QDialog):
    """Stays open beside the work; a download goes on when it is closed."""

    def __init__(self, fetching: WeightFetching, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Weights")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_at(self, 900, 560)
        self._fetching = fetching
        self._names = list(CATALOGUE)
        self.table = QTableWidget(len(self._names), len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(list(_COLUMNS))
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)  # Tab leaves it, the arrows move in it
        self.table.setWordWrap(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        self.download = QPushButton("Download")
        self.download.setObjectName("primary")
        self.cancel = QPushButton("Cancel")
        self.choose = QPushButton("Choose a File…")
        self.remove = QPushButton("Remove")
        self.mirror = QLineEdit(fetching.mirror)
        self.mirror.setPlaceholderText("a folder, or the beginning of an http address; empty: none")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self._fill()
        self.table.selectRow(0)
        self.table.itemSelectionChanged.connect(self._show_state)
        self.download.clicked.connect(self._download)
        self.cancel.clicked.connect(fetching.cancel)
        self.choose.clicked.connect(self._choose)
        self.remove.clicked.connect(self._remove)
        self.mirror.editingFinished.connect(self._keep_mirror)
        # Bound methods: a download may end after this dialog, and they go with it.
        fetching.progressed.connect(self._show_progress)
        fetching.arrived.connect(self._show_arrived)
        fetching.stopped.connect(self._show_stopped)
        fetching.removed.connect(self._show_removed)
        fetching.failed.connect(self._show_failure)
        self._show_state()

    @property
    def selected(self) -> str:
        """The name of the chosen weights."""
        return self._names[max(0, self.table.currentRow())]

    @property
    def said(self) -> str:
        """What the person is told."""
        return self._said.text()

    def select(self, name: str) -> None:
        self.table.selectRow(self._names.index(name))

    # ------------------------------------------------------------------ inside

    def _lay_out(self) -> None:
        intro = QLabel(
            "Networks that have seen many images learn from far fewer of yours. The small "
            "EfficientNet-Lite0 is installed with the program; these are larger."
        )
        intro.setWordWrap(True)
        intro.setObjectName("quiet")
        buttons = QHBoxLayout()
        for button in (self.download, self.cancel, self.choose, self.remove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        form = QFormLayout()
        form.addRow("Mirror", self.mirror)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(intro)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        layout.addWidget(self._bar)
        layout.addWidget(self._said)
        layout.addLayout(form)
        layout.addWidget(close)

    def _fill(self) -> None:
        store = self._fetching.store
        for row, name in enumerate(self._names):
            published = CATALOGUE[name]
            there = store.glimpse(name)
            texts = (
                name,
                published.size,
                published.score,
                "here" if there else "not downloaded",
                published.licence,
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(str(there) if there and column == 3 else text)
                self.table.setItem(row, column, item)

    def _download(self) -> None:
        self._fetching.set_mirror(self.mirror.text())
        self._said.setText(f"Connecting for {self.selected} …")
        self._bar.setRange(0, 0)
        self._fetching.start(self.selected)
        self._show_state()

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, f"Weights of {self.selected}", "", "Weights (*.safetensors *.pth)"
        )
        if path:
            self._said.setText("Checking …")
            self._fetching.take_over(self.selected, Path(path))

    def _show_progress(self, name: str, done: int, total: int) -> None:
        self._bar.setRange(0, 1000)
        self._bar.setValue(round(1000 * done / max(1, total)))
        self._said.setText(f"{name}: {done / MEBIBYTE:.1f} of {total / MEBIBYTE:.1f} MiB")

    def _remove(self) -> None:
        self._fetching.remove(self.selected)

    def _keep_mirror(self) -> None:
        self._fetching.set_mirror(self.mirror.text())

    def _show_arrived(self, name: str) -> None:
        self._show_end(f"{name} is here now.")

    def _show_stopped(self, name: str) -> None:
        self._show_end(f"{name} stopped. What came is kept: the next download goes on there.")

    def _show_removed(self, name: str) -> None:
        self._show_end(f"{name} is removed.")

    def _show_end(self, text: str) -> None:
        self._said.setText(text)
        self._fill()
        self._show_state()

    def _show_failure(self, name: str, error: UserError) -> None:
        self._said.setText(str(error))
        self._fill()
        self._show_state()

    def _show_state(self) -> None:
        busy = bool(self._fetching.fetching)
        store = self._fetching.store
        there = store.glimpse(self.selected)
        here = there is not None
        ours = there is not None and there.parent == store.folder  # not torch's own cache
        self._bar.setVisible(busy)
        self.cancel.setEnabled(busy)
        self.download.setEnabled(not busy and not here)
        self.choose.setEnabled(not busy)
        self.remove.setEnabled(not busy and ours)
