"""Help ▸ Architecture…: every network as a diagram, a table, numbers, and from the inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.architecture import NetworkDescription
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient, State
from cnnseg_gui.engine.messages import Described, Failed, Inside, Overview
from cnnseg_gui.ui.architecture.diagram import DiagramView
from cnnseg_gui.ui.architecture.inside import PROJECT, InsideTab
from cnnseg_gui.ui.architecture.layers import LayersTab, totals
from cnnseg_gui.ui.architecture.network_list import NetworkList
from cnnseg_gui.ui.architecture.numbers import NumbersTab
from cnnseg_gui.ui.screen_size import open_at

_NO_CLASSES = ("background", "object")
_WAITING = "The engine is starting …"
_STOPPED = "The engine is not running. Restart it with Network ▸ Device."


class ArchitectureWindow(QWidget):
    """A window of its own beside the main one; it fills as the engine answers.

    Args:
        engine: what knows the networks.
        workspace: whose image is looked at from the inside.
        model: the key of what proposes in the open project.
        parent: the window it closes with.
    """

    def __init__(
        self,
        engine: EngineClient,
        workspace: Workspace,
        model: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._engine, self._workspace, self._model = engine, workspace, model
        self._known: dict[tuple[str, bool], NetworkDescription] = {}
        self._overview: int | None = None
        self._describing: int | None = None
        self._looking: int | None = None
        self._filled = False
        self.setWindowTitle("Architecture – CNNSeg")
        open_at(self, 1180, 720)
        self._build()
        engine.overview_arrived.connect(self._take_overview)
        engine.described.connect(self._take_description)
        engine.looked_inside.connect(self._take_inside)
        engine.failed.connect(self._on_failed)
        engine.cancelled.connect(self._on_cancelled)
        engine.state_changed.connect(self._on_state)
        workspace.document_changed.connect(self._look)
        self._on_state(engine.state)

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.networks = NetworkList()
        self.networks.chosen_changed.connect(self._choose)
        self.title, self.text = QLabel(), QLabel()
        self.title.setObjectName("welcome")
        self.text.setObjectName("quiet")
        self.text.setWordWrap(True)
        self.diagram, self.layers = DiagramView(), LayersTab()
        self.numbers, self.inside = NumbersTab(), InsideTab()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._with_buttons(), "Diagram")
        self.tabs.addTab(self.layers, "Layers")
        self.tabs.addTab(self.numbers, "Numbers")
        self.tabs.addTab(self.inside, "Inside")
        self.tabs.currentChanged.connect(lambda _index: self._look())
        self.diagram.layer_chosen.connect(self.layers.choose)
        self.layers.layer_chosen.connect(self._choose_layer)
        self.inside.asked.connect(self._look)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(14, 12, 14, 12)
        for widget in (self.title, self.text):
            column.addWidget(widget)
        column.addWidget(self.tabs, 1)
        splitter = QSplitter()
        splitter.addWidget(self.networks)
        splitter.addWidget(right)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([190, 990])
        splitter.setChildrenCollapsible(False)
        self.state = QLabel(_WAITING)
        self.state.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.state.setWordWrap(True)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.state)
        self._stack.addWidget(splitter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)

    def _with_buttons(self) -> QWidget:
        page = QWidget()
        self.fit, self.save = QPushButton("Fit"), QPushButton("Save Diagram…")
        self.fit.clicked.connect(self.diagram.fit)
        self.save.clicked.connect(self._ask_where)
        self.said = QLabel("Wheel: zoom · drag: move · click: choose the layer")
        self.said.setObjectName("quiet")
        buttons = QHBoxLayout()
        buttons.addWidget(self.said, 1)
        buttons.addWidget(self.fit)
        buttons.addWidget(self.save)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self.diagram, 1)
        layout.addLayout(buttons)
        return page

    # ------------------------------------------------------------------ choosing

    def _choose(self) -> None:
        chosen = self.networks.chosen
        if chosen is None:
            return
        self.title.setText(chosen.name)
        known = self._known.get((chosen.name, chosen.classifier))
        if known is not None:
            self._show(known)
        else:
            self.text.setText("…")
            self._describing = self._engine.describe(chosen.name, classifier=chosen.classifier)

    def _show(self, description: NetworkDescription | None) -> None:
        if description is not None:
            self.text.setText(f"{description.text}\n{totals(description)}")
        self.diagram.show_network(description)
        self.layers.show_network(description)
        self.inside.show_network(description)
        self._look()

    def _choose_layer(self, row: int) -> None:
        if self.inside.choose(row):
            self._look()

    # ------------------------------------------------------------------ looking inside

    def _look(self) -> None:
        """Asks for the chosen layer's maps, where they would be seen."""
        if self.tabs.currentWidget() is not self.inside or self.isHidden():
            return
        why_not = self._why_not()
        if why_not:
            self.inside.clear(why_not)
            return
        document, chosen = self._workspace.document, self.networks.chosen
        assert document is not None
        assert chosen is not None
        if self._looking is not None:
            self._engine.cancel(self._looking)
        project = self._workspace.project
        of_project = self.inside.weights.currentData() == PROJECT
        self.inside.clear("Looking …")
        self._looking = self._engine.look_inside(
            image=document.record.content,
            model=self._model() if of_project else chosen.model,
            classes=tuple(c.name for c in project.class_list.dense_classes)
            if project
            else _NO_CLASSES,
            layer=self.inside.layer_name,
        )

    def _why_not(self) -> str:
        chosen = self.networks.chosen
        if chosen is None or not self.inside.layer_name:
            return "Choose a network."
        if self._workspace.document is None:
            return "Open an image to see what this network makes of it."
        if not chosen.model and self.inside.weights.currentData() != PROJECT:
            return f"There are no published weights of {chosen.name}. Choose another network."
        return ""

    # ------------------------------------------------------------------ the engine

    def _on_state(self, state: str) -> None:
        if State(state) in (State.STOPPED, State.BROKEN):
            if not self._filled:
                self._say(_STOPPED)
        elif not self._filled and self._overview is None:
            self._say(_WAITING)
            self._overview = self._engine.describe()
        elif self._filled and State(state) == State.READY:
            self._choose()  # what was asked of the engine before is asked again
            self._look()

    def _take_overview(self, overview: Overview) -> None:
        if overview.request != self._overview:
            return
        self._overview, self._filled = None, True
        self.numbers.show_numbers(overview.kernels, overview.overlaps)
        self.networks.fill(overview.networks)
        self._stack.setCurrentIndex(1)
        self.networks.choose("vgg16", classifier=True)

    def _take_description(self, described: Described) -> None:
        if described.request != self._describing:
            return
        self._describing = None
        found = described.description
        self._known[found.name, found.classifier] = found
        self._show(found)

    def _take_inside(self, message: Inside, filters: Pixels, maps: Pixels) -> None:
        if message.request == self._looking:
            self._looking = None
            self.inside.show_inside(message, filters, maps)

    def _on_failed(self, failure: Failed) -> None:
        error = str(UserError(failure.what, path=failure.path, remedy=failure.remedy))
        if failure.request == self._overview:
            self._overview = None
            self._say(error)
        elif failure.request == self._describing:
            self._describing = None
            self._show(None)
            self.text.setText(error)
        elif failure.request == self._looking:
            self._looking = None
            self.inside.clear(error)

    def _on_cancelled(self, request: int) -> None:
        """Another look was asked for, or the engine makes room for one on another device."""
        if request == self._overview:
            self._overview = None
        elif request == self._describing:
            self._describing = None
        elif request == self._looking:
            self._looking = None

    # ------------------------------------------------------------------ small things

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look()  # the image may be another one

    def _say(self, text: str) -> None:
        self.state.setText(text)
        self._stack.setCurrentIndex(0)

    def _ask_where(self) -> None:
        chosen = self.networks.chosen
        name = f"{chosen.name}.svg" if chosen is not None else "network.svg"
        path, _ = QFileDialog.getSaveFileName(
            self, "Save the diagram", name, "SVG (*.svg);;PNG (*.png)"
        )
        if path:
            self.save_diagram(Path(path))

    def save_diagram(self, path: Path) -> None:
        """Writes the diagram, or says below it why that could not be done."""
        try:
            self.diagram.save(path)
        except UserError as error:
            self.said.setText(str(error))
        else:
            self.said.setText(f"Saved as {path}")
