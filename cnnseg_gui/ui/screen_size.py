"""How large a window may open: never larger than its screen."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

_FRAME = 16, 44  # logical pixels: borders, and the title bar with the lower border


def open_at(window: QWidget, width: int, height: int) -> None:
    """Resizes a window before it is shown, in logical pixels; on a small screen it is smaller."""
    free = window.screen().availableGeometry()
    window.resize(min(width, free.width() - _FRAME[0]), min(height, free.height() - _FRAME[1]))
