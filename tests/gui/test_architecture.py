"""The Architecture window: it opens at once, fills when the engine answers, and can be shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.architecture import LayerRow, NetworkDescription
from cnnseg_gui.engine.client import local_command
from cnnseg_gui.ui import theme
from cnnseg_gui.ui.architecture.colours import kind_colour
from cnnseg_gui.ui.architecture.diagram_layout import DRAWN, lay_out
from cnnseg_gui.ui.architecture.inside import PROJECT
from cnnseg_gui.ui.architecture.layers import HEADINGS
from cnnseg_gui.ui.architecture.window import ArchitectureWindow
from cnnseg_gui.ui.main_window import MainWindow

PATIENCE_MS = 60_000


def opened(window: MainWindow, qtbot: QtBot) -> ArchitectureWindow:
    """As Help ▸ Architecture… opens it."""
    window.actions_by_name["architecture"].trigger()
    shown = window.architecture.window
    assert shown is not None
    qtbot.waitExposed(shown)
    return shown


def wait_for(architecture: ArchitectureWindow, name: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: architecture.title.text() == name and "parameters" in architecture.text.text(),
        timeout=PATIENCE_MS,
    )


@pytest.fixture
def architecture(open_sample: MainWindow, qtbot: QtBot) -> ArchitectureWindow:
    """Filled by a running engine, on the sample project, as large as on a usual screen."""
    open_sample.engine.start()
    shown = opened(open_sample, qtbot)
    shown.resize(1180, 720)
    wait_for(shown, "vgg16", qtbot)
    return shown


def test_without_an_engine_it_opens_at_once_and_says_so(window: MainWindow, qtbot: QtBot) -> None:
    shown = opened(window, qtbot)
    assert shown.state.isVisible()
    assert "not running" in shown.state.text()
    window.engine.start()
    assert "starting" in shown.state.text()
    wait_for(shown, "vgg16", qtbot)
    assert not shown.state.isVisible()


def test_an_engine_that_is_replaced_before_it_answers_is_asked_again(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.engine.start()
    shown = opened(window, qtbot)
    window.engine.use_command(local_command(device="cpu", threads=1))
    wait_for(shown, "vgg16", qtbot)
    window.engine.use_command(local_command(device="cpu", threads=1))
    shown.networks.choose("resnet18", classifier=True)
    wait_for(shown, "resnet18", qtbot)


def test_it_is_one_window_that_closes_with_the_main_one(window: MainWindow, qtbot: QtBot) -> None:
    shown = opened(window, qtbot)
    shown.close()
    assert opened(window, qtbot) is shown
    window.close()
    assert not shown.isVisible()


def test_a_click_in_the_list_shows_another_network_everywhere(
    architecture: ArchitectureWindow, qtbot: QtBot
) -> None:
    (item,) = architecture.networks.findItems("unet", Qt.MatchFlag.MatchExactly)
    place = architecture.networks.visualItemRect(item).center()
    qtbot.mouseClick(architecture.networks.viewport(), Qt.MouseButton.LeftButton, pos=place)
    wait_for(architecture, "unet", qtbot)
    assert "31,037,698 parameters" in architecture.text.text()
    architecture.layers.copy.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == list(HEADINGS)
    assert lines[1].split("\t")[0] == "down.0.conv1"
    assert lines[-1].split("\t")[:2] == ["head", "convolution"]
    assert len({line.count("\t") for line in lines}) == 1


def test_the_selected_rows_are_copied_by_key(
    architecture: ArchitectureWindow, qtbot: QtBot
) -> None:
    architecture.tabs.setCurrentWidget(architecture.layers)
    architecture.layers.choose(32)
    architecture.layers.table.setFocus()
    qtbot.keyClick(architecture.layers.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    heading, row = QGuiApplication.clipboard().text().splitlines()
    cells = dict(zip(heading.split("\t"), row.split("\t"), strict=True))
    assert (cells["Layer"], cells["Parameters"]) == ("classifier.0", "102,764,544")
    assert (cells["Output"], cells["Sees"]) == ("4096", "all")


def test_norms_and_activations_can_be_hidden(
    architecture: ArchitectureWindow, qtbot: QtBot
) -> None:
    table = architecture.layers.table
    architecture.layers.minor.click()
    hidden = [row for row in range(table.model().rowCount()) if table.isRowHidden(row)]
    assert 1 in hidden
    assert 0 not in hidden


def test_the_wheel_zooms_and_fit_shows_everything_again(
    architecture: ArchitectureWindow, qtbot: QtBot
) -> None:
    diagram = architecture.diagram
    before = diagram.scale_factor
    turn(diagram.viewport(), 240)
    assert diagram.scale_factor > 1.3 * before
    architecture.fit.click()
    assert diagram.scale_factor == pytest.approx(before)


def test_a_long_network_begins_readable_and_fit_shows_it_whole(
    architecture: ArchitectureWindow, qtbot: QtBot
) -> None:
    architecture.networks.choose("resnet152", classifier=True)
    wait_for(architecture, "resnet152", qtbot)
    diagram = architecture.diagram
    assert diagram.scale_factor > 0.6
    assert diagram.horizontalScrollBar().maximum() > diagram.horizontalScrollBar().minimum()
    architecture.fit.click()
    assert diagram.scale_factor < 0.6
    whole = diagram.mapFromScene(diagram.sceneRect()).boundingRect()
    assert whole.width() <= diagram.width() + 2


def test_a_click_on_a_slab_chooses_its_layer(
    architecture: ArchitectureWindow, qtbot: QtBot
) -> None:
    diagram = architecture.diagram
    dense = next(
        item for item in diagram.scene().items() if item.toolTip().startswith("classifier.3\n")
    )
    place = diagram.mapFromScene(dense.sceneBoundingRect().center())
    qtbot.mouseClick(diagram.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert architecture.layers.table.currentIndex().row() == 35
    assert "16.8 million parameters" in dense.toolTip()


@pytest.mark.parametrize("dark", [False, True])
def test_pooling_is_red_convolution_grey_dense_blue_softmax_green(
    architecture: ArchitectureWindow, tmp_path: Path, dark: bool, themed: None
) -> None:
    theme.apply(application(), dark=dark)
    architecture.save_diagram(tmp_path / "vgg16.png")
    image = QImage(str(tmp_path / "vgg16.png"))
    assert not image.isNull()
    found = {
        image.pixelColor(x, y).name()
        for x in range(0, image.width(), 3)
        for y in range(0, image.height(), 3)
    }
    for kind in ("pooling", "convolution", "dense", "softmax"):
        assert kind_colour(kind).name() in found, kind
    ground = QColor((theme.DARK if dark else theme.LIGHT).base).name()
    assert image.pixelColor(2, 2).name() == ground


def test_the_diagram_is_saved_as_svg(architecture: ArchitectureWindow, tmp_path: Path) -> None:
    architecture.save_diagram(tmp_path / "vgg16.svg")
    root = ElementTree.parse(tmp_path / "vgg16.svg").getroot()
    assert root.tag.endswith("svg")
    texts = {text.strip() for text in root.itertext()}
    assert {"vgg16", "224×224", "4096"} <= texts


def test_a_folder_that_is_not_there_is_said_below_the_diagram(
    architecture: ArchitectureWindow, tmp_path: Path
) -> None:
    for name in ("a.svg", "a.png"):
        architecture.save_diagram(tmp_path / "missing" / name)
        assert str(tmp_path / "missing") in architecture.said.text()
        assert "Saved" not in architecture.said.text()


def test_the_numbers_are_drawn_with_what_was_counted(architecture: ArchitectureWindow) -> None:
    architecture.tabs.setCurrentWidget(architecture.numbers)
    texts = architecture.numbers.texts
    assert "121 weights, against 9 + 9 + 9 + 9 + 9 = 45; both see 11×11" in texts
    assert "49 weights, against 7 + 7 = 14; both see 7×7" in texts
    assert "transposed convolution 3×3, stride 2: uneven" in texts
    assert "transposed convolution 4×4, stride 2: even" in texts
    assert not architecture.grab().isNull()


def test_inside_shows_the_current_images_maps_and_the_first_kernels(
    architecture: ArchitectureWindow, qtbot: QtBot
) -> None:
    architecture.networks.choose("unet-lite0", classifier=False)
    wait_for(architecture, "unet-lite0", qtbot)
    architecture.tabs.setCurrentWidget(architecture.inside)
    inside = architecture.inside
    qtbot.waitUntil(lambda: inside.filters.count == 32, timeout=PATIENCE_MS)
    assert inside.maps.count == 32
    assert not inside.note.isVisible()
    architecture.layers.choose(6)
    assert inside.layer_name == "encoder._blocks.0._project_conv"
    qtbot.waitUntil(lambda: inside.maps.count == 16, timeout=PATIENCE_MS)


def test_inside_says_what_is_missing(architecture: ArchitectureWindow, qtbot: QtBot) -> None:
    architecture.tabs.setCurrentWidget(architecture.inside)
    architecture.networks.choose("alexnet-2012", classifier=True)
    wait_for(architecture, "alexnet-2012", qtbot)
    assert "no published weights" in architecture.inside.note.text()
    box = architecture.inside.weights
    box.setCurrentIndex(box.findData(PROJECT))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: "has no layer" in architecture.inside.note.text(), timeout=PATIENCE_MS)


layers = st.integers(1, 12).flatmap(
    lambda count: st.tuples(
        *(
            st.tuples(
                st.sampled_from((*DRAWN, "activation", "norm")),
                st.integers(1, 600),
                st.integers(1, 600),
                st.sets(st.integers(0, row - 1), max_size=2) if row else st.just(set()),
            )
            for row in range(count)
        )
    )
)


@settings(deadline=None, max_examples=100)
@given(layers)
def test_no_two_slabs_stand_in_the_same_place(
    made: tuple[tuple[str, int, int, set[int]], ...],
) -> None:
    rows = tuple(
        LayerRow(
            name=f"{n}", kind=kind, output_shape=(channels, side, side), inputs=tuple(sorted(taken))
        )
        for n, (kind, channels, side, taken) in enumerate(made)
    )
    network = NetworkDescription(
        name="any",
        classifier=False,
        text="",
        input_shape=(3, 64, 64),
        layers=rows,
        weighty=0,
        parameters=0,
        macs=0,
    )
    diagram = lay_out(network)
    assert {s.row for s in diagram.slabs} == {-1, -2} | {
        row for row, layer in enumerate(rows) if layer.kind in DRAWN
    }
    for arrow in diagram.arrows:
        assert diagram.slabs[arrow.source].column < diagram.slabs[arrow.target].column
    for one in diagram.slabs:
        for other in diagram.slabs:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            above = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert one is other or beside or above


@pytest.fixture
def themed() -> Iterator[None]:
    """Puts back how the program looks."""
    before = application().style().name(), application().palette(), application().styleSheet()
    yield
    application().setStyle(before[0])
    application().setPalette(before[1])
    application().setStyleSheet(before[2])


def application() -> QApplication:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


def turn(widget: QWidget, angle: int) -> None:
    """A turn of the wheel in the middle of a widget."""
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        widget.mapToGlobal(middle),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
