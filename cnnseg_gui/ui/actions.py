"""Every action of the window: its name, keys and icon in one table."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence

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

# Keys that mean something else in other places (Enter ends an entry, Space presses a button), so
# they work only on the canvas, which also tells a tap of Space from a hold.
_BY_CANVAS = {"accept", "approve"}


class Actions(QObject):
    """The actions by name, as attributes of one namespace: `actions["undo"]`."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = {spec.name: self._made(spec) for spec in SPECS}
        tools = QActionGroup(self)
        for name in ("brush", "eraser"):
            tools.addAction(self[name])

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
