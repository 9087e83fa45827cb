"""Exports the labelled data set: which format, what goes out, where to; with a live dry run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
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
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.export_proposing import ExportProposing
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.formats.dataset import Format
from cnnseg_gui.formats.export import ExportReport, ExportStopped, Proposer, write
from cnnseg_gui.formats.selection import ExportOptions
from cnnseg_gui.ui.dialogs.export_counts import Counted, DryRun, gather_anew, in_words
from cnnseg_gui.ui.dialogs.export_form import ExportForm
from cnnseg_gui.ui.dialogs.found_panel import FoundPanel
from cnnseg_gui.ui.dialogs.tab_order import in_order
from cnnseg_gui.ui.screen_size import open_at

_log = logging.getLogger("cnnseg")

_NAMED = 5  # images that are not in it
_HINT = "Undecided pixels stay unlabelled: nothing that was only proposed goes out."
_FILLED_HINT = "Undecided pixels are filled as {} proposes; the data card says how many."


class ExportDialog(QDialog):
    """Stays open while it works; the window behind it stays usable.

    Args:
        require_saved: sees to it that all that was painted is on disk, where the export reads it;
            raises a UserError where it is not.
    """

    finished_export = Signal(object)
    """ExportReport."""
    _progressed = Signal(int, int)
    _checked = Signal(int, int)

    def __init__(
        self,
        project: Project,
        parent: QWidget | None = None,
        *,
        require_saved: Callable[[], None],
        proposing: ExportProposing | None = None,
    ) -> None:
        super().__init__(parent)
        self._require_saved = require_saved
        self._proposing = proposing
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_at(self, 940, 640)
        self._project_folder = project.folder
        self._stop = threading.Event()
        self._exported: Path | None = None
        self.form = ExportForm(project.class_list.dense_classes, proposes=proposing is not None)
        self.format = self.form.format
        self.folder = QLineEdit(str(project.folder.parent / f"{project.folder.name} export"))
        self.folder.setAccessibleName("New folder")
        self.replace = QCheckBox("Replace the export that is there")
        found = self._found = FoundPanel()
        self.preview, self.counts, self.warnings = found.preview, found.counts, found.warnings
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._text = QLabel(_HINT)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setObjectName("quiet")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.show_button = self._buttons.addButton(
            "Show folder", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.start_button = self._buttons.addButton(
            "Export", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.start_button.setObjectName("primary")
        self.show_button.hide()
        self.dry_run = DryRun(project.folder, self)
        self._lay_out()
        self._connect()
        self._ask_counts()
        self._show_folder()

    @property
    def said(self) -> str:
        """What the person is told."""
        return self._text.text()

    def start(self) -> None:
        """Exports into the folder named; what is there is never touched unless asked."""
        folder, format_ = Path(self.folder.text()).expanduser(), self.form.chosen_format()
        try:
            self._require_saved()
            options = self.form.options(replace=self.replace.isChecked())
        except UserError as error:
            self._fail(error)
            return
        self._stop = stop = threading.Event()
        proposer = None
        if self._proposing is not None and self.form.fill.isChecked():
            proposer = self._proposing.proposer(stop.is_set)
        self._show_running(True)
        in_background(
            lambda: self._write(options, format_, folder, proposer),
            parent=self,
            done=self._finish,
            failed=self._fail,
        )

    def reject(self) -> None:
        """Close, or Cancel while it works."""
        if self.start_button.isEnabled():
            self.dry_run.stop()
            super().reject()
        else:
            self._stop.set()

    # ------------------------------------------------------------------ the work

    def _write(
        self, options: ExportOptions, format_: Format, folder: Path, proposer: Proposer | None
    ) -> ExportReport | None:
        """In a worker thread; None where it was cancelled."""
        try:
            return write(
                gather_anew(self._project_folder, options, format_, proposer),
                format_.name,
                folder,
                on_progress=self._progressed.emit,
                on_checked=self._checked.emit,
                should_stop=self._stop.is_set,
            )
        except ExportStopped:
            return None

    def _finish(self, report: ExportReport | None) -> None:
        self._show_running(False)
        if report is None:
            self._text.setText("Cancelled; nothing was written.")
            return
        noun = "image" if report.images == 1 else "images"
        lines = [f"{report.images} {noun} exported to {report.folder}."]
        if report.verified is not None:
            lines.append(report.verified.in_words())
        if report.copied:
            lines.append(f"{report.copied} were copied: linking was not possible.")
        if report.refused:
            lines.append(f"{len(report.refused)} could not be:")
            lines += [str(error) for error in report.refused[:_NAMED]]
        if len(report.refused) > _NAMED:
            lines.append(f"and {len(report.refused) - _NAMED} more, see the log")
        for error in report.refused:
            _log.warning("%s", error)
        self._text.setText("\n".join(lines))
        self._exported = report.folder
        self.show_button.show()
        self._show_folder()
        self.finished_export.emit(report)

    def _fail(self, error: UserError) -> None:
        self._show_running(False)
        self._text.setText(str(error))

    # ------------------------------------------------------------------ what is shown

    def _ask_counts(self) -> None:
        try:
            self.dry_run.ask(self.form.options(), self.form.chosen_format())
        except UserError as error:
            self.dry_run.stop()
            self._cannot(error)

    def _show_hint(self) -> None:
        filled = self._proposing is not None and self.form.fill.isChecked()
        name = self._proposing.name if self._proposing is not None else ""
        self._text.setText(_FILLED_HINT.format(name) if filled else _HINT)

    def _show_counts(self, found: Counted) -> None:
        self.counts.setText(in_words(found))
        self.warnings.setText("\n".join(f"⚠ {line}" for line in found.plan.warnings))
        self.preview.show_previews(found.previews)

    def _cannot(self, error: UserError) -> None:
        self.counts.setText("")
        self.warnings.setText(f"⚠ {error}")
        self.preview.show_previews(())

    def _show_folder(self) -> None:
        path = Path(self.folder.text()).expanduser()
        there = path.is_dir()
        self.replace.setEnabled(there)
        if not there:
            self.replace.setChecked(False)

    def _show_progress(self, done: int, total: int) -> None:
        self._text.setText(f"Writing {done:,} of {total:,} images")
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def _show_checked(self, done: int, total: int) -> None:
        self._text.setText(f"Reading back {done:,} of {total:,} images")
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def _show_running(self, running: bool) -> None:
        self._bar.setVisible(running)
        self._bar.setRange(0, 0)
        for part in (self.form, self.folder, self.browse, self.start_button):
            part.setEnabled(not running)
        self.show_button.hide()
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText("Cancel" if running else "Close")

    def _browse(self) -> None:
        parent = QFileDialog.getExistingDirectory(self, "Export into a new folder inside …")
        if parent:
            self.folder.setText(str(Path(parent) / Path(self.folder.text()).name))

    def _open_folder(self) -> None:
        if self._exported is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._exported)))

    # ------------------------------------------------------------------ inside

    def _lay_out(self) -> None:
        self.browse = QPushButton("Browse…")
        place = QHBoxLayout()
        place.addWidget(QLabel("New folder"))
        place.addWidget(self.folder, 1)
        place.addWidget(self.browse)
        layout = QVBoxLayout(self)
        layout.addLayout(self._found.beside(self.form), 1)
        layout.addLayout(place)
        layout.addWidget(self.replace)
        layout.addWidget(self._text)
        layout.addWidget(self._bar)
        layout.addWidget(self._buttons)
        self._order()
        self.format.setFocus()

    def _order(self) -> None:
        """Of the keyboard; the choices are others in each format."""
        in_order(
            *self.form.fields(),
            self.folder,
            self.browse,
            self.replace,
            self.start_button,
            self.show_button,
            self._buttons.button(QDialogButtonBox.StandardButton.Close),
        )

    def _connect(self) -> None:
        self.browse.clicked.connect(self._browse)
        self.start_button.clicked.connect(self.start)
        self.show_button.clicked.connect(self._open_folder)
        self._buttons.rejected.connect(self.reject)
        self.folder.textChanged.connect(self._show_folder)
        self.form.changed.connect(self._ask_counts)
        self.format.currentIndexChanged.connect(self._order)
        self.form.fill.toggled.connect(self._show_hint)
        self.dry_run.counted.connect(self._show_counts)
        self.dry_run.failed.connect(self._cannot)
        self._progressed.connect(self._show_progress)
        self._checked.connect(self._show_checked)
