"""The label inbox: regions where a mask is confidently contradicted, to be kept or changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.editor.inbox import Suspect
from cnnseg_gui.ui.panels.small_pictures import pixmap_of

SIDE = 56
"""Pixels of a region's picture."""
SECONDS = 30
"""Of learning for each half of the images."""

_MOST = 200  # regions: who has settled these may look again
_EMPTY = (
    "Finds slips of the hand: two networks are each taught half of your images and look at the "
    "masks of the other half. What they are sure is another class is listed here."
)
_SUSPECT = Qt.ItemDataRole.UserRole


class InboxPanel(QWidget):
    """Look for slips, its progress, and what was found, the weightiest first."""

    look_asked = Signal(int)
    """Seconds for each half."""
    cancel_asked = Signal()
    visited = Signal(object)
    """Suspect to be shown."""
    keep_asked = Signal(object)
    """Suspect."""
    change_asked = Signal(object)
    """Suspect."""

    shown = Signal()
    """It is seen now, and was not before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: Mapping[int, str] = {}
        self.seconds = QSpinBox()
        self.seconds.setRange(5, 3600)
        self.seconds.setValue(SECONDS)
        self.seconds.setSuffix(" s each")
        self.seconds.setAccessibleName("Seconds of learning for each half of the images")
        self.look = QPushButton("Look for slips")
        self.look.clicked.connect(lambda: self.look_asked.emit(self.seconds.value()))
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.cancel_asked)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName("How far the look for slips has come")
        self._said = QLabel(_EMPTY)
        self._said.setObjectName("quiet")
        self._said.setWordWrap(True)
        self.list = QListWidget()
        self.list.setIconSize(QSize(SIDE, SIDE))
        self.list.setSpacing(2)
        self.list.setWordWrap(True)
        self.list.setAccessibleName("Regions that may be slips")
        self.list.itemClicked.connect(lambda item: self.visited.emit(item.data(_SUSPECT)))
        self.list.itemActivated.connect(lambda item: self.visited.emit(item.data(_SUSPECT)))
        self.list.currentRowChanged.connect(lambda _row: self._show_possible())
        self.keep = QPushButton("Keep mine")
        self.keep.setToolTip("It is right as it is, and is not shown again")
        self.keep.clicked.connect(lambda: self._ask(self.keep_asked.emit))
        self.change = QPushButton("Change")
        self.change.setToolTip("Give it the class that is suspected; can be undone on its image")
        self.change.clicked.connect(lambda: self._ask(self.change_asked.emit))
        top, bottom = QHBoxLayout(), QHBoxLayout()
        for widget in (self.look, self.seconds, self.cancel):
            top.addWidget(widget)
        bottom.addWidget(self.keep, 1)
        bottom.addWidget(self.change, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 10)
        layout.addLayout(top)
        layout.addWidget(self._bar)
        layout.addWidget(self._said)
        layout.addWidget(self.list, 1)
        layout.addLayout(bottom)
        layout.addStretch(0)
        self.show_running(False)
        self._show_possible()

    def showEvent(self, event: QShowEvent) -> None:
        self.shown.emit()

    def show_classes(self, names: Mapping[int, str]) -> None:
        """What the classes are called, by their index."""
        self._names = names

    def show_possible(self, images: int) -> None:
        """Whether there is anything to look at: two images with decided pixels at least."""
        self.look.setEnabled(images >= 2)
        self.look.setToolTip(
            "Look at every mask with a network that was not taught it"
            if images >= 2
            else "Paint on two images first: one alone cannot be checked by others"
        )

    def clear(self) -> None:
        """Nothing is found yet."""
        self.list.clear()
        self._said.setText(_EMPTY)
        self._show_possible()

    def show_running(self, running: bool) -> None:
        self.look.setVisible(not running)
        self.seconds.setVisible(not running)
        self.cancel.setVisible(running)
        self._bar.setVisible(running)
        self._bar.setValue(0)

    def show_progress(self, share: float, left: float) -> None:
        """How far it has come, 0…1, and seconds that are left."""
        self._bar.setValue(round(1000 * share))
        self._said.setText(f"{left:.0f} s left · {self._counted()}")

    def show_said(self, text: str) -> None:
        """How the last look ended."""
        self._said.setText(text)

    def add(self, suspects: Sequence[Suspect]) -> None:
        """More of them, each to its place."""
        for suspect in suspects:
            weights = [self._suspect(row).weight for row in range(self.list.count())]
            row = sum(weight >= suspect.weight for weight in weights)
            now, said = (
                self._names.get(i, f"class {i}") for i in (suspect.decided, suspect.proposed)
            )
            item = QListWidgetItem(
                f"{now} → {said}, {suspect.confidence:.0%} sure\n"
                f"{suspect.record.name}, {suspect.pixels:,}\u202fpx".replace(",", "\u202f", 0)
            )
            item.setData(_SUSPECT, suspect)
            item.setIcon(QIcon(QPixmap(SIDE, SIDE)))
            self.list.insertItem(row, item)
        while self.list.count() > _MOST:
            self.list.takeItem(self.list.count() - 1)
        self._show_possible()

    def show_picture(self, suspect: Suspect, picture: Pixels) -> None:
        """What a region looks like, uint8[h, w, 3]."""
        for row in range(self.list.count()):
            if self._suspect(row) is suspect:
                self.list.item(row).setIcon(QIcon(pixmap_of(picture)))

    def remove(self, suspect: Suspect) -> None:
        """It is settled; the next one is chosen."""
        for row in range(self.list.count()):
            if self._suspect(row) is suspect:
                self.list.takeItem(row)
                self.list.setCurrentRow(min(row, self.list.count() - 1))
                break
        self._said.setText(self._counted())
        self._show_possible()

    @property
    def said(self) -> str:
        return self._said.text()

    @property
    def suspects(self) -> list[Suspect]:
        """All that are listed, in their order."""
        return [self._suspect(row) for row in range(self.list.count())]

    # ------------------------------------------------------------------ inside

    def _counted(self) -> str:
        count = self.list.count()
        return f"{count} region{'' if count == 1 else 's'} to look at"

    def _suspect(self, row: int) -> Suspect:
        found = self.list.item(row).data(_SUSPECT)
        assert isinstance(found, Suspect)
        return found

    def _ask(self, emit: Callable[[Suspect], None]) -> None:
        row = self.list.currentRow()
        if row >= 0:
            emit(self._suspect(row))

    def _show_possible(self) -> None:
        any_chosen = self.list.currentRow() >= 0
        self.keep.setEnabled(any_chosen)
        self.change.setEnabled(any_chosen)
        for widget in (self.list, self.keep, self.change):
            widget.setVisible(self.list.count() > 0)
