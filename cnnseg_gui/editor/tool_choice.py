"""The tool in the person's hand, and everything that is set about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from cnnseg_gui.core.classes import PixelClass
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.paint_mode import PaintMode, writable
from cnnseg_gui.editor.tools.base import Operation, Tool, ToolSettings

MIN_DIAMETER, MAX_DIAMETER = 1.0, 1000.0
_PAINTS_NOTHING = {"eraser", "pick", "ruler"}


class ToolChoice(QObject):
    """Which tool, class, size and mode the next gesture has. Its settings are frozen at the press.

    Args:
        tools: the palette; the first one is chosen at the start.
    """

    changed = Signal()

    def __init__(self, tools: Sequence[Tool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tools: dict[str, Tool] = {tool.key: tool for tool in tools}
        self.tool = tools[0]
        self.classes: tuple[PixelClass, ...] = ()
        self.class_index = 1
        self.mode = PaintMode.EVERYTHING
        self.chosen: frozenset[int] = frozenset()
        """The classes that the mode “chosen” goes over."""
        self.locked: frozenset[int] = frozenset()
        self._last_class = 0
        self._settings = ToolSettings()

    # ------------------------------------------------------------------ what is chosen

    def choose_tool(self, key: str) -> None:
        self.tool = self.tools[key]
        self.changed.emit()

    def show_classes(self, classes: Sequence[PixelClass]) -> None:
        """Another list of classes; one that is gone is no longer active, chosen or locked."""
        self.classes = tuple(classes)
        known = frozenset(cls.index for cls in classes)
        self.chosen &= known
        self.locked &= known
        if self.class_index not in known and classes:
            self.class_index = classes[min(1, len(classes) - 1)].index
        if self._last_class not in known:
            self._last_class = 0
        self.changed.emit()

    def choose_class(self, index: int) -> None:
        """Makes a class the active one; an eraser becomes the brush again."""
        if index != self.class_index:
            self._last_class, self.class_index = self.class_index, index
        if self.tool.key == "eraser":
            self.tool = self.tools["brush"]
        self.changed.emit()

    def swap_class(self) -> None:
        """The class that was active before."""
        self.choose_class(self._last_class)

    def set_mode(self, mode: PaintMode) -> None:
        """With “chosen” and nothing chosen yet, it is the active class."""
        self.mode = mode
        if mode == PaintMode.CHOSEN and not self.chosen:
            self.chosen = frozenset({self.class_index})
        self.changed.emit()

    def set_chosen(self, chosen: frozenset[int]) -> None:
        self.chosen = chosen
        self.changed.emit()

    def set_locked(self, locked: frozenset[int]) -> None:
        self.locked = locked
        self.changed.emit()

    # ------------------------------------------------------------------ its settings

    @property
    def diameter(self) -> float:
        return self._settings.diameter

    @property
    def square(self) -> bool:
        return self._settings.square

    @property
    def tolerance(self) -> int:
        return self._settings.tolerance

    @property
    def by_class(self) -> bool:
        return self._settings.by_class

    def set_diameter(self, diameter: float) -> None:
        """In image pixels, kept within what the panel offers."""
        self._set(replace(self._settings, diameter=min(max(diameter, MIN_DIAMETER), MAX_DIAMETER)))

    def set_square(self, square: bool) -> None:
        self._set(replace(self._settings, square=square))

    def set_tolerance(self, tolerance: int) -> None:
        self._set(replace(self._settings, tolerance=tolerance))

    def set_by_class(self, by_class: bool) -> None:
        self._set(replace(self._settings, by_class=by_class))

    @property
    def active_class(self) -> PixelClass | None:
        """The class to paint; None without a project."""
        return next((cls for cls in self.classes if cls.index == self.class_index), None)

    @property
    def colour(self) -> tuple[int, int, int] | None:
        """Of the active class; None for the eraser."""
        cls = self.active_class
        return None if cls is None or self.tool.key == "eraser" else cls.colour

    def settings(self, operation: Operation, *, straight: bool = False) -> ToolSettings:
        """For the gesture that begins now.

        Raises:
            UserError: it would paint a class that is locked.
        """
        cls = self.active_class
        paints = operation == Operation.PAINT and self.tool.key not in _PAINTS_NOTHING
        if paints and cls is not None and cls.index in self.locked:
            raise class_is_locked(cls.name)
        return replace(
            self._settings,
            class_index=self.class_index,
            operation=operation,
            straight=straight,
            writable=writable(self.mode, chosen=self.chosen, locked=self.locked),
        )

    def _set(self, settings: ToolSettings) -> None:
        if settings != self._settings:
            self._settings = settings
            self.changed.emit()


def class_is_locked(name: str) -> UserError:
    """What is said where a locked class would be painted or painted over."""
    return UserError(f"the class “{name}” is locked", remedy="Unlock it, or choose another one.")
