"""Imports a labelled data set: where it is, what its classes are here; with a live dry run."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.editor.import_looking import ImportLooking, Looked
from cnnseg_gui.editor.importing import Importing
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.formats.import_change import Existing
from cnnseg_gui.formats.import_classes import ClassPlan, plan_classes
from cnnseg_gui.formats.import_plan import plan_import
from cnnseg_gui.formats.importing import ImportReport
from cnnseg_gui.ui.dialogs.found_panel import FoundPanel
from cnnseg_gui.ui.dialogs.import_form import ImportForm
from cnnseg_gui.ui.dialogs.import_told import left_out, planned, previews, reported
from cnnseg_gui.ui.screen_size import open_at

_log = logging.getLogger("cnnseg")

_HINT = "Nothing is stored before you press Import. What you decided is kept unless you say so."


class ImportDialog(QDialog):
    """Stays open while it works; the window behind it stays usable."""

    def __init__(
        self, workspace: Workspace, path: Path | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        project = workspace.project
        if project is None:
            raise ValueError("no project is open")
        self._workspace = workspace
        self.setWindowTitle("Import Labels")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_at(self, 940, 640)
        self.looking = ImportLooking(project.folder, self)
        self.importing = Importing(workspace, self)
        self._asked: tuple[str, str | None] = "", None
        self._over = False
        """What is shown is what was imported; another choice looks anew."""
        self.source = QLineEdit()
        self.source.setAccessibleName("Data set")
        self.source.setPlaceholderText("A folder, or the file that lists it")
        self.form = ImportForm()
        found = self._found = FoundPanel()
        self.preview, self.counts, self.warnings = found.preview, found.counts, found.warnings
        self._text = QLabel(_HINT)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setObjectName("quiet")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.start_button = self._buttons.addButton(
            "Import", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.start_button.setObjectName("primary")
        self._lay_out()
        self._connect()
        self._show_startable()
        if path is not None:
            self.show_source(path)

    @property
    def said(self) -> str:
        """What the person is told."""
        return self._text.text()

    def show_source(self, path: Path) -> None:
        """Looks at a folder or file."""
        self.source.setText(str(path))
        self._look()

    def start(self) -> None:
        """Imports as chosen."""
        looked = self.looking.looked
        if looked is None or not self.start_button.isEnabled():
            return
        self.looking.stop()
        self._show_running(True)
        try:
            self.importing.start(looked.data_set, self.form.options(), title=looked.format.title)
        except UserError as error:
            self._show_running(False)
            self._look(self._asked[1])
            self._text.setText(str(error))

    def reject(self) -> None:
        """Close, or Cancel while it works."""
        if self.importing.running:
            self.importing.cancel()
            return
        self.looking.stop()
        super().reject()

    # ------------------------------------------------------------------ looking

    def _look(self, name: str | None = None) -> None:
        """Reads what is named, as the format of that name or as what it looks like."""
        text = self.source.text().strip()
        self._over = False
        self._asked = text, name
        self._text.setText(_HINT)
        if text:
            self._bar.setRange(0, 0)
            self._bar.show()
            self.looking.look(Path(text).expanduser(), name)
        self._show_startable()

    def _look_if_other(self) -> None:
        if self.source.text().strip() != self._asked[0]:
            self._look()

    def _show_opened(self, looked: Looked) -> None:
        project = self._workspace.project
        if project is not None:
            recognised = self._asked[1] is None
            self.form.show_looked(looked, project.class_list, recognised=recognised)
            self._show_found(looked)

    def _show_found(self, looked: Looked) -> None:
        if looked.complete:
            self._bar.hide()
        else:
            self._bar.setRange(0, max(1, len(looked.data_set.images)))
            self._bar.setValue(looked.done)
        self._show_plan()

    def _cannot(self, error: UserError) -> None:
        self._bar.hide()
        self.counts.clear()
        self.warnings.setText(f"⚠ {error}")
        self.preview.show_previews(())
        if self._asked[1] is None:
            self.form.show_unknown()
        self._show_startable()

    def _choose_format(self, name: str) -> None:
        self._look(name)

    def _choose(self) -> None:
        """Another choice of classes, or of what becomes of masks."""
        if self._over:
            self._look(self._asked[1])
        else:
            self._show_plan()

    def _show_project_classes(self) -> None:
        project, looked = self._workspace.project, self.looking.looked
        if project is not None and looked is not None and not self.importing.running:
            self.form.show_classes(looked, project.class_list)
            self._choose()

    def _show_plan(self) -> None:
        looked, project = self.looking.looked, self._workspace.project
        if looked is None or project is None:
            return
        options, classes = self.form.options(), None
        try:
            classes = plan_classes(looked.data_set.classes, project.class_list, options.mapping)
        except UserError as error:
            self.counts.clear()
            self.warnings.setText(f"⚠ {error}")
        else:
            notes = looked.data_set.notes
            found = plan_import(looked.compared, classes, options.existing, notes)
            warnings = [f"⚠ {line}" for line in found.warnings]
            self.counts.setText(planned(looked, found, classes))
            self.warnings.setText(
                "\n".join([*warnings, left_out(looked.refused, looked.path)]).strip()
            )
        self.preview.show_previews(previews(looked, classes))
        self._show_startable(classes)

    def _show_startable(self, classes: ClassPlan | None = None) -> None:
        """What would be replaced is counted first."""
        looked = self.looking.looked
        replaces = self.form.options().existing is Existing.REPLACE
        ready = classes is not None and looked is not None and bool(looked.data_set.images)
        if replaces and looked is not None:
            ready = ready and looked.complete
        self.start_button.setText("Import and Replace" if replaces else "Import")
        self.start_button.setEnabled(ready and not self._over)

    # ------------------------------------------------------------------ the import

    def _show_progress(self, done: int, total: int) -> None:
        self._text.setText(f"Importing {done:,} of {total:,} images")
        self._bar.setRange(0, max(1, total))
        self._bar.setValue(done)

    def _finish(self, report: ImportReport) -> None:
        self._end(report)
        self._text.setText(reported(report))

    def _stop(self, error: UserError, report: ImportReport) -> None:
        self._end(report)
        self._text.setText(f"{error}\n{reported(report)}")

    def _end(self, report: ImportReport) -> None:
        self._over = True
        self._show_running(False)
        self.counts.clear()
        looked = self.looking.looked
        self.warnings.setText(left_out(report.refused, looked.path) if looked is not None else "")
        for error in report.refused:
            _log.warning("%s", error)

    def _show_running(self, running: bool) -> None:
        self._bar.setVisible(running)
        for part in (self.form, self.source, self.folder_button, self.file_button):
            part.setEnabled(not running)
        self._show_startable()
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText("Cancel" if running else "Close")

    # ------------------------------------------------------------------ inside

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "The data set's folder")
        if folder:
            self.show_source(Path(folder))

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "The file that lists the data set", "", "Lists (*.json *.xml *.yaml *.yml)"
        )
        if name:
            self.show_source(Path(name))

    def _lay_out(self) -> None:
        self.folder_button, self.file_button = QPushButton("Folder…"), QPushButton("File…")
        place = QHBoxLayout()
        label = QLabel("Data set")
        label.setMinimumWidth(self.form.label_width)
        place.addWidget(label)
        place.addWidget(self.source, 1)
        place.addWidget(self.folder_button)
        place.addWidget(self.file_button)
        layout = QVBoxLayout(self)
        layout.addLayout(place)
        layout.addLayout(self._found.beside(self.form), 1)
        layout.addWidget(self._text)
        layout.addWidget(self._bar)
        layout.addWidget(self._buttons)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter in the line looks, and presses nothing

    def _connect(self) -> None:
        self.folder_button.clicked.connect(self._ask_folder)
        self.file_button.clicked.connect(self._ask_file)
        self.source.editingFinished.connect(self._look_if_other)
        self.form.format_chosen.connect(self._choose_format)
        self.form.changed.connect(self._choose)
        self.looking.opened.connect(self._show_opened)
        self.looking.went_on.connect(self._show_found)
        self.looking.failed.connect(self._cannot)
        self.importing.progressed.connect(self._show_progress)
        self.importing.finished.connect(self._finish)
        self.importing.failed.connect(self._stop)
        self.start_button.clicked.connect(self.start)
        self._buttons.rejected.connect(self.reject)
        self._workspace.classes_changed.connect(self._show_project_classes)
        self._workspace.project_changed.connect(self.close)
