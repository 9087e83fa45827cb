"""Exports the labelled data set: which format, where to; with progress and Cancel."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
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
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.formats.export import (
    FORMATS,
    ExportJob,
    ExportReport,
    ExportStopped,
    gather,
    write,
)

_log = logging.getLogger("cnnseg")

_NAMED = 5  # images that are not in it


class ExportDialog(QDialog):
    """Stays open while it works; the window behind it stays usable."""

    finished_export = Signal(object)
    """ExportReport."""
    _progressed = Signal(int, int)

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        self._project = project
        self._stop = threading.Event()
        self.format = QComboBox()
        for name, format_ in FORMATS.items():
            self.format.addItem(format_.description, name)
        self.folder = QLineEdit(str(project.folder.parent / f"{project.folder.name} export"))
        browse = QPushButton("Browse…")
        browse.clicked.connect(self._browse)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._text = QLabel(
            "Exports every image with decided pixels. Undecided pixels stay unlabelled; nothing "
            "that was only proposed goes out."
        )
        self._text.setWordWrap(True)
        self._text.setObjectName("quiet")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.start_button = self._buttons.addButton(
            "Export", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.start_button.setObjectName("primary")
        self.start_button.clicked.connect(self.start)
        self._buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        form = QFormLayout()
        form.addRow("Format", self.format)
        form.addRow("New folder", row)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self._text)
        layout.addWidget(self._bar)
        layout.addWidget(self._buttons)
        self._progressed.connect(self._show_progress)

    @property
    def said(self) -> str:
        """What the person is told."""
        return self._text.text()

    def start(self) -> None:
        """Exports into the folder named; an existing one is never touched."""
        folder, name = Path(self.folder.text()).expanduser(), str(self.format.currentData())
        self._stop.clear()
        self._show_running(True)
        try:
            job = gather(self._project)
        except UserError as error:
            self._fail(error)
            return
        in_background(
            lambda: self._write(job, name, folder),
            parent=self,
            done=self._finish,
            failed=self._fail,
        )

    def reject(self) -> None:
        """Close, or Cancel while it works."""
        if self.start_button.isEnabled():
            super().reject()
        else:
            self._stop.set()

    def _write(self, job: ExportJob, name: str, folder: Path) -> ExportReport | None:
        """In a worker thread; None where it was cancelled."""
        try:
            return write(
                job, name, folder, on_progress=self._progressed.emit, should_stop=self._stop.is_set
            )
        except ExportStopped:
            return None

    def _finish(self, report: ExportReport | None) -> None:
        self._show_running(False)
        if report is None:
            self._text.setText("Cancelled; nothing was written.")
            return
        lines = [
            f"{report.images} image{'' if report.images == 1 else 's'} exported to {report.folder}."
        ]
        if report.refused:
            lines.append(f"{len(report.refused)} could not be:")
            lines += [str(error) for error in report.refused[:_NAMED]]
        if len(report.refused) > _NAMED:
            lines.append(f"and {len(report.refused) - _NAMED} more, see the log")
        for error in report.refused:
            _log.warning("%s", error)
        self._text.setText("\n".join(lines))
        self.finished_export.emit(report)

    def _fail(self, error: UserError) -> None:
        self._show_running(False)
        self._text.setText(str(error))

    def _show_progress(self, done: int, total: int) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def _show_running(self, running: bool) -> None:
        self._bar.setVisible(running)
        self.start_button.setEnabled(not running)
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText("Cancel" if running else "Close")

    def _browse(self) -> None:
        parent = QFileDialog.getExistingDirectory(self, "Export into a new folder inside …")
        if parent:
            self.folder.setText(str(Path(parent) / Path(self.folder.text()).name))
