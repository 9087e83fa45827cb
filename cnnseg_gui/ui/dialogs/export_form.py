"""Everything that can be chosen about an export, as a form."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.formats.dataset import Format
from cnnseg_gui.formats.export import FORMATS, written_formats
from cnnseg_gui.formats.selection import ExportOptions
from cnnseg_gui.formats.splits import SplitRule, read_ratios
from cnnseg_gui.formats.tiling import SMALLEST
from cnnseg_gui.ui.dialogs.export_classes import ClassTable

_WHICH = {
    "decided": "with decided pixels",
    "approved": "approved",
    "all": "all, even without labels",
}
_FILES = {"copy": "copied", "link": "hard-linked where possible", "refer": "left where they are"}
_GROUPS = {
    "file": "file",
    "prefix": "start of the name, up to",
    "folder": "folder",
    "tag": "first tag",
    "look": "look (near-duplicates)",
}
_LICENCES = ("", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0")
_CHOICES = {
    ("values", "indexed"): "class indices with a palette",
    ("values", "grey"): "class indices in grey",
    ("values", "rgb"): "colours",
    ("shapes", "rle"): "masks, run-length encoded",
    ("shapes", "masks"): "masks",
}


class ExportForm(QWidget):
    """The format with its choices, and what goes out how."""

    changed = Signal()

    def __init__(
        self,
        classes: tuple[PixelClass, ...],
        parent: QWidget | None = None,
        *,
        proposes: bool = False,
    ) -> None:
        super().__init__(parent)
        self.format = QComboBox()
        for name in written_formats():
            self.format.addItem(FORMATS[name].title, name)
        self.description = QLabel()
        self.description.setWordWrap(True)
        self.description.setObjectName("quiet")
        self.choices: dict[str, QComboBox] = {}
        self._choice_rows = QWidget()
        self._choice_form = QFormLayout(self._choice_rows)
        self._choice_form.setContentsMargins(0, 0, 0, 0)
        self.which = _combo(_WHICH)
        self.files = _combo(_FILES)
        self.tiles = QSpinBox()
        self.tiles.setRange(0, 65536)
        self.tiles.setSingleStep(128)
        self.tiles.setSpecialValueText("whole images")
        self.tiles.setSuffix(" px tiles")
        self.split = QCheckBox("train / val / test")
        self.ratios = QLineEdit("70/15/15")
        self.seed = QSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setPrefix("seed ")
        self.group = _combo(_GROUPS)
        self.separator = QLineEdit("_")
        self.separator.setMaximumWidth(40)
        self.keep = QCheckBox("keep parts that are fixed, as by an import")
        self.keep.setChecked(True)
        self.classes = ClassTable(classes)
        self.fill = QCheckBox("filled as proposed")
        self.fill.setEnabled(proposes)
        self.tags = QCheckBox("with tags")
        self.tags.setChecked(True)
        self.licence = QComboBox()
        self.licence.setEditable(True)
        self.licence.addItems(_LICENCES)
        self._lay_out()
        self._connect()
        self._show_format()

    def options(self, *, replace: bool = False) -> ExportOptions:
        """What is chosen.

        Raises:
            UserError: the split cannot be read, or tiles are too small.
        """
        rule = None
        if self.split.isChecked():
            rule = SplitRule(
                read_ratios(self.ratios.text()),
                self.seed.value(),
                str(self.group.currentData()),
                self.separator.text(),
                keep=self.keep.isChecked(),
            )
        return ExportOptions(
            which=str(self.which.currentData()),
            classes=self.classes.pairs(),
            split=rule,
            images=str(self.files.currentData()),
            tile=self.tiles.value(),
            tags=self.tags.isChecked(),
            choices={name: str(box.currentData()) for name, box in self.choices.items()},
            licence=self.licence.currentText().strip(),
            replace=replace,
        )

    def chosen_format(self) -> Format:
        """The format that is chosen."""
        return FORMATS[str(self.format.currentData())]

    def fields(self) -> list[QWidget]:
        """What takes the focus, from top to bottom."""
        return [
            self.format,
            *self.choices.values(),
            self.which,
            self.files,
            self.tiles,
            self.split,
            self.ratios,
            self.seed,
            self.group,
            self.separator,
            self.keep,
            self.fill,
            self.classes.table,
            self.tags,
            self.licence,
        ]

    # ------------------------------------------------------------------ inside

    def _lay_out(self) -> None:
        for spin in (self.tiles, self.seed):
            spin.setMinimumHeight(self.ratios.sizeHint().height())
        self.ratios.setMinimumWidth(80)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 6, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Format", self.format)
        form.addRow("", self.description)
        form.addRow("", self._choice_rows)
        form.addRow("Images", self.which)
        form.addRow("Files", self.files)
        form.addRow("Size", self.tiles)
        form.addRow("Split", _row(self.split, self.ratios, self.seed))
        form.addRow("Together", _row(self.group, self.separator))
        form.addRow("", self.keep)
        form.addRow("Undecided", self.fill)
        form.addRow("Classes", self.classes)
        form.addRow("Tags", self.tags)
        form.addRow("Licence", self.licence)
        for text, field in (
            ("Format", self.format),
            ("Images", self.which),
            ("Files", self.files),
            ("Size of tiles in pixels; 0: whole images", self.tiles),
            ("Shares of train, val and test", self.ratios),
            ("Seed of the split", self.seed),
            ("What is never split apart", self.group),
            ("Ends the start of the name", self.separator),
            ("Licence", self.licence),
        ):
            field.setAccessibleName(text)
        self.group.setToolTip("Images that share this are never in two parts")
        self.ratios.setToolTip("Shares of train, val and test")

    def _connect(self) -> None:
        self.format.currentIndexChanged.connect(self._show_format)
        for box in (self.which, self.files, self.group):
            box.currentIndexChanged.connect(self._changed)
        for spin in (self.tiles, self.seed):
            spin.valueChanged.connect(self._changed)
        for line in (self.ratios, self.separator):
            line.textChanged.connect(self._changed)
        for check in (self.split, self.keep, self.tags):
            check.toggled.connect(self._changed)
        self.classes.changed.connect(self._changed)
        self.tiles.editingFinished.connect(self._at_least)

    def _at_least(self) -> None:
        if 0 < self.tiles.value() < SMALLEST:
            self.tiles.setValue(SMALLEST)

    def _show_format(self) -> None:
        format_ = self.chosen_format()
        self.description.setText(format_.description)
        while self._choice_form.rowCount():
            self._choice_form.removeRow(0)
        self.choices = {}
        for name, values in format_.choices.items():
            box = _combo({value: _CHOICES.get((name, value), value) for value in values})
            box.setAccessibleName(name)
            box.currentIndexChanged.connect(self._changed)
            self._choice_form.addRow(name.capitalize(), box)
            self.choices[name] = box
        self._choice_rows.setVisible(bool(self.choices))
        model = self.files.model()
        refer = self.files.findData("refer")
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        if not format_.refers and self.files.currentIndex() == refer:
            self.files.setCurrentIndex(0)
        item = model.item(refer)  # type: ignore[attr-defined]
        item.setFlags(flags if format_.refers else Qt.ItemFlag.NoItemFlags)
        self.classes.setEnabled(not format_.labels_only)
        self.fill.setVisible(not format_.labels_only)
        self._changed()

    def _changed(self) -> None:
        split = self.split.isChecked()
        for field in (self.ratios, self.seed, self.group, self.keep):
            field.setEnabled(split)
        self.separator.setEnabled(split and self.group.currentData() == "prefix")
        try:
            self.ratios.setToolTip("Shares of train, val and test")
            read_ratios(self.ratios.text())
        except UserError as error:
            self.ratios.setToolTip(str(error))
        self.changed.emit()


def _combo(values: dict[str, str]) -> QComboBox:
    box = QComboBox()
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    for value, text in values.items():
        box.addItem(text, value)
    return box


def _row(*fields: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for field in fields:
        row.addWidget(field)
    return row
