"""All tools, in the order of the palette."""

from __future__ import annotations

from cnnseg_gui.editor.tools.base import Tool
from cnnseg_gui.editor.tools.brush import Brush, Eraser
from cnnseg_gui.editor.tools.bucket import Bucket
from cnnseg_gui.editor.tools.lasso import Box, Lasso
from cnnseg_gui.editor.tools.pick import Pick
from cnnseg_gui.editor.tools.polygon import Polygon
from cnnseg_gui.editor.tools.ruler import Ruler
from cnnseg_gui.editor.tools.smart_brush import SmartBrush
from cnnseg_gui.editor.tools.wand import Wand


def palette() -> tuple[Tool, ...]:
    """New ones; the first is in the hand at the start."""
    return (
        Brush(),
        Eraser(),
        SmartBrush(),
        Polygon(),
        Lasso(),
        Box(),
        Bucket(),
        Wand(),
        Pick(),
        Ruler(),
    )
