"""The pictures of regions in the label inbox, made in a worker."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.pyramid import ImagePyramid
from cnnseg_gui.editor.inbox import Suspect
from cnnseg_gui.editor.jobs import in_background
from cnnseg_gui.editor.reading import load_image
from cnnseg_gui.ui.panels.inbox import SIDE, InboxPanel
from cnnseg_gui.ui.panels.small_pictures import cut_out


class InboxPictures(QObject):
    """Reads each image once for all its regions."""

    def __init__(self, panel: InboxPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._panel = panel

    def make(self, suspects: Sequence[Suspect]) -> None:
        """Of regions of one image."""

        def work() -> list[Pixels]:
            image = load_image(suspects[0].record)
            if not isinstance(image, ImagePyramid):
                return []
            return [cut_out(image.pixels, s.rect, s.covered, side=SIDE) for s in suspects]

        def show(pictures: list[Pixels]) -> None:
            for suspect, picture in zip(suspects, pictures, strict=False):
                self._panel.show_picture(suspect, picture)

        def failed(_error: UserError) -> None:
            """The region is listed without; why is said when the image is opened."""

        in_background(work, parent=self, done=show, failed=failed)
