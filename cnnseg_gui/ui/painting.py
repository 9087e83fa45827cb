"""Between the tools, their options, the classes and the canvas: what painting is about."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, QPoint, QSettings, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from cnnseg_gui.core.doubt import next_doubtful
from cnnseg_gui.core.mask import TILE, UNLABELLED
from cnnseg_gui.core.overlay import Colours, colour_table
from cnnseg_gui.core.paint_mode import PaintMode
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.document import Document
from cnnseg_gui.editor.tool_choice import ToolChoice, class_is_locked
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.canvas.hand import Hand
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.panels.classes import ClassesPanel
from cnnseg_gui.ui.panels.tool_options import STYLES, ToolOptions
from cnnseg_gui.ui.status import StatusBar

_OPACITY, _STYLE = "overlay/opacity", "overlay/style"
_FIRST_OPACITY, _FIRST_STYLE = 0.55, "filled"
_LARGER = 1.25
_PROPOSED_MS = 100  # what is under the pointer is looked up once for all tiles that come meanwhile
_DECIDE = "accept", "accept_class", "approve", "disapprove", "next_doubtful"
_MENU = "undo", "redo", "|", *_DECIDE, "|", "fit"


class Painting(QObject):
    """Keeps tool, class, options and canvas in step."""

    failed = Signal(object)
    """UserError."""
    said = Signal(str)
    """A hint for the banner."""
    over = Signal(str)
    """What was said, or failed, and is no longer so."""
    drawing_changed = Signal()
    """A gesture of several presses was begun, or ended."""

    def __init__(
        self,
        actions: Actions,
        choice: ToolChoice,
        canvas: CanvasView,
        options: ToolOptions,
        classes: ClassesPanel,
        status: StatusBar,
        workspace: Workspace,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions, self.choice, self._canvas = actions, choice, canvas
        self._options, self._classes, self._status = options, classes, status
        self._workspace, self._window = workspace, window
        self.hand = Hand(canvas, choice)
        self._opacity, self._style = _stored_overlay()
        self._hidden: frozenset[int] = frozenset()
        self._names: dict[int, str] = {}
        self._locks: tuple[int, frozenset[int]] = (choice.class_index, choice.locked)
        self._place: ImagePoint | None = None
        self._proposed = QTimer(self)
        self._proposed.setSingleShot(True)
        self._proposed.setInterval(_PROPOSED_MS)
        self._proposed.timeout.connect(self._on_proposed)
        self._document: Document | None = None
        self._drawing = False
        self._doubtful: ImagePoint | None = None
        self._connect()
        self._show_choice()
        self._show_overlay()

    def _connect(self) -> None:
        choice, act, hand = self.choice, self._actions, self.hand
        for name, slot in self._slots().items():
            act[name].triggered.connect(slot)
        choice.changed.connect(self._show_choice)
        self._options.opacity_changed.connect(self._set_opacity)
        self._options.style_changed.connect(self.set_style)
        self._classes.chosen.connect(choice.choose_class)
        self._classes.hidden_changed.connect(self.set_hidden)
        self._classes.locked_changed.connect(choice.set_locked)
        hand.pointer_moved.connect(self.show_place)
        hand.menu_asked.connect(self._show_menu)
        hand.refused.connect(self.failed)
        act["hide_overlay"].toggled.connect(self._canvas.hide_overlay)
        act["compare"].toggled.connect(self._canvas.compare)
        for name, ways in (("compare_left", -1), ("compare_right", 1)):
            act[name].triggered.connect(lambda _=False, ways=ways: self._move_compared(ways))
        self._workspace.document_changed.connect(self._follow_document)

    def _move_compared(self, ways: int) -> None:
        """The first press shows the handle."""
        if self._canvas.comparing:
            self._canvas.move_compared(ways)
        else:
            self._actions["compare"].setChecked(True)

    def _slots(self) -> dict[str, Callable[[], object]]:
        choice = self.choice

        def choose(key: str) -> Callable[[], None]:
            return lambda: choice.choose_tool(key)

        def position(number: int) -> Callable[[], None]:
            return lambda: self.choose_class_by_key(number)

        return {
            **{key: choose(key) for key in choice.tools},
            **{f"class_{digit}": position(digit) for digit in range(10)},
            "swap_class": choice.swap_class,
            "accept_class": self._accept_class,
            "next_doubtful": self._go_to_doubtful,
            "smaller": lambda: choice.set_diameter(choice.diameter / _LARGER),
            "larger": lambda: choice.set_diameter(
                max(choice.diameter * _LARGER, choice.diameter + 1)
            ),
            "mode_all": lambda: choice.set_mode(PaintMode.EVERYTHING),
            "mode_unlabelled": lambda: choice.set_mode(PaintMode.UNLABELLED),
            "mode_chosen": lambda: choice.set_mode(PaintMode.CHOSEN),
            "fit": self._canvas.fit,
            "one_to_one": self._canvas.one_to_one,
            "zoom_in": lambda: self._canvas.zoom_by(1.25, self.hand.pointer),
            "zoom_out": lambda: self._canvas.zoom_by(0.8, self.hand.pointer),
        }

    # ------------------------------------------------------------------ what is open

    def _follow_document(self) -> None:
        document = self._workspace.document
        if document is self._document:
            return
        self._doubtful = None
        if self._document is not None:
            with suppress(RuntimeError):  # it may be gone by now
                self._document.picked.disconnect(self.choice.choose_class)
                self._document.outline_changed.disconnect(self._show_undo)
                self._document.proposal_changed.disconnect(self._wait_for_tiles)
        if document is not None:
            document.picked.connect(self.choice.choose_class)
            document.outline_changed.connect(self._show_undo)
            document.proposal_changed.connect(self._wait_for_tiles)
        self._document = document

    def _wait_for_tiles(self) -> None:
        if not self._proposed.isActive():
            self._proposed.start()

    def _on_proposed(self) -> None:
        """Once no gesture is under the hand."""
        if self._workspace.under_the_hand:
            self._proposed.start()
        else:
            self.refresh_place()

    def _show_undo(self) -> None:
        """While a polygon is drawn, undo takes its last corner back."""
        document = self._workspace.document
        drawing = document is not None and document.drawing
        if drawing != self._drawing:
            self._drawing = drawing
            self.drawing_changed.emit()

    def show_classes(self) -> None:
        """Another project, or its classes are others now."""
        project = self._workspace.project
        classes = project.classes if project else ()
        self._names = {cls.index: cls.name for cls in classes}
        self._classes.show_classes(classes)
        self.choice.show_classes(classes)
        self._canvas.set_table(self.table())

    def table(self) -> Colours:
        """The colours of mask and proposal as they are to be shown."""
        return colour_table(
            self.choice.classes, opacity=self._opacity, hidden=self._hidden, style=self._style
        )

    def choose_class_by_key(self, position: int) -> None:
        """0…9 on the keyboard: the class at that place of the list."""
        if position < len(self.choice.classes):
            self.choice.choose_class(self.choice.classes[position].index)

    def show_place(self, point: ImagePoint | None) -> None:
        """What is under the pointer."""
        self._place = point
        self.refresh_place()

    def show_place_anew(self) -> None:
        """Another image is under the pointer."""
        pointer = self.hand.pointer
        self.show_place(None if pointer is None else self._canvas.image_point(pointer))

    def refresh_place(self) -> None:
        """The same place, of which something may have changed."""
        point, document = self._place, self._workspace.document
        if point is None or document is None or not self._canvas.contains(point):
            self._status.show_place(None, "")
            return
        here = Rect(int(point.y), int(point.x), int(point.y) + 1, int(point.x) + 1)
        decided = int(document.mask.read(here)[0, 0])
        proposed = int(document.proposal.classes.read(here)[0, 0])
        if decided != UNLABELLED:
            what = self._names.get(decided, f"class {decided}")
        elif proposed != UNLABELLED:
            what = f"{self._names.get(proposed, f'class {proposed}')} proposed"
        else:
            what = "unlabelled"
        ready = document.image.ready(0, here.top // TILE, here.left // TILE)
        values = document.image.value(here.top, here.left) if ready else None
        self._status.show_place(point, what, values)

    # ------------------------------------------------------------------ what is chosen

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Classes that are not drawn."""
        self._hidden = hidden
        self._canvas.set_table(self.table())

    def set_style(self, style: str) -> None:
        """“filled”, “outline”, or “hidden”."""
        self._style = style
        QSettings().setValue(_STYLE, style)
        self._show_overlay()

    def _set_opacity(self, opacity: float) -> None:
        self._opacity = opacity
        QSettings().setValue(_OPACITY, opacity)
        self._show_overlay()

    def _show_overlay(self) -> None:
        self._options.show_overlay(self._opacity, self._style)
        self._canvas.set_table(self.table())

    def _show_choice(self) -> None:
        choice, act = self.choice, self._actions
        act[choice.tool.key].setChecked(True)
        act[f"mode_{_MODE_NAMES[choice.mode]}"].setChecked(True)
        self._classes.choose(choice.class_index)
        locks = choice.class_index, choice.locked
        if locks != self._locks:
            self._locks = locks
            for cls in choice.classes:
                self.over.emit(str(class_is_locked(cls.name)))

    def accept(self) -> None:
        """Closes the shape that is being drawn; without one, decides as proposed."""
        document = self._workspace.document
        if document is not None and document.drawing:
            document.close()
        else:
            self._workspace.accept()

    def _accept_class(self) -> None:
        cls = self.choice.active_class
        if cls is not None:
            self._workspace.accept_class(cls)

    def _go_to_doubtful(self) -> None:
        """Brings the next place where the proposal is least sure to the middle."""
        document = self._workspace.document
        if document is None:
            return
        place = next_doubtful(document.mask, document.proposal, self._doubtful)
        if place is None:
            self.said.emit("Nothing that is proposed here is in doubt.")
            return
        self._doubtful = ImagePoint((place.top + place.bottom) / 2, (place.left + place.right) / 2)
        self._canvas.show_place(place)

    def _show_menu(self, place: QPoint) -> None:
        """What is asked most, at the pointer."""
        menu = QMenu(self._window)
        for position, cls in enumerate(self.choice.classes[:10]):
            menu.addAction(self._class_action(menu, position, cls.name))
        menu.addSeparator()
        for name in _MENU:
            menu.addSeparator() if name == "|" else menu.addAction(self._actions[name])
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def _class_action(self, menu: QMenu, position: int, name: str) -> QAction:
        action = QAction(f"{position}  {name}", menu)
        action.setCheckable(True)
        action.setChecked(self.choice.classes[position].index == self.choice.class_index)
        action.triggered.connect(lambda: self.choose_class_by_key(position))
        return action


_MODE_NAMES = {
    PaintMode.EVERYTHING: "all",
    PaintMode.UNLABELLED: "unlabelled",
    PaintMode.CHOSEN: "chosen",
}


def _stored_overlay() -> tuple[float, str]:
    """Opacity and style as they were left; the first ones where the settings hold something odd."""
    settings = QSettings()
    try:
        opacity = float(str(settings.value(_OPACITY, _FIRST_OPACITY)))
    except ValueError:
        opacity = _FIRST_OPACITY
    style = str(settings.value(_STYLE, _FIRST_STYLE))
    return (
        opacity if 0 <= opacity <= 1 else _FIRST_OPACITY,
        style if style in STYLES else _FIRST_STYLE,
    )
