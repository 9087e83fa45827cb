"""The status bar: place, class, zoom, device, and that all is saved."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.ui.actions import keep_size


class StatusBar(QStatusBar):
    """Short facts, always in the same place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._place = self._field(
            "Place under the pointer", "x 00000  y 00000 · 255 255 255 · background"
        )
        self._zoom = self._field("Zoom", "0000 %")
        self._engine = self._field("Engine", "")
        self._saved = self._field("Saved", "")

    def show_place(
        self, point: ImagePoint | None, what: str, values: tuple[float, ...] | None = None
    ) -> None:
        """Pixel coordinates, the image's values, and what is there: a class, or a proposal."""
        if point is None:
            self._place.clear()
            return
        shown = [f"x {int(point.x)}  y {int(point.y)}"]
        if values is not None:
            grey = len(set(values)) == 1
            shown.append(" ".join(_number(value) for value in (values[:1] if grey else values)))
        _say(self._place, " · ".join([*shown, what]))

    def show_zoom(self, scale: float) -> None:
        percent = scale * 100
        _say(self._zoom, f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    def say(self, text: str, *, seconds: float = 6) -> None:
        """Says something that needs no answer, for as long as it takes to read it."""
        self.showMessage(text, round(seconds * 1000))

    def show_engine(self, text: str) -> None:
        self._engine.setText(text)

    def show_saved(self, unsaved: int) -> None:
        """How many gestures wait for the disk; 0: all is saved."""
        self._saved.setText(f"{unsaved} not saved yet" if unsaved else "all saved")

    @property
    def place_text(self) -> str:
        return self._place.text()

    @property
    def engine_text(self) -> str:
        return self._engine.text()

    @property
    def saved_text(self) -> str:
        return self._saved.text()

    def show_nothing_open(self) -> None:
        for field in (self._place, self._zoom, self._saved):
            field.clear()

    def _field(self, name: str, widest: str) -> QLabel:
        label = QLabel()
        label.setAccessibleName(name)
        label.setToolTip(name)
        self.addPermanentWidget(label)
        if widest:
            label.setText(widest)
            keep_size(label)
            label.clear()
        return label


def _say(label: QLabel, text: str) -> None:
    """Changes a text that changes with every move of the hand.

    A label is as wide as the longest text so far (see `actions.keep_size`).
    """
    label.setText(text)
    if label.sizeHint().width() > label.width():
        keep_size(label)


def _number(value: float) -> str:
    """Whole numbers in full, others to six digits."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
