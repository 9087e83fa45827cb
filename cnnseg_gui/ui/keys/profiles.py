"""The keys of other programs, for hands that know them.

Only what has an equivalent there is listed; an action whose key is taken by that keeps its others.
"""

from __future__ import annotations

from collections.abc import Mapping

Keys = tuple[str, ...]

OWN = "CNNSeg"

# labelme/config/default_config.yaml of wkentaro/labelme, `shortcuts`: open_dir and open, open_next,
# open_prev, zoom_to_original, fit_window, create_polygon, create_rectangle, toggle_all_polygons.
_LABELME: dict[str, Keys] = {
    "open_folder": ("Ctrl+U", "Ctrl+O"),
    "next": ("D", "Ctrl+Shift+D"),
    "previous": ("A", "Ctrl+Shift+A"),
    "one_to_one": ("Ctrl+0",),
    "fit": ("Ctrl+F",),
    "polygon": ("Ctrl+N",),
    "box": ("Ctrl+R",),
    "hide_overlay": ("T",),
}

# `componentShortcuts` of cvat-ui (cvat-ai/cvat): NEXT_FRAME and PREV_FRAME, SWITCH_LABEL,
# ACTIVATE_BRUSH_TOOL, _ERASER_TOOL and _POLYGON_TOOL of the mask's toolbox, SWITCH_HIDDEN (which
# hides the mask that is drawn), SAVE_JOB, SWITCH_SHORTCUTS.
_CVAT: dict[str, Keys] = {
    "next": ("F",),
    "previous": ("D",),
    "brush": ("Shift+1",),
    "eraser": ("Shift+2",),
    "polygon": ("Shift+3",),
    "hide_overlay": ("H",),
    "save": ("Ctrl+S",),
    "keys": ("F1",),
    **{f"class_{digit}": (f"Ctrl+{digit}",) for digit in range(10)},
}

# krita/krita.action and the tools' own .action files of KDE/krita: KisToolFill,
# KisToolColorSampler, KisToolRectangle, zoom_to_100pct, edit_redo, increase_brush_size. Krita has
# no key for its polygon, which makes room for the sampler here.
_KRITA: dict[str, Keys] = {
    "brush": ("B",),
    "eraser": ("E",),
    "bucket": ("F",),
    "pick": ("P",),
    "polygon": ("Shift+P",),
    "box": ("Shift+R",),
    "swap_class": ("X",),
    "smaller": ("[",),
    "larger": ("]",),
    "one_to_one": ("Ctrl+0",),
    "zoom_in": ("Ctrl++", "Ctrl+="),
    "zoom_out": ("Ctrl+-",),
    "redo": ("Ctrl+Shift+Z",),
}

PROFILES: Mapping[str, Mapping[str, Keys]] = {
    OWN: {},
    "labelme": _LABELME,
    "CVAT": _CVAT,
    "Krita": _KRITA,
}
