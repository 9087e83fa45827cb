"""What the engine can compute with, and the dialogs that choose from it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.supplies import Supplies
from cnnseg_gui.editor.weight_fetching import WeightFetching
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient
from cnnseg_gui.engine.messages import NetworkFacts, Networks
from cnnseg_gui.weights.catalogue import CATALOGUE


class NetworkWindows(QObject):
    """Knows all networks once the engine has listed them."""

    listed = Signal(object)
    """messages.Networks."""

    def __init__(
        self,
        workspace: Workspace,
        engine: EngineClient,
        supplies: Supplies,
        choice: ModelChoice,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._workspace, self._choice, self._window = workspace, choice, window
        self.engine = engine
        self.fetching = WeightFetching(engine, supplies, self)
        self.all: tuple[NetworkFacts, ...] = ()
        engine.networks_listed.connect(self._keep)

    def missing(self) -> dict[str, str]:
        """Sizes of the published weights that are not on this machine, by name."""
        store = self.fetching.store
        return {
            name: published.size
            for name, published in CATALOGUE.items()
            if store.glimpse(name) is None
        }

    def choose(self) -> None:
        """Asks what the next fine-tune begins with."""
        from cnnseg_gui.ui.dialogs.network import NetworkDialog

        project = self._workspace.project
        if project is not None:
            classes = [cls.name for cls in project.class_list.dense_classes]
            dialog = NetworkDialog(self._choice, self.all, self.missing(), classes, self._window)
            self._workspace.project_changed.connect(dialog.close)
            dialog.show()

    def show_weights(self) -> None:
        """What is published, and what is here."""
        from cnnseg_gui.ui.dialogs.weights import WeightsDialog

        WeightsDialog(self.fetching, self._window).show()

    def _keep(self, networks: Networks) -> None:
        self.all = networks.networks
        self.listed.emit(networks)
