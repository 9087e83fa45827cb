"""Asks what to do where an image's file is not the one that was painted on."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.editor.relinking import Question

_INDENT = 20  # pixels: below the words of a radio button
_WIDTH = 680  # pixels


class ChangedImageDialog(QDialog):
    """What can be chosen, and what becomes of the mask; nothing happens without an answer."""

    former_wanted = Signal(object)
    """Question: the former file, where it was found."""
    same_picture = Signal(object)
    """Question: the mask stays."""
    other_picture = Signal(object)
    """Question: what was painted is set aside."""

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Another Image")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._question = question
        self.former = QRadioButton("Go on with the former picture")
        self.same = QRadioButton("It is the same picture, saved again")
        self.other = QRadioButton("It is another picture")
        buttons = QDialogButtonBox()
        self.later = buttons.addButton("Leave It for Now", QDialogButtonBox.ButtonRole.RejectRole)
        self.go_on = buttons.addButton("Go On", QDialogButtonBox.ButtonRole.AcceptRole)
        self.go_on.setObjectName("primary")
        answers = QVBoxLayout()
        answers.setSpacing(4)
        answers.addWidget(_words(self._heading(), name="heading"))
        answers.addWidget(_words(self._sizes()))
        for choice in (self.former, self.same, self.other):
            choice.setParent(self)
            choice.hide()
        for choice, meaning in self._choices():
            choice.show()
            answers.addSpacing(12)
            answers.addWidget(choice)
            answers.addWidget(_words(meaning, name="quiet", indent=_INDENT))
            choice.toggled.connect(self._check)
        answers.addStretch(1)
        body = QHBoxLayout()
        body.setSpacing(18)
        if question.now.small is not None:
            body.addWidget(_picture(question.now.small, with_mask=question.same_size))
        body.addLayout(answers, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(body)
        layout.addWidget(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.setFixedWidth(_WIDTH)
        self.setMinimumHeight(layout.totalHeightForWidth(_WIDTH))
        self.former.setChecked(bool(question.elsewhere))
        self._check()

    def accept(self) -> None:
        answer = next(
            signal
            for choice, signal in (
                (self.former, self.former_wanted),
                (self.same, self.same_picture),
                (self.other, self.other_picture),
            )
            if choice.isChecked()
        )
        super().accept()
        answer.emit(self._question)

    def _heading(self) -> str:
        return f"{self._question.record.name} is not the image that was painted on."

    def _sizes(self) -> str:
        record, facts = self._question.record, self._question.now.facts
        what = "Its file was changed or replaced"
        if not self._question.same_size:
            what += (
                f": it measures {facts.width} × {facts.height} pixels now, "
                f"the mask {record.width} × {record.height}"
            )
        return f"{what}. Until you say what it is, the mask is kept as it is."

    def _choices(self) -> list[tuple[QRadioButton, str]]:
        """Those that make sense, each with what it means."""
        question = self._question
        choices = []
        if question.elsewhere:
            choices.append((self.former, _where(question.elsewhere, question.record.id)))
        if question.same_size:
            choices.append((self.same, "What was painted stays with it. Look whether it fits."))
        begins = "the mask that was set aside for it before comes back"
        if not question.comes_back:
            begins = "this picture begins empty"
        choices.append(
            (
                self.other,
                "What was painted is set aside with its history, as a PNG in the project's masks "
                f"folder too, and {begins}.",
            )
        )
        return choices

    def _check(self) -> None:
        chosen = any(choice.isChecked() for choice in (self.former, self.same, self.other))
        self.go_on.setEnabled(chosen)


def _where(elsewhere: dict[int, Path], image_id: int) -> str:
    words = f"It was found as {elsewhere[image_id]}."
    if len(elsewhere) > 1:
        words += f" {len(elsewhere) - 1} more of the project's images moved along with it."
    return words


def _words(text: str, *, name: str = "", indent: int = 0) -> QLabel:
    label = QLabel(text)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setContentsMargins(indent, 0, 0, 0)
    return label


def _picture(small: Pixels, *, with_mask: bool) -> QLabel:
    height, width = small.shape[:2]
    image = QImage(small.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    label = QLabel()
    label.setPixmap(QPixmap.fromImage(image))
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    label.setAccessibleName(
        "The file as it is now, with what was painted" if with_mask else "The file as it is now"
    )
    return label
