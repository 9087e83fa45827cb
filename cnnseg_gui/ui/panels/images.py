"""The image list: every image with its thumbnail and status."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from cnnseg_gui.core.image_source import ImageSource
from cnnseg_gui.core.image_table import APPROVED, IN_WORK, NEW, ImageRecord
from cnnseg_gui.core.queue_order import Queue
from cnnseg_gui.editor.workspace import Workspace
from cnnseg_gui.ui.panels.adding_row import AddingRow
from cnnseg_gui.ui.panels.image_filter import ImageFilter
from cnnseg_gui.ui.panels.image_menu import image_menu
from cnnseg_gui.ui.panels.image_model import RECORD, ImageModel
from cnnseg_gui.ui.panels.image_rows import ROW_HEIGHT, ImageRow
from cnnseg_gui.ui.panels.uniform_list import UniformList


class ImagesPanel(QWidget):
    """The list and how far the work has come."""

    chosen = Signal(int)
    """The number of the image to open."""
    order_chosen = Signal(bool)
    """The images are to be in the order of what helps most, or as in the folder."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._last: tuple[ImageRecord, ImageSource] | None = None
        self._model = ImageModel(workspace.adding, self)
        self._seeking = False  # the shown image's row has not been loaded, or is filtered out
        self.adding = AddingRow(workspace.adding)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Name or tag")
        self.search.setToolTip("Every word must be in the name or a tag; tag:word in a tag only")
        self.search.setAccessibleName("Show only images with this in their name or tags")
        self.search.setClearButtonEnabled(True)
        self.status = QComboBox()
        self.status.setAccessibleName("Show only images of this status")
        self.status.addItem("All", "")
        for status in (NEW, IN_WORK, APPROVED):
            self.status.addItem(status.capitalize(), status)
        self.order = QComboBox()
        self.order.setAccessibleName("Order of the images")
        self.order.setToolTip(
            "What helps most: first what the network is least sure of and would learn most from\n"
            "for each second of your work; every eighth image is drawn at random."
        )
        self.order.addItem("Order: Folder", False)
        self.order.addItem("Order: What helps most", True)
        self.order.activated.connect(lambda _: self.order_chosen.emit(self.order.currentData()))
        self.list = UniformList(ROW_HEIGHT)
        self.list.setModel(self._model)
        self.list.setItemDelegate(ImageRow(self.list))
        self.list.setAccessibleName("Images")
        self.list.clicked.connect(self._choose)
        self.list.activated.connect(self._choose)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.search.textChanged.connect(self._show_filtered)
        self.status.currentIndexChanged.connect(self._show_filtered)
        leave = QShortcut(QKeySequence("Esc"), self.search)
        leave.setContext(Qt.ShortcutContext.WidgetShortcut)
        leave.activated.connect(self._leave_search)
        self._count = QLabel()
        self._count.setObjectName("quiet")
        self._done = QProgressBar()
        self._done.setTextVisible(False)
        self._done.setAccessibleName("Images approved")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(6)
        filters = QHBoxLayout()
        filters.setContentsMargins(8, 4, 8, 0)
        filters.addWidget(self.search, 1)
        filters.addWidget(self.status)
        layout.addLayout(filters)
        order = QHBoxLayout()
        order.setContentsMargins(8, 0, 8, 0)
        order.addWidget(self.order, 1)
        layout.addLayout(order)
        self._looked_at = QLabel()
        self._looked_at.setObjectName("quiet")
        self._looked_at.setContentsMargins(10, 0, 10, 0)
        self._looked_at.hide()
        layout.addWidget(self._looked_at)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.adding)
        for widget in (self._done, self._count):
            layout.addWidget(widget)
            widget.setContentsMargins(10, 0, 10, 0)
        workspace.project_changed.connect(self.refresh)
        workspace.images_changed.connect(self.refresh)
        workspace.images_added.connect(lambda _: self._model.load_added())
        workspace.image_changed.connect(self._model.refresh)
        workspace.document_changed.connect(self._select_current)
        self._model.grew.connect(self._show_grown)
        self._model.thumbnails.arrived.connect(self.list.viewport().update)
        self.refresh()

    def refresh(self) -> None:
        """Reads the list anew."""
        self._model.thumbnails.try_again()
        self._model.show_project(self._workspace.project)
        self._select_current()

    def show_order(self, queue: Queue | None) -> None:
        """The images of a queue first; None: all as in the folder."""
        self._model.show_order(queue)
        self._select_current()

    def show_order_choice(self, helps_most: bool) -> None:
        """Which order is chosen."""
        self.order.setCurrentIndex(int(helps_most))

    def beside(self, image_id: int, by: int) -> int | None:
        """What is `by` rows further in the queue; None in the folder's order."""
        return self._model.beside(image_id, by)

    def show_looked_at(self, done: int, total: int) -> None:
        """How many images the queue knows more of, and wants to; 0 of 0: nothing is looked at."""
        self._looked_at.setText(f"{done} of {total} images looked at" if done < total else "")
        self._looked_at.setVisible(done < total)

    def listed(self) -> list[int]:
        """The numbers of all images that the list shows."""
        return self._model.listed()

    @property
    def not_approved(self) -> int:
        """How many images there are to work on."""
        images = self._model.index_of_images
        return len(images) - images.count(APPROVED)

    def _show_grown(self) -> None:
        self._tell_count()
        if self._seeking:
            self._seek_current()

    def _select_current(self) -> None:
        self._picture_large()
        self._seek_current()

    def _seek_current(self) -> None:
        """Chooses the row of the shown image, as soon as there is one."""
        document = self._workspace.document
        place = self._model.place_of(document.record.id) if document else None
        self._seeking = document is not None and place is None
        if place is not None:
            index = self._model.index(place)
            self.list.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.list.scrollTo(index)

    def _picture_large(self) -> None:
        """Of a large image there is a thumbnail once it has been looked at."""
        document = self._workspace.document
        if self._last is not None:
            self._model.thumbnails.take(*self._last)
        self._last = (document.record, document.image) if document is not None else None
        if self._last is not None:
            self._model.thumbnails.take(*self._last)

    def _choose(self, index: QModelIndex) -> None:
        record = index.data(RECORD)
        if record is not None:
            self.chosen.emit(record.id)

    def _show_filtered(self) -> None:
        self._model.show_only(ImageFilter.typed(self.search.text(), self.status.currentData()))
        self._select_current()

    def _leave_search(self) -> None:
        self.search.clear()
        self.list.setFocus()

    def _show_menu(self, place: QPoint) -> None:
        """What can be done with the image under the pointer."""
        index, project = self.list.indexAt(place), self._workspace.project
        record = index.data(RECORD)
        if record is not None and project is not None:
            menu = image_menu(record, list(project.tags.counts()), self._workspace)
            menu.setParent(self, menu.windowFlags())
            menu.popup(self.list.viewport().mapToGlobal(place))

    def _tell_count(self) -> None:
        images = self._model.index_of_images
        total, approved = len(images), images.count(APPROVED)
        self._done.setVisible(total > 0)
        self._done.setRange(0, max(1, total))
        self._done.setValue(approved)
        shown = f"{self._model.shown} of " if self._model.filtered else ""
        said = f"{shown}{total} images · {images.count(IN_WORK)} in work · {approved} approved"
        self._count.setText(said if total else "")

    @property
    def complete(self) -> bool:
        """Every image of the project has been read and searched."""
        return self._model.complete

    @property
    def count_text(self) -> str:
        return self._count.text()
