"""Chooses what the next fine-tune begins with: a network, a starter, or a revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.revisions import Revision
from cnnseg_gui.core.scores import trust
from cnnseg_gui.editor.model_choice import ModelChoice, network_of, starters
from cnnseg_gui.engine.messages import NetworkFacts
from cnnseg_gui.ui.screen_size import open_at

_TITLES = {
    "width": "Channels at full resolution",
    "upsampling": "Upsampling",
    "padded": "Borders of the image",
    "norm": "Batch norm",
    "pretrained": "Begins from",
    "at_once": "Finer maps",
}
_VALUES: dict[tuple[str, object], str] = {
    ("padded", True): "padded: any size",
    ("padded", False): "valid convolutions, as in the paper",
    ("norm", True): "yes",
    ("norm", False): "no, as in the paper",
    ("pretrained", True): "published weights",
    ("pretrained", False): "random weights",
    ("at_once", True): "trained together with the coarse one",
    ("at_once", False): "trained after the coarse one",
}
_NONE = "none of them"


@dataclass(frozen=True)
class _Option:
    """A line of the list."""

    title: str
    text: str
    facts: NetworkFacts | None = None
    model: str = ""
    """As in `messages.Propose`; empty for a fresh network."""
    revision: str = ""


class NetworkDialog(QDialog):
    """What there is on the left; on the right its facts, and what can be chosen about it."""

    def __init__(
        self,
        choice: ModelChoice,
        networks: Sequence[NetworkFacts],
        missing: dict[str, str],
        classes: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        """
        Args:
            missing: sizes of published weights that are not here, by name.
            classes: the project's.
        """
        super().__init__(parent)
        self.setWindowTitle("Choose a Network")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        open_at(self, 760, 500)
        self._choice, self._missing, self._classes = choice, missing, list(classes)
        self._fields: dict[str, QComboBox] = {}
        self._mapping: dict[str, QComboBox] = {}
        self.list = QListWidget()
        self.list.setAccessibleName("Networks")
        for option in [*self._stored(), *self._fresh(networks)]:
            item = QListWidgetItem(option.title, self.list)
            item.setData(Qt.ItemDataRole.UserRole, option)
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._note = QLabel()
        self._note.setWordWrap(True)
        self._note.setObjectName("quiet")
        self._place = QVBoxLayout()
        self._form = QWidget()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use = buttons.addButton("Use", QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.setObjectName("primary")
        right = QVBoxLayout()
        right.addWidget(self._text)
        right.addLayout(self._place)
        right.addWidget(self._note)
        right.addStretch(1)
        both = QHBoxLayout()
        both.addWidget(self.list, 1)
        both.addLayout(right, 2)
        layout = QVBoxLayout(self)
        layout.addLayout(both, 1)
        layout.addWidget(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.list.currentItemChanged.connect(self._show)
        self.list.setCurrentRow(0)

    def select(self, title: str) -> None:
        """As a click on this line would."""
        for row in range(self.list.count()):
            if self.list.item(row).text() == title:
                self.list.setCurrentRow(row)

    def field(self, name: str) -> QComboBox:
        """The choice of an option, or of the model's class for one of the project's."""
        return self._fields[name] if name in self._fields else self._mapping[name]

    def accept(self) -> None:
        option = self._option()
        try:
            if option.revision:
                known = {r.name: r for r in self._choice.revisions()}
                self._choice.go_back_to(known[option.revision])
            elif option.facts is None:
                self._choice.choose(option.model, knows=bool(option.model))
            else:
                self._choose_fresh(option.facts)
        except UserError as error:
            self._note.setText(str(error))
            return
        super().accept()

    # ------------------------------------------------------------------ what there is

    def _stored(self) -> list[_Option]:
        current = self._choice.revision
        found = []
        for revision in reversed(self._choice.revisions()):
            score = trust(revision.card)
            now = " (proposes now)" if current and revision.name == current.name else ""
            found.append(
                _Option(
                    f"revision {revision.name}{f' “{revision.title}”' if revision.title else ''}",
                    f"{network_of(revision)}, {score}{now}.",
                    revision=revision.name,
                )
            )
        for name, text in starters().items():
            found.append(_Option(f"starter {name}", text, model=f"starter:{name}"))
        return found

    def _fresh(self, networks: Sequence[NetworkFacts]) -> list[_Option]:
        return [_Option(n.name, n.text, facts=n) for n in networks if not n.classifier]

    def _option(self) -> _Option:
        option = self.list.currentItem().data(Qt.ItemDataRole.UserRole)
        assert isinstance(option, _Option)
        return option

    # ------------------------------------------------------------------ what is shown

    def _show(self) -> None:
        option = self._option()
        facts = option.facts
        size = f"\n{facts.parameters:,} parameters".replace(",", "\u202f") if facts else ""
        self._text.setText(option.text + size)
        self._fields.clear()
        self._mapping.clear()
        form, lines = QWidget(), QFormLayout()
        form.setLayout(lines)
        for name, values in (facts.choices if facts else {}).items():
            lines.addRow(_TITLES.get(name, name), self._new_field(name, values))
        if facts is not None and facts.known:
            self._add_mapping(lines, facts.known)
        self._place.replaceWidget(self._form, form) if self._place.count() else (
            self._place.addWidget(form)
        )
        self._form.hide()
        self._form.deleteLater()
        self._form = form
        self._show_note()

    def _new_field(self, name: str, values: Sequence[bool | int | str]) -> QComboBox:
        field = self._fields[name] = QComboBox()
        for value in values:
            field.addItem(_VALUES.get((name, value), str(value)), value)
        field.currentIndexChanged.connect(self._show_note)
        return field

    def _add_mapping(self, lines: QFormLayout, known: Sequence[str]) -> None:
        """Which of the network's classes each of the project's is."""
        folded = {name.casefold(): name for name in known}
        for name in self._classes:
            field = self._mapping[name] = QComboBox()
            field.addItem(_NONE, "")
            for theirs in known:
                field.addItem(theirs, theirs)
            field.setCurrentText(folded.get(name.casefold(), _NONE))
            lines.addRow(f"“{name}” is", field)

    def _show_note(self) -> None:
        option, note, possible = self._option(), "", True
        facts = option.facts
        if facts is not None:
            wanted = self._value("pretrained", default=False) and not self._staged
            if wanted and facts.weights in self._missing:
                possible = False
                note = (
                    f"Its published weights are not downloaded, {self._missing[facts.weights]}: "
                    "Network ▸ Weights. Or begin with random weights."
                )
            elif self._staged:
                there = self._coarser(facts) is not None
                note = (
                    f"It goes on from the current revision's {facts.coarser}."
                    if there
                    else f"Teach {facts.coarser} first: this one then goes on from it."
                )
                possible = there
            elif not wanted or not facts.known:
                note = "It proposes once it is taught; until then the model before it goes on."
        self._note.setText(note)
        self.use.setEnabled(possible)
        for field in self._mapping.values():
            field.setEnabled(bool(self._value("pretrained", default=False)))

    @property
    def _staged(self) -> bool:
        """It is to go on from the next coarser network."""
        return self._value("at_once", default=True) is False

    def _coarser(self, facts: NetworkFacts) -> Revision | None:
        """The current revision, where this network can go on from it."""
        revision = self._choice.revision
        fits = revision is not None and network_of(revision) == facts.coarser
        return revision if fits else None

    def _value(self, name: str, *, default: object) -> object:
        return self._fields[name].currentData() if name in self._fields else default

    # ------------------------------------------------------------------ what is chosen

    def _choose_fresh(self, facts: NetworkFacts) -> None:
        coarser = self._coarser(facts) if self._staged else None
        options: dict[str, object] = {
            name: field.currentData()
            for name, field in self._fields.items()
            if field.currentIndex() > 0 or coarser is not None  # which has options of its own
        }
        if coarser is not None:
            options["from"] = coarser.sha256
        query = urlencode({key: str(value).lower() for key, value in options.items()})
        knows = bool(facts.known) and bool(self._value("pretrained", default=False))
        self._choice.choose(
            f"new:{facts.name}?{query}" if query else f"new:{facts.name}",
            knows=knows,
            mapping={name: field.currentData() for name, field in self._mapping.items()}
            if knows
            else None,
        )
