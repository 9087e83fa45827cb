"""Measures the objects of the shown image, as long as somebody looks at the numbers."""

from __future__ import annotations

import threading
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import stored_path
from cnnseg_gui.core.image_values import values_in
from cnnseg_gui.core.measurements import Measurements, MeasuringStopped, grey_once, measure
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.formats.object_table import MeasuredImage

_AFTER_MS = 400  # the hand rests


class Measuring(QObject):
    """In a worker, on a snapshot of the mask: anew after every gesture."""

    started = Signal()
    measured = Signal(object)
    """`MeasuredImage` of the shown image; None: there is no image."""
    failed = Signal(object)
    """UserError."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._watched = False
        self._stop = threading.Event()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_AFTER_MS)
        self._soon.timeout.connect(self._measure)
        workspace.document_changed.connect(self._on_document_changed)
        workspace.image_changed.connect(self._on_image_changed)
        workspace.classes_changed.connect(self._later)

    def watch(self, watched: bool) -> None:
        """Whether anybody looks: nothing is measured where nobody does."""
        self._watched = watched
        if watched:
            self._measure()
        else:
            self._stop.set()
            self._soon.stop()

    # ------------------------------------------------------------------ inside

    def _on_document_changed(self) -> None:
        self._stop.set()
        if self._watched:
            self._measure()

    def _on_image_changed(self, image_id: int) -> None:
        document = self._workspace.document
        if document is not None and document.record.id == image_id:
            self._later()

    def _later(self) -> None:
        if self._watched:
            self._soon.start()

    def _measure(self) -> None:
        self._soon.stop()
        self._stop.set()  # of what is under way
        document, project = self._workspace.document, self._workspace.project
        if document is None or project is None:
            self.measured.emit(None)
            return
        if document.painting:
            self._soon.start()
            return
        self._stop = stop = threading.Event()
        mask, image, record = document.mask.snapshot(), document.image, document.record
        file = stored_path(record.path, project.folder)

        def work() -> MeasuredImage | None:
            try:
                found: Measurements = measure(
                    mask, partial(values_in, image), should_stop=stop.is_set
                )
            except MeasuringStopped:
                return None
            objects = grey_once(found)
            return MeasuredImage(record.name, objects, image.pixel_size, file, record.page)

        self.started.emit()
        in_background(
            work,
            parent=self,
            done=lambda found: self._show(document, stop, found),
            failed=lambda error: self._on_failed(stop, error),
        )

    def _show(self, document: Document, stop: threading.Event, found: MeasuredImage | None) -> None:
        if found is not None and not stop.is_set() and document is self._workspace.document:
            self.measured.emit(found)

    def _on_failed(self, stop: threading.Event, error: UserError) -> None:
        if not stop.is_set():
            self.failed.emit(error)
