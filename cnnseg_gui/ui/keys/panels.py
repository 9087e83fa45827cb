"""From panel to panel by key: the image keeps Tab for itself."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget


class PanelRound(QObject):
    """The image, then every panel that is seen, and round again."""

    def __init__(self, canvas: QWidget, docks: Sequence[QDockWidget], parent: QObject) -> None:
        super().__init__(parent)
        self._canvas, self._docks = canvas, docks

    def go(self, step: int) -> None:
        """Gives the focus to the next place (1) or the previous one (-1)."""
        places = [place for place in (self._canvas, *self._panels()) if _entry(place) is not None]
        if not places:
            return
        focus = QApplication.focusWidget()
        here = next((k for k, place in enumerate(places) if _holds(place, focus)), None)
        place = places[0 if here is None else (here + step) % len(places)]
        entry = _entry(place)
        assert entry is not None
        entry.setFocus(Qt.FocusReason.TabFocusReason)

    def _panels(self) -> list[QWidget]:
        return [dock.widget() for dock in self._docks if not dock.visibleRegion().isEmpty()]


def _holds(place: QWidget, focus: QWidget | None) -> bool:
    return focus is not None and (focus is place or place.isAncestorOf(focus))


def _entry(place: QWidget) -> QWidget | None:
    """What Tab would come to first in a panel."""
    inside = [place, *place.findChildren(QWidget)]
    return next(
        (
            widget
            for widget in inside
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.isEnabled()
            and widget.isVisible()
        ),
        None,
    )
