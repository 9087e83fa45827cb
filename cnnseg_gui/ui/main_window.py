"""The window: panels around the canvas, wired to the workspace and the engine."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
)
from PySide6.QtWidgets import QDockWidget, QGridLayout, QMainWindow, QStackedWidget, QWidget

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import APPROVED
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.editor.class_editing import ClassEditing
from cnnseg_gui.editor.fine_tuning import FineTuning
from cnnseg_gui.editor.live import LivePainting
from cnnseg_gui.editor.live_sending import LiveSending
from cnnseg_gui.editor.live_start import SelfStart
from cnnseg_gui.editor.material import Material
from cnnseg_gui.editor.model_choice import ModelChoice
from cnnseg_gui.editor.proposing import Proposing
from cnnseg_gui.editor.supplies import Supplies
from cnnseg_gui.editor.tool_choice import ToolChoice
from cnnseg_gui.editor.tools.palette import palette
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.engine.client import EngineClient, local_command
from cnnseg_gui.ui.actions import Actions
from cnnseg_gui.ui.architecture.command import ArchitectureCommand
from cnnseg_gui.ui.banner import Banner, Kind
from cnnseg_gui.ui.border_heat import BorderHeat
from cnnseg_gui.ui.canvas.view import CanvasView
from cnnseg_gui.ui.computing_status import ComputingStatus
from cnnseg_gui.ui.displaying import Displaying
from cnnseg_gui.ui.docks import arrange, docked
from cnnseg_gui.ui.doubt_outlines import DoubtOutlines
from cnnseg_gui.ui.empty_state import EmptyState
from cnnseg_gui.ui.engine_status import EngineStatus
from cnnseg_gui.ui.keys.keyboard import Keyboard
from cnnseg_gui.ui.labelling import Labelling
from cnnseg_gui.ui.live import LiveSwitches
from cnnseg_gui.ui.menus import fill_menus, fill_palette, fill_toolbar
from cnnseg_gui.ui.moved_images import MovedImages
from cnnseg_gui.ui.naming import Naming
from cnnseg_gui.ui.networks import NetworkWindows
from cnnseg_gui.ui.object_measuring import ObjectMeasuring
from cnnseg_gui.ui.opening import Opening, rescue_folder
from cnnseg_gui.ui.painting import Painting
from cnnseg_gui.ui.panels.classes import ClassesPanel
from cnnseg_gui.ui.panels.display import DisplayPanel
from cnnseg_gui.ui.panels.history import HistoryPanel
from cnnseg_gui.ui.panels.images import ImagesPanel
from cnnseg_gui.ui.panels.labels import LabelsPanel
from cnnseg_gui.ui.panels.log import LogPanel
from cnnseg_gui.ui.panels.measurements import MeasurementsPanel
from cnnseg_gui.ui.panels.navigator import Navigator
from cnnseg_gui.ui.panels.regions import RegionsPanel
from cnnseg_gui.ui.panels.tool_options import ToolOptions
from cnnseg_gui.ui.panels.training import TrainingPanel
from cnnseg_gui.ui.preferences import Preferences
from cnnseg_gui.ui.recent import RecentProjects
from cnnseg_gui.ui.regions import Regions
from cnnseg_gui.ui.remembering import Remembering
from cnnseg_gui.ui.rescued_masks import RescuedMasks
from cnnseg_gui.ui.reviewing import Reviewing, ReviewPanels
from cnnseg_gui.ui.status import StatusBar
from cnnseg_gui.ui.summons import Summons
from cnnseg_gui.ui.teaching import Teaching

_log = logging.getLogger("cnnseg")
_LAYOUT_VERSION = 5


class MainWindow(QMainWindow):
    """One open project at most; the engine runs beside it as long as the window lives."""

    def __init__(self, *, device: str = "auto", threads: int | None = None) -> None:
        super().__init__()
        self.setWindowTitle("CNNSeg")
        self.setAcceptDrops(True)
        self.resize(1360, 860)
        self.actions_by_name = Actions(self)
        self.workspace = Workspace(self)
        self.banner = Banner()
        self.workspace.document_changed.connect(self.banner.leave_image)
        self.workspace.project_changed.connect(self.banner.leave_project)  # before others speak
        self._supply = Supplies(self.workspace)
        self.material = Material(self.workspace, self)
        self.engine = EngineClient(
            self._supply.find, command=local_command(device=device, threads=threads), parent=self
        )
        self.canvas = CanvasView()
        self.choice = ModelChoice(self.workspace, self)
        self.proposing = Proposing(self.workspace, self.choice, self.engine, self._visible, self)
        self.fine_tuning = FineTuning(self.workspace, self.choice, self.engine, self)
        self.sending = LiveSending(self.workspace, self.fine_tuning, self.engine, self)
        self.live = LivePainting(
            self.workspace,
            self.choice,
            self.engine,
            self.proposing,
            self.sending,
            self.material,
            self._visible,
            self,
        )
        self.self_start = SelfStart(
            self.workspace, self.fine_tuning, self.sending, self.material, self
        )
        self.networks = NetworkWindows(self.workspace, self.engine, self._supply, self.choice, self)
        self.opening = Opening(self, self.workspace)
        Summons(self, self.workspace)
        self.tools = ToolChoice(palette(), self)
        self._build()
        self.painting = Painting(
            self.actions_by_name,
            self.tools,
            self.canvas,
            self.tool_options,
            self.classes_panel,
            self.status,
            self.workspace,
            self,
        )
        self.remembering = Remembering(
            self.classes_panel, self.training_panel, self.tools, self.workspace, self
        )
        self.regions = Regions(
            self.regions_panel,
            self.actions_by_name,
            self.canvas,
            self.tools,
            self.workspace,
            self,
        )
        self.preferences = Preferences(self.workspace, self)
        self.computing_status = ComputingStatus(self.workspace, self.status, self)
        self.naming = Naming(self.workspace, self.choice, self)
        self.moved_images = MovedImages(self.workspace, self.banner, self)
        self._rescued = RescuedMasks(self.workspace, self.banner, self)
        self.keyboard = Keyboard(
            self.actions_by_name, self.canvas, self.painting.hand, self.tools, self.docks, self
        )
        self.teaching = Teaching(
            self.training_panel,
            self.actions_by_name,
            self.workspace,
            self.choice,
            self.material,
            self.fine_tuning,
            self.proposing,
            self,
        )
        self.live_switches = LiveSwitches(
            self.training_panel.live,
            self.actions_by_name["answer_while_painting"],
            self.actions_by_name["teach_by_itself"],
            self.status,
            self.live,
            self.self_start,
            self,
        )
        self.reviewing = Reviewing(
            self.review_panels,
            self.images_panel,
            self.actions_by_name["blink"],
            self.canvas,
            self.workspace,
            self.choice,
            self.engine,
            self.proposing,
            self.fine_tuning,
            self.tools,
            self,
        )
        self.opening.export_proposing = self.reviewing.export_proposing
        self.doubt_outlines = DoubtOutlines(
            self.actions_by_name["doubtful_regions"], self.canvas, self.workspace, self
        )
        self.object_measuring = ObjectMeasuring(
            self.measurements_panel, self.canvas, self.workspace, self
        )
        self.displaying = Displaying(self.display_panel, self.canvas, self.workspace, self)
        self.labelling = Labelling(
            self.labels_panel,
            self.canvas,
            self.workspace,
            self.networks,
            self.actions_by_name.bindings,
            self,
        )
        self.border_heat = BorderHeat(
            self.actions_by_name["border_weights"], self.canvas, self.workspace, self
        )
        self.engine_status = EngineStatus(
            self.engine,
            self.proposing,
            self.status,
            self._menus.devices,
            self,
            device=device,
            threads=threads,
        )
        self.architecture = ArchitectureCommand(
            self.actions_by_name["architecture"],
            self.engine,
            self.workspace,
            lambda: self.proposing.model,
            self,
        )
        self._recent = RecentProjects(
            self._menus.recent, lambda folder: self.opening.open_paths([folder])
        )
        self._connect()
        self._restore_layout()
        self._show_project()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.empty_state = EmptyState()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty_state)
        self._stack.addWidget(self.canvas)
        centre = QWidget()
        layout = QGridLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack, 0, 0)
        layout.addWidget(self.banner, 0, 0, Qt.AlignmentFlag.AlignTop)  # over it
        self.banner.raise_()
        self.canvas.covered_above = lambda: self.banner.covered
        self.setCentralWidget(centre)
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.images_panel = ImagesPanel(self.workspace)
        self.navigator = Navigator(self.canvas)
        self.display_panel = DisplayPanel()
        self.class_editing = ClassEditing(self.workspace, self)
        self.classes_panel = ClassesPanel(self.class_editing)
        self.regions_panel = RegionsPanel()
        self.history_panel = HistoryPanel(self.workspace)
        self.tool_options = ToolOptions(self.tools)
        self.training_panel = TrainingPanel()
        self.review_panels = ReviewPanels()
        self.labels_panel = LabelsPanel()
        self.measurements_panel = MeasurementsPanel()
        self.log_panel = LogPanel()
        area = Qt.DockWidgetArea
        left, right, bottom = (
            area.LeftDockWidgetArea,
            area.RightDockWidgetArea,
            area.BottomDockWidgetArea,
        )
        self.docks = [
            docked(self, "Images", self.images_panel, left),
            docked(self, "Navigator", self.navigator, left),
            docked(self, "Display", self.display_panel, left, scrolls=True),
            docked(self, "Classes", self.classes_panel, right),
            docked(self, "Tool", self.tool_options, right, scrolls=True),
            docked(self, "Regions", self.regions_panel, right, scrolls=True),
            docked(self, "Teaching", self.training_panel, right, scrolls=True),
            docked(self, "History", self.history_panel, right),
            docked(self, "Labels", self.labels_panel, right, scrolls=True),
            docked(self, "Log", self.log_panel, bottom),
            *(
                docked(self, title, panel, right, scrolls=True)
                for title, panel in self.review_panels.by_title.items()
            ),
            docked(self, "Measurements", self.measurements_panel, bottom),
        ]
        fill_toolbar(self, self.actions_by_name)
        fill_palette(self, self.actions_by_name)
        self._menus = fill_menus(self, self.actions_by_name, self.docks)
        arrange(self, self.docks)

    def bring_up(self, panel: QWidget) -> None:
        """Shows a panel in front of those it shares its place with."""
        dock = self._dock_of(panel)
        dock.show()
        dock.raise_()

    def _dock_of(self, panel: QWidget) -> QDockWidget:
        return next(dock for dock in self.docks if dock.isAncestorOf(panel))

    def _connect(self) -> None:
        act, workspace = self.actions_by_name, self.workspace
        for name, slot in {
            "open_folder": self.opening.ask_folder,
            "open_project": self.opening.ask_project,
            "add_images": self.opening.ask_images,
            "demo": self.opening.open_demo,
            "import_labels": self.opening.ask_import,
            "export": self.opening.ask_export,
            "save": self.naming.ask,
            "about": self.opening.show_about,
            "close_project": self._close_project,
            "quit": self.close,
            "undo": workspace.undo,
            "redo": workspace.redo,
            "accept": self.painting.accept,
            "approve": workspace.approve,
            "disapprove": self._disapprove,
            "previous": lambda: workspace.step(-1),
            "next": lambda: workspace.step(1),
            "teach": lambda: self.training_panel.teach.click(),
            "cancel_teaching": self.fine_tuning.cancel,
            "reset_layout": lambda: arrange(self, self.docks),
            "choose_network": self.networks.choose,
            "weights": self.networks.show_weights,
            "propose_batch": lambda: self.bring_up(self.review_panels.batch),
            "look_for_slips": lambda: self.bring_up(self.review_panels.inbox),
            "show_effort": lambda: self.bring_up(self.review_panels.effort),
            "show_measurements": lambda: self.bring_up(self.measurements_panel),
            "preferences": self.preferences.show,
        }.items():
            act[name].triggered.connect(slot)
        self.empty_state.open_folder_asked.connect(self.opening.ask_folder)
        self.empty_state.open_project_asked.connect(self.opening.ask_project)
        self.empty_state.demo_asked.connect(self.opening.open_demo)
        self.opening.failed.connect(self.show_error)
        self.opening.offered.connect(
            lambda text, offer: self.banner.say(text, kind=Kind.NOTE, offer=offer)
        )
        self.opening.answered.connect(self.banner.retract)
        workspace.adding.finished.connect(self._tell_added)
        self.images_panel.chosen.connect(workspace.open_image)
        self.canvas.scale_changed.connect(self.status.show_zoom)
        self.canvas.failed.connect(self.show_error)
        self.painting.failed.connect(self.show_error)
        self.class_editing.failed.connect(self.show_error)
        for speaker in (self.painting, self.regions, self.naming, self.labelling):
            speaker.said.connect(self.banner.hint)
        for speaker in (self.painting, self.regions):
            speaker.over.connect(self.banner.retract)
        self.proposing.refused.connect(self.show_error)
        for speaker in (self.regions, self.naming, self.labelling):
            speaker.failed.connect(self.show_error)
        self.painting.drawing_changed.connect(self._show_progress_of_work)
        workspace.project_changed.connect(self._show_project)
        workspace.document_changed.connect(self._show_document)
        workspace.classes_changed.connect(self.painting.show_classes)
        workspace.images_changed.connect(self._show_document)
        workspace.image_changed.connect(self._show_progress_of_work)
        workspace.failed.connect(self.show_error)
        workspace.recovered.connect(self._on_recovered)
        self.training_panel.focus_left.connect(self.canvas.setFocus)
        self.training_panel.network_asked.connect(self.networks.choose)
        self.networks.listed.connect(self.labelling.show_networks)
        self._dock_of(self.labels_panel).visibilityChanged.connect(self.labelling.show_or_hide)
        self.labelling.seed_wanted.connect(
            lambda heat: self.labelling.propose_seed(heat, self.tools.class_index)
        )
        self.teaching.said.connect(self.banner.say)
        self.object_measuring.said.connect(self.status.say)
        self.object_measuring.failed.connect(self.show_error)
        self.reviewing.said.connect(self.status.say)
        self.reviewing.failed.connect(self.show_error)
        self.live_switches.said.connect(self.banner.say)
        self.self_start.due.connect(self.training_panel.teach.click)
        self.engine_status.said.connect(lambda text: self.banner.say(text, of_program=True))
        self.remembering.failed.connect(self.show_error)
        self.border_heat.failed.connect(self.show_error)
        self._rescued.failed.connect(self.show_error)

    # ------------------------------------------------------------------ what is open

    def show_error(self, error: UserError) -> None:
        """One line in the banner and in the log."""
        _log.warning("%s", error)
        self.banner.say(str(error))
        if self.workspace.project is not None:
            self.status.show_saved(self.workspace.unsaved)

    def _on_recovered(self, error: UserError) -> None:
        self.banner.retract(str(error))
        self._show_progress_of_work()

    def _show_project(self) -> None:
        project = self.workspace.project
        self.setWindowTitle(f"{project.folder.name} – CNNSeg" if project else "CNNSeg")
        self.status.clearMessage()
        self.painting.show_classes()
        if project is not None:
            self._recent.remember(project.folder)
            self.tools.choose_class(project.classes[min(1, len(project.classes) - 1)].index)
        self._show_document()

    def _show_document(self) -> None:
        project, document = self.workspace.project, self.workspace.document
        if document is None or project is None:
            self.canvas.show_document(None, self.painting.table())
            self._stack.setCurrentWidget(self.empty_state)
            (self.empty_state.show_no_image if project else self.empty_state.show_no_project)()
            self.status.show_nothing_open()
        elif not self.canvas.shows(document):
            self._stack.setCurrentWidget(self.canvas)
            self.canvas.show_document(document, self.painting.table())
            self.painting.show_place_anew()
            self.canvas.setFocus()
        self.navigator.show_image(document.image if document else None)
        self._show_progress_of_work()

    def _show_progress_of_work(self, _image_id: int = 0) -> None:
        """What depends on the decided pixels: counts, undo names, what can be done now."""
        project, document = self.workspace.project, self.workspace.document
        act = self.actions_by_name
        for action in act.named("export", "import_labels", "add_images", "close_project"):
            action.setEnabled(project is not None)
        for action in act.named("accept", "approve", "fit", "one_to_one", "previous", "next"):
            action.setEnabled(document is not None)
        act["choose_network"].setEnabled(project is not None)
        for action in act.named("accept_class", "next_doubtful"):
            action.setEnabled(document is not None)
        undo = document.undo_name if document else None
        if document is not None and document.drawing:
            undo = "Corner"
        redo = document.redo_name if document else None
        act["undo"].setEnabled(undo is not None)
        act["undo"].setText(f"Undo {undo}" if undo else "Undo")
        act["redo"].setEnabled(redo is not None)
        act["redo"].setText(f"Redo {redo}" if redo else "Redo")
        if project is not None:
            self.status.show_saved(self.workspace.unsaved)
        approved = False
        if project is not None and document is not None:
            record = project.image(document.record.id)
            approved = record.status == APPROVED
            self.classes_panel.show_counts(record.decided)
        act["disapprove"].setEnabled(approved)
        self.painting.refresh_place()

    def _tell_added(self, images: int) -> None:
        told = "1 image was added." if images == 1 else f"{images:,} images were added."
        if images == 0:
            told = "No image was added: they are all in the project."
        self.status.say(told)

    def _disapprove(self) -> None:
        document = self.workspace.document
        if document is not None:
            self.workspace.disapprove(document.record.id)

    # ------------------------------------------------------------------ tools

    def choose_class_by_key(self, index: int) -> None:
        """0…9 on the keyboard."""
        self.painting.choose_class_by_key(index)

    def set_diameter(self, diameter: float) -> None:
        """The brush's size in image pixels."""
        self.tools.set_diameter(diameter)

    def _visible(self) -> Rect:
        return self.canvas.visible_rect

    # ------------------------------------------------------------------ window events

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        self.opening.open_paths(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks nothing and loses nothing: everything is stored already.

        Where the disk refused the last strokes, their masks are written elsewhere, which is said
        when the project is open again; where that fails too, the window stays.
        """
        event.ignore()  # until nothing is left that could be lost
        if not self._rescue():
            return
        settings = QSettings()
        settings.setValue("geometry", self.saveGeometry())
        settings.setValue("layout", self.saveState(_LAYOUT_VERSION))
        self.workspace.close_project()
        self.networks.fetching.close()
        self.architecture.close()
        self.engine.stop()
        self.log_panel.detach()
        event.accept()

    def _rescue(self) -> bool:
        """Sees to it that the project can be closed without a loss; whether it can."""
        try:
            rescued = self.workspace.rescue(rescue_folder())
        except UserError as error:
            self.show_error(error)
            return False
        self._rescued.remember(rescued)
        for path in rescued:
            _log.warning("the disk is full: a mask with your last strokes is in %s", path)
        return True

    def _close_project(self) -> None:
        """As closing the window does; a fine-tune can go on when the project is open again."""
        if self._rescue():
            self.workspace.close_project()

    def _restore_layout(self) -> None:
        settings = QSettings()
        geometry, layout = settings.value("geometry"), settings.value("layout")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(layout, QByteArray):
            self.restoreState(layout, _LAYOUT_VERSION)
