"""Edits of the list of classes, each one step of the history."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.editor.workspace import Workspace


class ClassEditing(QObject):
    """What a person may do to the classes of the open project."""

    failed = Signal(object)
    """UserError: nothing was changed."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace

    def add(self, name: str) -> int | None:
        """A class more; its index, or None where that cannot be."""
        self._edit("Add class", lambda classes: classes.with_added(name))
        classes = self._workspace.project.classes if self._workspace.project else ()
        return next((cls.index for cls in classes if cls.name == name.strip()), None)

    def rename(self, index: int, name: str) -> None:
        self._edit("Rename class", lambda classes: classes.with_name(index, name))

    def recolour(self, index: int, colour: tuple[int, int, int]) -> None:
        self._edit("Recolour class", lambda classes: classes.with_colour(index, colour))

    def move(self, index: int, by: int) -> None:
        """Up (negative) or down the list."""
        self._edit("Move class", lambda classes: classes.moved(index, by))

    def merge(self, index: int, into: int) -> None:
        """Its pixels are the other class's from now on."""
        self._edit("Merge class", lambda classes: classes.without(index, reads_as=into))

    def delete(self, index: int) -> None:
        """Its pixels are unlabelled from now on."""
        self._edit("Delete class", lambda classes: classes.without(index, reads_as=UNLABELLED))

    def cost(self, index: int) -> tuple[int, int]:
        """How many pixels in how many images a merge or a deletion changes."""
        project = self._workspace.project
        return project.class_cost(index) if project else (0, 0)

    def _edit(self, name: str, change: Callable[[ClassList], ClassList]) -> None:
        project = self._workspace.project
        if project is None:
            return
        try:
            after = change(project.class_list)
            if after != project.class_list:
                self._workspace.edit_classes(after, name=name)
        except UserError as error:
            self.failed.emit(error)
