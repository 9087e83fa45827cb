"""What the mouse and the pen do on the image, with the held keys of the moment."""

from __future__ import annotations

from cnnseg_gui.ui.keys.bindings import Bindings


def gestures(bindings: Bindings) -> list[tuple[str, str]]:
    """Pairs of what happens and how it is done."""
    pan, peek = bindings.all_shown("pan"), bindings.all_shown("peek")
    return [
        ("Zoom at the pointer", "Wheel"),
        ("Brush size", "Alt + wheel"),
        ("Brush size", "Shift + drag right or left"),
        ("Straight line from the last stroke", "Shift + click"),
        ("Pan", f"Hold {pan} and drag, or middle button" if pan else "Middle button and drag"),
        *([("Image without overlay", f"Hold {peek}")] if peek else []),
        ("Erase with any tool", "Alt + drag"),
        ("Accept the proposal there", "Ctrl + drag, with brush, lasso, box or polygon"),
        ("Close the polygon", "Double click, or click on its first corner"),
        ("Take the polygon's last corner back", "Right click"),
        ("Menu at the pointer", "Right click"),
        ("Stroke width", "Pressure of a pen"),
        ("Erase", "The pen's other end"),
    ]
