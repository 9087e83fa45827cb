"""Between the classifier panel, the canvas and the engine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import UNLABELLED
from cnnseg_gui.core.objects import object_at
from cnnseg_gui.core.proposal import composite
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.core.revisions import StoredModel
from cnnseg_gui.editor.classifying import Answer, Classifying
from cnnseg_gui.editor.label_all import LabelAll
from cnnseg_gui.editor.seeding import seed_proposal
from cnnseg_gui.editor.tag_training import TagTraining, TaughtCard
from cnnseg_gui.editor.tools.base import ImagePoint
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.messages import NetworkFacts, Networks
from cnnseg_gui.ui.canvas.region_picker import RegionPicker, outline_bounds
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.keys.bindings import Bindings
from cnnseg_gui.ui.networks import NetworkWindows
from cnnseg_gui.ui.panels.label_results import Row
from cnnseg_gui.ui.panels.labels import ClassifierChoice, LabelsPanel

_CHOSEN = "labels/classifiers"
_DEFAULT = "imagenet:efficientnet-lite0"


class Labelling(QObject):
    """Asks about the image that is shown, while the panel is."""

    said = Signal(str)
    """A hint for the banner."""
    failed = Signal(object)
    """UserError."""
    seed_wanted = Signal(object)
    """Heat float32[h, w] in 0…1 whose hottest region is to be proposed."""

    def __init__(
        self,
        panel: LabelsPanel,
        canvas: CanvasView,
        workspace: Workspace,
        networks: NetworkWindows,
        bindings: Bindings,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._panel, self._canvas, self._workspace = panel, canvas, workspace
        self._windows, self._weights = networks, networks.fetching
        self._classifying = Classifying(workspace, networks.engine, self)
        self._tag_training = TagTraining(workspace, networks.engine, self)
        self._label_all = LabelAll(workspace, networks.engine, self)
        self._picker = RegionPicker(canvas, bindings)
        self._networks: tuple[NetworkFacts, ...] = ()
        self._shown = False
        self._heat: npt.NDArray[np.float32] | None = None
        self._connect()
        self._show_project()

    def _connect(self) -> None:
        panel, workspace, classifying = self._panel, self._workspace, self._classifying
        panel.classifiers_chosen.connect(self._choose)
        panel.tag_asked.connect(self._accept)
        panel.why_asked.connect(self._explain)
        panel.seed_asked.connect(self._seed)
        panel.region_asked.connect(self._ask_region)
        panel.weights_asked.connect(self._windows.show_weights)
        panel.teach_asked.connect(self._teach)
        panel.label_all_asked.connect(self._show_label_all)
        panel.tags.added.connect(self._add_tag)
        panel.tags.removed.connect(self._remove_tag)
        self._picker.outlined.connect(self._look_at_outline)
        self._picker.clicked.connect(self._look_at_object)
        self._picker.cancelled.connect(lambda: self._look_at(None))
        workspace.project_changed.connect(self._show_project)
        workspace.document_changed.connect(
            self._show_image, Qt.ConnectionType.QueuedConnection
        )  # once the canvas shows it
        workspace.image_changed.connect(self._show_tags)
        classifying.asked.connect(panel.results.show_asked)
        classifying.answered.connect(self._on_answered)
        classifying.failed.connect(
            lambda model, error: panel.results.show_failure(model, str(error))
        )
        classifying.explained.connect(self._show_heat)
        self._tag_training.finished.connect(self._on_taught)
        self._weights.arrived.connect(lambda _: self.show_choices())
        self._weights.removed.connect(lambda _: self.show_choices())

    def show_networks(self, networks: Networks) -> None:
        """The engine has said what there is."""
        first, self._networks = not self._networks, networks.networks
        self.show_choices()
        if first:  # not again after a crash, of which the question may have been the cause
            self.ask()

    def show_or_hide(self, shown: bool) -> None:
        """Whether the panel can be seen: behind another one it asks nothing."""
        self._shown = shown
        if shown:
            self.ask()

    def show_choices(self) -> None:
        """Which classifiers can be asked now."""
        self._panel.show_choices(self.choices(), self._chosen())

    def choices(self) -> list[ClassifierChoice]:
        """Those taught this project's tags, newest first, then the published ones."""
        project = self._workspace.project
        taught = []
        for stored in reversed(project.classifiers.all()) if project else ():
            card = TaughtCard.of(stored.card)
            accuracy = "" if card.accuracy is None else f", {100 * card.accuracy:.0f} % held out"
            text = f"Taught {len(card.labels)} tags of this project{accuracy}"
            name = f"{card.network} {stored.name}"
            taught.append(ClassifierChoice(f"tags:{stored.sha256}", name, text))
        published = [
            ClassifierChoice(f"imagenet:{n.name}", n.name, n.text, self._missing(n.weights))
            for n in self._networks
            if n.classifier and n.weights
        ]
        return [*taught, *published]

    def ask(self) -> None:
        """Asks the chosen classifiers about the image, if anyone is looking."""
        if self._shown and self._networks:
            for model in self._chosen():
                self._classifying.ask(model)

    # ------------------------------------------------------------------ inside

    def _missing(self, weights: str) -> str:
        return self._windows.missing().get(weights, "")

    def _chosen(self) -> list[str]:
        """The chosen ones that can be asked."""
        there = [choice.model for choice in self.choices() if not choice.missing]
        stored = str(QSettings().value(_CHOSEN, _DEFAULT)).split()
        return [model for model in stored if model in there]

    def _choose(self, models: list[str]) -> None:
        QSettings().setValue(_CHOSEN, " ".join(models))
        self.show_choices()
        self.ask()

    def _show_project(self) -> None:
        self.show_choices()
        self._show_image()

    def _show_image(self) -> None:
        self._picker.hide()
        self._look_at(None)
        self._show_tags()

    def _show_tags(self, _image_id: int = 0) -> None:
        project, document = self._workspace.project, self._workspace.document
        self._panel.show_image(document is not None)
        if project is None or document is None:
            self._panel.tags.show_tags((), ())
            self._panel.show_project(there=False, teachable=False)
            return
        counts = project.tags.counts()
        self._panel.tags.show_tags(project.tags.of(document.record.id), list(counts))
        self._panel.show_project(there=True, teachable=len(counts) > 1)

    def _add_tag(self, tag: str, source: str = "") -> None:
        document = self._workspace.document
        if document is not None:
            self._workspace.add_tag(document.record.id, tag, source=source)

    def _remove_tag(self, tag: str) -> None:
        document = self._workspace.document
        if document is not None:
            self._workspace.remove_tag(document.record.id, tag)

    def _accept(self, row: Row | None) -> None:
        if row is not None:
            self._add_tag(row.text, row.model)

    def _on_answered(self, answer: Answer) -> None:
        self._panel.results.show_answer(answer)

    def _on_taught(self, stored: StoredModel) -> None:
        self._choose([f"tags:{stored.sha256}", *self._chosen()])

    def _teach(self) -> None:
        from cnnseg_gui.ui.dialogs.teach_tags import TeachTagsDialog

        here = [n.weights for n in self._networks if n.weights and not self._missing(n.weights)]
        dialog = TeachTagsDialog(self._tag_training, self._networks, here, self._panel.window())
        self._workspace.project_changed.connect(dialog.reject)
        dialog.show()

    def _show_label_all(self) -> None:
        from cnnseg_gui.ui.dialogs.label_all import LabelAllDialog

        window = self._panel.window()
        for open_one in window.findChildren(LabelAllDialog):
            open_one.raise_()
            return
        LabelAllDialog(self._label_all, self._workspace, self.choices(), window).show()

    # ------------------------------------------------------------------ a part of the image

    def _ask_region(self, wanted: bool) -> None:
        if wanted:
            self._picker.begin()
        else:
            self._picker.hide()
            self._look_at(None)

    def _look_at_outline(self, points: list[ImagePoint]) -> None:
        document = self._workspace.document
        if document is not None:
            region = Rect(*outline_bounds(points)).clipped(document.mask.shape)
            self._look_at(None if region.empty else region)

    def _look_at_object(self, point: ImagePoint) -> None:
        document = self._workspace.document
        if document is None:
            return

        def read(rect: Rect) -> npt.NDArray[np.uint8]:
            return composite(document.mask.read(rect), document.proposal.classes.read(rect))

        found = object_at(read, document.mask.shape, int(point.y), int(point.x))
        if found is None:
            self.said.emit("There is no object there: drag a line round what you mean.")
        self._look_at(found)

    def _look_at(self, region: Rect | None) -> None:
        self._classifying.look_at(region)
        self._panel.region.setChecked(region is not None)
        self._panel.results.forget_answers()
        self._show_heat("", None)
        if self._workspace.document is not None:
            self.ask()

    # ------------------------------------------------------------------ why

    def _explain(self, row: Row | None) -> None:
        self._classifying.forget_explanations()
        if row is None:
            self._show_heat("", None)
        else:
            self._classifying.explain(row.model, row.text)

    def _show_heat(self, label: str, heat: npt.NDArray[np.float32] | None) -> None:
        if heat is None and self._heat is None:
            return
        self._heat = heat
        self._canvas.show_heat(heat, f"Speaks for “{label}”", ends=("not", "most"))
        self._panel.show_heat_is_there(heat is not None)

    def _seed(self) -> None:
        if self._heat is not None:
            self.seed_wanted.emit(self._heat)

    def propose_seed(self, heat: npt.NDArray[np.float32], class_index: int) -> None:
        """Proposes the hottest region of the shown image as a class."""
        document = self._workspace.document
        if document is None or class_index == UNLABELLED:
            return
        try:
            seed_proposal(document, heat, class_index)
        except UserError as error:
            self.failed.emit(error)
            return
        self._show_heat("", None)
