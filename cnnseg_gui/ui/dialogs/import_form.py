"""Everything that can be chosen about an import, as a form."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy, QWidget

from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.editor.import_looking import Looked
from cnnseg_gui.formats.import_change import Existing
from cnnseg_gui.formats.importing import ImportOptions
from cnnseg_gui.formats.registry import FORMATS
from cnnseg_gui.ui.dialogs.import_classes import ClassMatching

_EXISTING = {
    Existing.FILL: "fill only what is undecided",
    Existing.KEEP: "keep them whole, as they are",
    Existing.REPLACE: "replace what is decided otherwise",
}


class ImportForm(QWidget):
    """The format, what becomes of masks that are there, and the classes."""

    changed = Signal()
    """The masks' or the classes' lot is another."""
    format_chosen = Signal(str)
    """The name of the format that the person says it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.format = QComboBox()
        self.format.setPlaceholderText("Choose what it is")
        for name, format_ in FORMATS.items():
            self.format.addItem(format_.title, name)
        self.format.setCurrentIndex(-1)
        self.description = QLabel()
        self.description.setWordWrap(True)
        self.description.setObjectName("quiet")
        self.existing = QComboBox()
        for value, text in _EXISTING.items():
            self.existing.addItem(text, value)
        self.classes = ClassMatching()
        for box in (self.format, self.existing):
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.format.setAccessibleName("Format")
        self.existing.setAccessibleName("Masks that are there")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 6, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Format", self.format)
        form.addRow("", self.description)
        own = QLabel("My masks")
        self.label_width = own.sizeHint().width()
        """Of the names beside the fields, in pixels."""
        form.addRow(own, self.existing)
        form.addRow("Classes", self.classes)
        self.format.activated.connect(lambda _: self.format_chosen.emit(self.format.currentData()))
        self.existing.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.classes.changed.connect(self.changed)

    def options(self) -> ImportOptions:
        """What is chosen."""
        return ImportOptions(self.classes.mapping(), Existing(self.existing.currentData()))

    def show_looked(self, looked: Looked, project: ClassList, *, recognised: bool) -> None:
        """A data set whose lists are read."""
        with QSignalBlocker(self.format):
            self.format.setCurrentIndex(self.format.findData(looked.format.name))
        said = "Recognised by its files" if recognised else "As you say"
        self.description.setText(f"{said}: {looked.format.description}")
        self.show_classes(looked, project)

    def show_classes(self, looked: Looked, project: ClassList) -> None:
        """The project's classes may be others."""
        source = () if looked.format.labels_only else looked.data_set.classes
        self.classes.show_classes(source, project)

    def show_unknown(self) -> None:
        """Nothing is known of what was chosen."""
        self.format.setCurrentIndex(-1)
        self.description.clear()
