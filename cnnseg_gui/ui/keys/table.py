"""Every action of the program: its name, group, keys and icon in one table."""

from __future__ import annotations

from cnnseg_gui.ui.keys.spec import ActionSpec, Context


def _file() -> tuple[ActionSpec, ...]:
    group = "File"
    return (
        ActionSpec(
            "open_folder", "Open Folder of Images…", ("Ctrl+O",), "open-folder", group=group
        ),
        ActionSpec("open_project", "Open Project…", ("Ctrl+Shift+O",), group=group),
        ActionSpec("add_images", "Add Images…", group=group),
        ActionSpec(
            "save",
            "Save a Named Revision…",
            ("Ctrl+S",),
            tip="Every stroke is saved already; this keeps the model under a name",
            group=group,
            repeats=False,
        ),
        ActionSpec(
            "export", "Export…", ("Ctrl+E",), "export", "Export the labelled data set", group=group
        ),
        ActionSpec(
            "import_labels",
            "Import Labels…",
            ("Ctrl+I",),
            tip="Put a data set's masks, tags and parts into this project",
            group=group,
        ),
        ActionSpec(
            "close_project",
            "Close Project",
            tip="Everything in it is saved",
            group=group,
            repeats=False,
        ),
        ActionSpec("quit", "Quit", ("Ctrl+Q",), group=group),
    )


def _edit() -> tuple[ActionSpec, ...]:
    group = "Edit"
    return (
        ActionSpec("undo", "Undo", ("Ctrl+Z",), "undo", group=group),
        ActionSpec("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", group=group),
        ActionSpec(
            "accept",
            "Accept Proposal",
            ("Return", "Enter"),
            "accept",
            "Decide every undecided pixel as proposed; while a polygon is drawn, close it",
            group=group,
            repeats=False,
        ),
        ActionSpec(
            "accept_class",
            "Accept Active Class",
            ("Ctrl+Return", "Ctrl+Enter"),
            tip="Decide the undecided pixels that are proposed as the active class",
            group=group,
            repeats=False,
        ),
        ActionSpec(
            "approve",
            "Approve and Go On",
            ("Space",),
            "approve",
            "Accept what is left, mark the image approved, open the next",
            group=group,
            repeats=False,
        ),
        ActionSpec(
            "disapprove",
            "Not Approved",
            tip="Take the approval back; what is decided stays",
            group=group,
            repeats=False,
        ),
        ActionSpec("preferences", "Preferences…", ("Ctrl+,",), group=group, repeats=False),
        ActionSpec(
            "step_back",
            "Take the Last Corner Back",
            ("Backspace",),
            group=group,
            context=Context.CANVAS,
        ),
        ActionSpec(
            "cancel_gesture",
            "Give Up What Is Being Drawn",
            ("Esc",),
            group=group,
            context=Context.CANVAS,
            repeats=False,
        ),
    )


def _tools() -> tuple[ActionSpec, ...]:
    tools = {
        "brush": ("Brush", "B", "Paint the active class"),
        "eraser": ("Eraser", "E", "Back to unlabelled; also while Alt is held"),
        "smart_brush": ("Smart Brush", "S", "Paint up to the edges in the image"),
        "polygon": ("Polygon", "P", "Fill an area, corner by corner"),
        "lasso": ("Lasso", "L", "Fill an area, drawn freehand"),
        "box": ("Box", "R", "Fill a rectangle"),
        "bucket": ("Bucket", "G", "Fill what is connected"),
        "wand": ("Wand", "W", "Fill what is alike in colour"),
        "pick": ("Pick Class", "I", "The class that is there becomes active"),
        "ruler": ("Ruler", "M", "Measure a length"),
    }
    group = "Tools"
    return (
        *(
            ActionSpec(
                name, label, (key,), name.replace("_", "-"), tip, checkable=True, group=group
            )
            for name, (label, key, tip) in tools.items()
        ),
        ActionSpec("smaller", "Smaller Brush", ("[",), group=group),
        ActionSpec("larger", "Larger Brush", ("]",), group=group),
        ActionSpec("mode_all", "Over Everything", checkable=True, group=group),
        ActionSpec("mode_unlabelled", "Over Unlabelled Only", checkable=True, group=group),
        ActionSpec("mode_chosen", "Over Chosen Classes Only", checkable=True, group=group),
    )


def _classes() -> tuple[ActionSpec, ...]:
    group = "Classes"
    return (
        *(
            ActionSpec(f"class_{digit}", f"Class {digit}", (str(digit),), group=group)
            for digit in range(10)
        ),
        ActionSpec(
            "swap_class", "Swap Class", ("X",), tip="The class that was active before", group=group
        ),
    )


def _regions() -> tuple[ActionSpec, ...]:
    labels = {
        "fill_holes": "Fill Holes",
        "remove_specks": "Remove Specks",
        "smooth": "Smooth",
        "grow": "Grow",
        "shrink": "Shrink",
        "split": "Split Touching Objects",
        "keep_largest": "Keep the Largest Only",
        "replace_class": "Replace Class…",
    }
    return tuple(ActionSpec(name, label, group="Regions") for name, label in labels.items())


def _view() -> tuple[ActionSpec, ...]:
    return (
        ActionSpec("fit", "Fit", ("F", "Ctrl+F"), "fit", "Show the whole image"),
        ActionSpec("one_to_one", "Actual Pixels", ("Ctrl+1",), "one-to-one"),
        ActionSpec("zoom_in", "Zoom In", ("Ctrl++", "Ctrl+=")),
        ActionSpec("zoom_out", "Zoom Out", ("Ctrl+-",)),
        ActionSpec("pan", "Pan While Held", ("Space",), context=Context.HELD),
        ActionSpec("peek", "Hide Overlay While Held", ("Tab",), context=Context.HELD),
        ActionSpec(
            "hide_overlay",
            "Hide Overlay",
            icon="hide-overlay",
            tip="Show the image alone",
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
        ActionSpec("compare_left", "Compare: Handle to the Left", ("Alt+Left",)),
        ActionSpec("compare_right", "Compare: Handle to the Right", ("Alt+Right",)),
        ActionSpec(
            "border_weights",
            "Border Weights",
            tip="Show which background between objects counts more where borders are stressed",
            checkable=True,
        ),
        ActionSpec(
            "doubtful_regions",
            "Doubtful Regions",
            tip="Outline where the network is not sure; N goes from one to the next",
            checkable=True,
        ),
        ActionSpec(
            "show_measurements",
            "Measurements",
            ("Ctrl+M",),
            tip="Area, shape and brightness of every object, as a table and a plot",
        ),
        ActionSpec(
            "blink",
            "Blink Between Revisions",
            ("V",),
            tip="Show what the revision chosen in Revisions proposes, and again what proposes now",
        ),
        ActionSpec("next_panel", "Next Panel", ("F6",)),
        ActionSpec("previous_panel", "Previous Panel", ("Shift+F6",)),
        ActionSpec("reset_layout", "Reset Layout"),
    )


def _images() -> tuple[ActionSpec, ...]:
    group = "Images"
    return (
        ActionSpec("previous", "Previous Image", ("A", "Ctrl+Left"), "previous", group=group),
        ActionSpec("next", "Next Image", ("D", "Ctrl+Right"), "next", group=group),
        ActionSpec(
            "next_doubtful",
            "Next Doubtful Region",
            ("N",),
            tip="Go to where the network is least sure",
            group=group,
        ),
    )


def _network() -> tuple[ActionSpec, ...]:
    group = "Network"
    return (
        ActionSpec(
            "teach",
            "Teach",
            ("Ctrl+T",),
            "teach",
            "Fine-tune the network on your corrections",
            group=group,
            repeats=False,
        ),
        ActionSpec("cancel_teaching", "Cancel Teaching", group=group),
        ActionSpec(
            "teach_by_itself",
            "Teach by Itself",
            tip="Begin to learn once enough is new",
            checkable=True,
            group=group,
        ),
        ActionSpec(
            "answer_while_painting",
            "Answer While Painting",
            tip="Propose anew after every gesture",
            checkable=True,
            group=group,
        ),
        ActionSpec(
            "propose_batch",
            "Propose for Many…",
            tip="Propose for all images, or those in the list; accept what is sure enough",
            group=group,
        ),
        ActionSpec(
            "look_for_slips",
            "Look for Slips…",
            tip="Have every mask looked at by a network that was not taught it",
            group=group,
        ),
        ActionSpec(
            "show_effort",
            "Effort",
            tip="What images cost you, and how many more it takes",
            group=group,
        ),
        ActionSpec(
            "choose_network",
            "Choose Network…",
            tip="What the next fine-tune begins with",
            group=group,
        ),
        ActionSpec(
            "weights",
            "Weights…",
            tip="Published weights: download them, or choose files",
            group=group,
        ),
    )


def _cursor() -> tuple[ActionSpec, ...]:
    """Painting by keyboard alone (ui/canvas/key_cursor.py)."""
    ways = ("Left", "Right", "Up", "Down")
    pens = (
        ("pen", "Press or Release the Tool", ("Ins", "."), "Begins and ends what the mouse drags"),
        ("pen_erase", "Press the Tool to Erase", ("Alt+Ins",), "Back to unlabelled"),
        ("pen_accept", "Press the Tool to Accept", ("Ctrl+Ins",), "Accepts the proposal there"),
        ("pen_straight", "Straight Line to the Cursor", ("Shift+Ins",), "From the last stroke"),
        ("canvas_menu", "Menu at the Cursor", ("Menu", "Shift+F10"), ""),
    )
    group, context = "Cursor", Context.CANVAS
    return (
        *(
            ActionSpec(
                f"cursor_{way.lower()}", f"Cursor {way}", (way,), group=group, context=context
            )
            for way in ways
        ),
        *(
            ActionSpec(
                f"cursor_far_{way.lower()}",
                f"Cursor Far {way}",
                (f"Shift+{way}",),
                group=group,
                context=context,
            )
            for way in ways
        ),
        *(
            ActionSpec(name, label, keys, tip=tip, group=group, context=context, repeats=False)
            for name, label, keys, tip in pens
        ),
    )


def _help() -> tuple[ActionSpec, ...]:
    group = "Help"
    return (
        ActionSpec("keys", "Keys", ("F1",), tip="All keys and mouse gestures", group=group),
        ActionSpec("keyboard", "Keyboard…", tip="Choose other keys", group=group),
        ActionSpec("demo", "Open the Sample Project", group=group),
        ActionSpec(
            "show_me",
            "Show Me",
            icon="show-me",
            tip="Run the tour on the sample project",
            group=group,
        ),
        ActionSpec(
            "architecture",
            "Architecture…",
            tip="Look at every network: layers, numbers, inside",
            group=group,
        ),
        ActionSpec(
            "report",
            "Report a Problem…",
            tip="What a report needs, as text; nothing is sent",
            group=group,
        ),
        ActionSpec("about", "About CNNSeg", group=group),
    )


SPECS = (
    *_file(),
    *_edit(),
    *_tools(),
    *_classes(),
    *_regions(),
    *_view(),
    *_images(),
    *_network(),
    *_cursor(),
    *_help(),
)
