"""Between the queue and the list of images: which order is shown, and what the next image is."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.queue_order import Queue
from cnnseg_gui.editor.queueing import Queueing
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.panels.images import ImagesPanel


class Ordering(QObject):
    """The list follows the queue while that is wanted, and so do Next Image and Approve."""

    failed = Signal(object)
    """UserError."""

    def __init__(
        self, panel: ImagesPanel, queueing: Queueing, workspace: Workspace, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._panel, self._queueing = panel, queueing
        workspace.beside = panel.beside
        panel.order_chosen.connect(self._choose)
        queueing.changed.connect(self._show_choice)
        queueing.ordered.connect(self._show)
        queueing.progressed.connect(panel.show_looked_at)
        workspace.images_changed.connect(queueing.order)
        self._show_choice()

    def _choose(self, helps_most: bool) -> None:
        try:
            self._queueing.want(helps_most)
        except UserError as error:
            self.failed.emit(error)
            self._show_choice()

    def _show_choice(self) -> None:
        wanted = self._queueing.wanted
        self._panel.show_order_choice(wanted)
        if not wanted:
            self._panel.show_order(None)
            self._panel.show_looked_at(0, 0)

    def _show(self, queue: Queue) -> None:
        self._panel.show_order(queue)
