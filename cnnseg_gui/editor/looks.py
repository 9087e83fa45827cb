"""Notes how the shown image looks, so that near-duplicates are held out together or not at all."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_hash import difference_hash
from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.project import Project
from cnnseg_gui.core.pyramid import ImagePyramid
from cnnseg_gui.editor.jobs import in_background

_log = logging.getLogger("cnnseg")


class Looks(QObject):
    """Has images hashed in a worker; an image's role is given with its first decided pixel."""

    def note(self, project: Project, image_id: int, image: ImageSource) -> None:
        """Hashes an image whose role is still to be given.

        One that is read by its parts is left as it is: all of it would have to be decoded.
        """
        if not isinstance(image, ImagePyramid):
            return
        try:
            if not project.wants_look(image_id):
                return
        except UserError as error:
            self._missed(error)
            return
        pixels = image.pixels
        in_background(
            lambda: difference_hash(pixels),
            parent=self,
            done=lambda look: self._keep(project, image_id, look),
            failed=self._missed,
        )

    def _keep(self, project: Project, image_id: int, look: int) -> None:
        try:
            project.note_looks({image_id: look})
        except UserError as error:
            self._missed(error)

    def _missed(self, error: UserError) -> None:
        """It is looked at again when it is next shown."""
        _log.debug("how an image looks was not noted: %s", error)
