"""The Revisions panel: what the network has learnt so far, and going back to any of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.editor.revision_facts import RevisionFacts
from cnnseg_gui.ui.panels.small_pictures import pixmap_of

PICTURE = 118
"""Pixels of a picture's side, at most."""

_EMPTY = "Every time the network is taught, what it has learnt is kept here as a revision."
_MARK = "\u25cf "  # filled circle


class RevisionsPanel(QWidget):
    """A list, newest first, and the card of the chosen one."""

    use_asked = Signal(str)
    """The name of the revision that is to propose."""
    blink_asked = Signal(str)
    """The name of the revision to compare with what proposes."""
    chosen = Signal(str)
    """The name of the revision whose card is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[RevisionFacts] | None = None
        self._facts: dict[str, RevisionFacts] = {}
        self._images: Mapping[str, str] = {}
        self.list = QListWidget()
        self.list.setAccessibleName("Revisions")
        self.list.setMinimumHeight(90)
        self.list.setMaximumHeight(150)
        self.list.setSpacing(1)
        self.list.currentItemChanged.connect(lambda *_: self._show_chosen())
        self._empty = _quiet(_EMPTY)
        self._title, self._about = QLabel(), _quiet()
        self._title.setObjectName("heading")
        self._title.setWordWrap(True)
        self.use = QPushButton("Use this revision")
        self.use.setToolTip("It proposes from now on, and the next fine-tune begins from it")
        self.use.clicked.connect(lambda: self.use_asked.emit(self.chosen_name))
        self.blink = QPushButton("Blink")
        self.blink.setCheckable(True)
        self.blink.setToolTip(
            "Show on the image what this revision proposes, and again what proposes now"
        )
        self.blink.clicked.connect(lambda: self.blink_asked.emit(self.chosen_name))
        self._scores = _quiet()
        self._pictures = QWidget()
        self._captions: list[QLabel] = []
        self._places: list[QLabel] = []
        self._picture_note = _quiet()
        self._lay_out()
        self.show_revisions([])

    @property
    def chosen_name(self) -> str:
        """The name of the chosen revision; empty where none is."""
        index = self.list.currentIndex()
        return str(index.data(Qt.ItemDataRole.UserRole)) if index.isValid() else ""

    def choose(self, name: str) -> None:
        """Shows a revision's card."""
        for row in range(self.list.count()):
            if self.list.item(row).data(Qt.ItemDataRole.UserRole) == name:
                self.list.setCurrentRow(row)

    def show_revisions(
        self, facts: Sequence[RevisionFacts], images: Mapping[str, str] | None = None
    ) -> None:
        """All revisions, oldest first, and the images' names by their content."""
        if list(facts) == self._shown:
            return  # the card's pictures stay
        self._shown = list(facts)
        before = self.chosen_name
        self._facts = {one.revision.name: one for one in facts}
        self._images = images or {}
        with QSignalBlocker(self.list):
            self.list.clear()
            for one in reversed(facts):
                self._add(one)
            self.choose(before if before in self._facts else _proposing(facts))
        shown = bool(facts)
        for widget in (self.list, self._title, self._about, self._scores, self.use, self.blink):
            widget.setVisible(shown)
        self._empty.setVisible(not shown)
        self._show_chosen()

    def show_pictures(self, note: str, pictures: Sequence[Pixels] = ()) -> None:
        """Image, mask, before and after, uint8[h, w, 3] each; a note alone while there are none."""
        self._picture_note.setText(note)
        self._picture_note.setVisible(bool(note))
        self._pictures.setVisible(bool(pictures))
        for place, picture in zip(self._places, pictures, strict=False):
            place.setPixmap(pixmap_of(picture))

    def show_blinked(self, name: str) -> None:
        """What the canvas shows instead of what proposes; empty: what proposes."""
        self.blink.setChecked(bool(name))

    @property
    def text(self) -> str:
        """What the card says."""
        return "\n".join(part.text() for part in (self._title, self._about, self._scores))

    def showEvent(self, event: QShowEvent) -> None:
        """Pictures are made of what is seen alone."""
        if self.chosen_name and not self._pictures.isVisibleTo(self):
            self.chosen.emit(self.chosen_name)

    # ------------------------------------------------------------------ inside

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.use, 1)
        buttons.addWidget(self.blink)
        grid = QGridLayout(self._pictures)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for number, caption in enumerate(("Image", "Mask", "Before", "After")):
            label, place = _quiet(caption), QLabel()
            place.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            place.setAccessibleName(f"{caption}, of a held-out image")
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            row, column = divmod(number, 2)
            grid.addWidget(label, 2 * row, column)
            grid.addWidget(place, 2 * row + 1, column)
            self._places.append(place)
        grid.setColumnStretch(2, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 10)
        layout.setSpacing(6)
        layout.addWidget(self._empty)
        layout.addWidget(self.list)
        layout.addLayout(buttons)
        layout.addWidget(self._title)
        layout.addWidget(self._about)
        layout.addWidget(self._scores)
        layout.addWidget(self._picture_note)
        layout.addWidget(self._pictures)
        layout.addStretch(1)
        self.show_pictures("")

    def _add(self, one: RevisionFacts) -> None:
        title = f" “{one.revision.title}”" if one.revision.title else ""
        mark = _MARK if one.proposes else ""
        item = QListWidgetItem(f"{mark}{one.revision.name}{title}\n{one.line}")
        item.setData(Qt.ItemDataRole.UserRole, one.revision.name)
        said = "proposes now" if one.proposes else "does not propose"
        item.setData(
            Qt.ItemDataRole.AccessibleTextRole, f"{one.revision.name}{title}, {one.line}, {said}"
        )
        item.setToolTip(f"{one.trust}\n{said}")
        self.list.addItem(item)

    def _show_chosen(self) -> None:
        one = self._facts.get(self.chosen_name)
        self.show_pictures("")
        if one is None:
            return
        self._title.setText(
            one.verdict.sentence() if one.verdict else one.trust[:1].upper() + one.trust[1:]
        )
        when = datetime.fromtimestamp(one.revision.created).astimezone()
        images = "image" if one.images == 1 else "images"
        self._about.setText(
            f"{one.network}, from {one.parent}, {when:%Y-%m-%d %H:%M}. Learnt from {one.images} "
            f"{images}, checked on {one.held_out}; {one.steps} steps in {one.seconds:.0f} s."
        )
        self._scores.setText(self._numbers(one))
        self._scores.setVisible(bool(self._scores.text()))
        self.use.setEnabled(not one.proposes)
        self.use.setText("Proposes now" if one.proposes else "Use this revision")
        self.blink.setEnabled(not one.proposes)
        self.chosen.emit(one.revision.name)

    def _numbers(self, one: RevisionFacts) -> str:
        lines = [
            f"{name}: IoU {iou:.2f}, Dice {dice:.2f}" for name, (iou, dice) in one.by_class.items()
        ]
        for key, (before, after) in list(one.by_image.items())[:8]:
            lines.append(f"{self._images.get(key, key[:8])}: {before:.2f} → {after:.2f}")
        more = len(one.by_image) - 8
        if more > 0:
            lines.append(f"and {more} more images")
        return "\n".join(lines)


def _proposing(facts: Sequence[RevisionFacts]) -> str:
    newest = facts[-1].revision.name if facts else ""
    return next((one.revision.name for one in facts if one.proposes), newest)


def _quiet(text: str = "") -> QLabel:
    label = QLabel(text)
    label.setObjectName("quiet")
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
