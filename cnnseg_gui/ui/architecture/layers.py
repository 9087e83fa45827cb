"""The Layers tab: the table of a network."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QPalette, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.architecture import LayerRow, NetworkDescription
from cnnseg_gui.ui.architecture.colours import kind_colour
from cnnseg_gui.ui.architecture.texts import short_number, sides

HEADINGS = (
    *("Layer", "Kind", "Kernel", "Stride", "Padding", "Groups"),
    *("Output", "Parameters", "Multiply–adds", "Sees"),
)
_TEXT_COLUMNS = 2
_MINOR = ("activation", "norm", "dropout")
Index = QModelIndex | QPersistentModelIndex


def cells(layer: LayerRow) -> tuple[str, ...]:
    """A row of the table as it is shown."""
    dilated = layer.dilation is not None and layer.dilation != (1, 1)
    kernel = sides(layer.kernel) + (
        f", every {layer.dilation[0]}" if layer.dilation and dilated else ""
    )
    return (
        layer.name,
        layer.kind,
        kernel,
        sides(layer.stride),
        sides(layer.padding),
        str(layer.groups) if layer.groups > 1 else "",
        " × ".join(str(side) for side in (*layer.output_shape[1:], layer.output_shape[0])),
        f"{layer.parameters:,}" if layer.parameters else "",
        f"{layer.macs:,}" if layer.macs else "",
        sides(layer.receptive_field) if layer.receptive_field is not None else "all",
    )


class LayerModel(QAbstractTableModel):
    """The rows of one network."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._layers: tuple[LayerRow, ...] = ()
        self._palette = parent.palette

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        return self._layers

    def show(self, layers: tuple[LayerRow, ...]) -> None:
        """Replaces the rows."""
        self.beginResetModel()
        self._layers = layers
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # as Qt declares it
        return 0 if parent.isValid() else len(self._layers)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # as Qt declares it
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADINGS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        layer, column = self._layers[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cells(layer)[column]
            case Qt.ItemDataRole.TextAlignmentRole if column >= _TEXT_COLUMNS:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.DecorationRole if column == 1 and layer.kind not in _MINOR:
                return kind_colour(layer.kind)
            case Qt.ItemDataRole.ForegroundRole if layer.kind in _MINOR:
                return self._palette().color(QPalette.ColorRole.PlaceholderText)
        return None


class LayersTab(QWidget):
    """The table, and a way to copy it."""

    layer_chosen = Signal(int)
    """Index of the layer whose row became the current one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = LayerModel(self)
        self.table = QTableView()
        self.table.setModel(self._model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAlternatingRowColors(True)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.setAccessibleName("Layers of the network")
        self.table.setTabKeyNavigation(False)  # Tab leaves it, the arrows move in it
        self.table.selectionModel().currentRowChanged.connect(
            lambda current, _before: self.layer_chosen.emit(current.row())
        )
        self.minor = QCheckBox("Norms, activations, dropout")
        self.minor.setChecked(True)
        self.minor.toggled.connect(self._hide_minor)
        hint = QLabel("Ctrl+C copies the selected rows")
        hint.setObjectName("quiet")
        self.copy = QPushButton("Copy Table")
        self.copy.clicked.connect(self.copy_table)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.copy_selected)
        below = QHBoxLayout()
        below.addWidget(hint, 1)
        below.addWidget(self.minor)
        below.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table, 1)
        layout.addLayout(below)

    def show_network(self, description: NetworkDescription | None) -> None:
        """Shows another network's layers."""
        self._model.show(description.layers if description else ())
        self.table.resizeColumnsToContents()
        self.table.setColumnWidth(0, min(self.table.columnWidth(0), 260))
        self._hide_minor()

    def choose(self, row: int) -> None:
        """Makes a layer's row the current one."""
        if row != self.table.currentIndex().row():
            self.table.selectRow(row)
            self.table.scrollTo(self._model.index(row, 0))

    def copy_table(self) -> None:
        """Puts the whole table on the clipboard as tab-separated text."""
        self._copy(range(self._model.rowCount()))

    def copy_selected(self) -> None:
        """Puts the selected rows on the clipboard."""
        self._copy(sorted(index.row() for index in self.table.selectionModel().selectedRows()))

    def _copy(self, rows: range | list[int]) -> None:
        lines = [HEADINGS, *(cells(self._model.layers[row]) for row in rows)]
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))

    def _hide_minor(self) -> None:
        for row, layer in enumerate(self._model.layers):
            self.table.setRowHidden(row, not self.minor.isChecked() and layer.kind in _MINOR)


def totals(description: NetworkDescription) -> str:
    """One line: how many layers with weights, how many of these, how much work."""
    _, height, width = description.input_shape
    return (
        f"{description.weighty} layers with weights · {description.parameters:,} parameters · "
        f"{short_number(description.macs)} multiply–adds for {height}×{width}"
    )
