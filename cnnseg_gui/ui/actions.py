"""Every action of the window: its name, keys and icon in one table."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from cnnseg_gui.ui.icons import icon


@dataclass(frozen=True)
class ActionSpec:
    """`keys` are Qt's portable key sequences; the first one is shown in menus and tips."""

    name: str
    label: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False


SPECS = (
    ActionSpec("open_folder", "Open Folder of Images…", ("Ctrl+O",), "open-folder"),
    ActionSpec("open_project", "Open Project…", ("Ctrl+Shift+O",)),
    ActionSpec("add_images", "Add Images…"),
    ActionSpec("export", "Export…", ("Ctrl+E",), "export", "Export the labelled data set"),
    ActionSpec("quit", "Quit", ("Ctrl+Q",)),
    ActionSpec("undo", "Undo", ("Ctrl+Z",), "undo"),
    ActionSpec("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    ActionSpec(
        "accept",
        "Accept Proposal",
        ("Return", "Enter"),
        "accept",
        "Decide every undecided pixel as proposed",
    ),
    ActionSpec(
        "approve",
        "Approve and Go On",
        ("Space",),
        "approve",
        "Accept what is left, mark the image approved, open the next",
    ),
    ActionSpec("brush", "Brush", ("B",), "brush", "Paint the active class", checkable=True),
    ActionSpec(
        "eraser",
        "Eraser",
        ("E",),
        "eraser",
        "Back to unlabelled; also while Alt is held",
        checkable=True,
    ),
    ActionSpec(
        "polygon", "Polygon", ("P",), "polygon", "Fill an area, corner by corner", checkable=True
    ),
    ActionSpec("lasso", "Lasso", ("L",), "lasso", "Fill an area, drawn freehand", checkable=True),
    ActionSpec("box", "Box", ("R",), "box", "Fill a rectangle", checkable=True),
    ActionSpec(
        "pick",
        "Pick Class",
        ("I",),
        "pick",
        "The class that is there becomes active",
        checkable=True,
    ),
    ActionSpec("ruler", "Ruler", ("M",), "ruler", "Measure a length", checkable=True),
    *(ActionSpec(f"class_{digit}", f"Class {digit}", (str(digit),)) for digit in range(10)),
    ActionSpec("swap_class", "Swap Class", ("X",), "", "The class that was active before"),
    ActionSpec("mode_all", "Over Everything", checkable=True),
    ActionSpec("mode_unlabelled", "Over Unlabelled Only", checkable=True),
    ActionSpec("mode_chosen", "Over Chosen Classes Only", checkable=True),
    ActionSpec(
        "accept_class",
        "Accept Active Class",
        ("Ctrl+Return", "Ctrl+Enter"),
        "",
        "Decide the undecided pixels that are proposed as the active class",
    ),
    ActionSpec("smaller", "Smaller Brush", ("[",)),
    ActionSpec("larger", "Larger Brush", ("]",)),
    ActionSpec("fit", "Fit", ("F", "Ctrl+F"), "fit", "Show the whole image"),
    ActionSpec("one_to_one", "Actual Pixels", ("Ctrl+1",), "one-to-one"),
    ActionSpec("zoom_in", "Zoom In", ("Ctrl++", "Ctrl+=")),
    ActionSpec("zoom_out", "Zoom Out", ("Ctrl+-",)),
    ActionSpec("previous", "Previous Image", ("A", "Ctrl+Left"), "previous"),
    ActionSpec("next", "Next Image", ("D", "Ctrl+Right"), "next"),
    ActionSpec(
        "hide_overlay",
        "Hide Overlay",
        (),
        "hide-overlay",
        "Show the image alone; also while Tab is held",
        checkable=True,
    ),
    ActionSpec(
        "compare",
        "Compare Mask and Proposal",
        ("C",),
        "compare",
        "The mask left of a handle, the proposal right of it",
        checkable=True,
    ),
    ActionSpec(
        "border_weights",
        "Border Weights",
        (),
        "",
        "Show which background between objects counts more where borders are stressed",
        checkable=True,
    ),
    ActionSpec("teach", "Teach", ("Ctrl+T",), "teach", "Fine-tune the network on your corrections"),
    ActionSpec("cancel_teaching", "Cancel Teaching"),
    ActionSpec("choose_network", "Choose Network…", (), "", "What the next fine-tune begins with"),
    ActionSpec("weights", "Weights…", (), "", "Published weights: download them, or choose files"),
    ActionSpec("reset_layout", "Reset Layout"),
    ActionSpec("demo", "Open the Sample Project"),
    ActionSpec("show_me", "Show Me", (), "show-me", "Run the tour on the sample project"),
    ActionSpec(
        "architecture", "Architecture…", (), "", "Look at every network: layers, numbers, inside"
    ),
    ActionSpec("about", "About CNNSeg"),
)

TOOLS = (
    "brush",
    "eraser",
    "polygon",
    "lasso",
    "box",
    "pick",
    "ruler",
)
MODES = "mode_all", "mode_unlabelled", "mode_chosen"

# Keys that mean something else in other places (Enter ends an entry, Space presses a button), so
# they work only on the canvas, which also tells a tap of Space from a hold.
_BY_CANVAS = {"accept", "approve"}


class Actions(QObject):
    """The actions by name, as attributes of one namespace: `actions["undo"]`."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._actions = {spec.name: self._made(spec) for spec in SPECS}
        window.addActions(list(self._actions.values()))  # their keys work outside of menus too
        for names in (TOOLS, MODES):
            group = QActionGroup(self)
            for name in names:
                group.addAction(self[name])

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def named(self, *names: str) -> list[QAction]:
        return [self._actions[name] for name in names]

    def _made(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.label, self)
        action.setObjectName(spec.name)
        action.setCheckable(spec.checkable)
        if spec.icon:
            action.setIcon(icon(spec.icon))
        tip = spec.tip or spec.label.rstrip("…")
        keys = [QKeySequence(key) for key in spec.keys]
        if keys:
            shown = keys[0].toString(QKeySequence.SequenceFormat.NativeText)
            tip += f" ({shown})"
            if spec.name not in _BY_CANVAS:
                action.setShortcuts(keys)
                action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setToolTip(tip)
        action.setStatusTip(spec.tip)
        return action
