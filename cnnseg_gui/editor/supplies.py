"""Where the bytes lie that the engine asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from cnnseg_gui.core.attached import read_attached
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import read_image
from cnnseg_gui.core.likely_places import is_file
from cnnseg_gui.core.revisions import CARD, WEIGHTS
from cnnseg_gui.core.unfinished import state_path
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.weights.store import WeightStore


class Supplies:
    """The open project's images and models, and this machine's published weights."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.candidates: dict[str, Path] = {}
        """Weight files to be checked, by the name they would have."""

    def find(self, key: str) -> Path | tuple[Path, Path] | Callable[[], bytes]:
        """The file of a key (see `messages.Want`); of a model its card and its weights.

        Of a stack's page it is a worker's job to make the bytes.

        Raises:
            UserError: it is not here.
        """
        kind, _, name = key.rpartition(":")
        if kind == "pretrained":
            return WeightStore().require(name)
        if kind == "candidate" and name in self.candidates:
            return self.candidates[name]
        project = self._workspace.project
        if project is None:
            raise UserError("the project was closed", remedy="Open it again.")
        if kind == "unfinished":
            return state_path(project.folder, name)
        if kind in ("weights", "tags"):
            stored = project.revisions if kind == "weights" else project.classifiers
            folder = stored.find(name).folder
            return folder / CARD, folder / WEIGHTS
        sha256, _, page = name.partition("#")
        there = (f.path for f in project.files.with_content(sha256) if is_file(f.path))
        path = next(there, None) or project.find_image(sha256).path
        return partial(_page, path, sha256, int(page)) if page.isdecimal() else path


def _page(path: Path, sha256: str, page: int) -> bytes:
    """A page's pixels as the person sees them, as PPM: of a stack the engine is sent no more."""
    pixels = read_image(read_attached(path, sha256), page, name=str(path)).pixels
    height, width = pixels.shape[:2]
    return b"P6 %d %d 255\n" % (width, height) + pixels.tobytes()
