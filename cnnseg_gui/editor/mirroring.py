"""Keeps the mirror near the truth: each mask as a PNG, when its image is left or rests."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from PySide6.QtCore import QObject, QThreadPool, QTimer

from cnnseg_gui.core import mirror
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_listing import reading
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.jobs import in_background

_REST_MS = 3000


class Mirroring(QObject):
    """Writes in one worker thread, in order: an older mask never replaces a newer one."""

    def __init__(self, parent: QObject, *, failed: Callable[[UserError], None]) -> None:
        super().__init__(parent)
        self._failed = failed
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._resting: tuple[Project, Document] | None = None
        self._rest.timeout.connect(self._on_rest)

    def later(self, project: Project, document: Document) -> None:
        """Mirrors an image once nothing has been painted on it for a while."""
        self._resting = (project, document)
        self._rest.start()

    def now(self, project: Project, document: Document) -> None:
        """Mirrors an image if it has changed since it was mirrored last."""
        self._rest.stop()
        self._resting = None
        if not document.changed_since_mirror:
            return
        try:
            record, classes, folder = document.record, project.classes, project.folder
        except UserError as error:  # the disk is gone: that must not keep anyone from leaving
            self._failed(error)
            return
        document.changed_since_mirror = False
        pixels = document.mask.to_array()

        def try_again_later(error: UserError) -> None:
            with suppress(RuntimeError):  # the document may be gone by now
                document.changed_since_mirror = True
            self._failed(error)

        def write() -> None:
            with reading(project.path) as listing:
                named_alike = listing.of_stem(record.path.stem)
            records = [record, *(replace(record, id=n, path=p) for n, p in named_alike)]
            mirror.write(folder, records, record.id, pixels, classes)

        in_background(
            write,
            parent=self,
            done=lambda _: None,
            failed=try_again_later,
            pool=self._pool,
        )

    def finish(self) -> None:
        """Waits until everything is written."""
        self._pool.waitForDone()

    def _on_rest(self) -> None:
        if self._resting is not None:
            project, document = self._resting
            if document.painting:
                self._rest.start()
            else:
                self.now(project, document)
