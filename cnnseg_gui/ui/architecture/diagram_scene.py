"""A network's diagram as items of a scene: slabs, arrows, captions."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import (
    QGraphicsEllipseItem,
    QGraphicsItem,
    QGraphicsItemGroup,
    QGraphicsPathItem,
    QGraphicsPolygonItem,
    QGraphicsScene,
    QGraphicsSimpleTextItem,
)

from cnnseg_gui.core.architecture import LayerRow, NetworkDescription
from cnnseg_gui.ui.architecture.colours import KIND_COLOURS, kind_colour
from cnnseg_gui.ui.architecture.diagram_layout import Arrow, Caption, Diagram, Slab, lay_out
from cnnseg_gui.ui.architecture.texts import short_number, sides

ROW = 0
"""The key under which a slab's item keeps its row."""
_FONT_PIXELS = 11
_CORNER = 10.0
_HEAD = 5.0


def fill_scene(
    scene: QGraphicsScene, description: NetworkDescription, *, text: QColor, line: QColor
) -> None:
    """Draws a network into an empty scene.

    Args:
        text: of the captions.
        line: of arrows and edges.
    """
    diagram = lay_out(description)
    for arrow in diagram.arrows:
        if not arrow.skip:
            scene.addItem(_link(diagram.slabs[arrow.source], diagram.slabs[arrow.target], line))
    for slab in sorted(diagram.slabs, key=lambda s: (s.column, -s.lane)):
        scene.addItem(_drawn(slab, description, line))
    for arrow in diagram.arrows:
        if arrow.skip:
            slabs = diagram.slabs[arrow.source], diagram.slabs[arrow.target]
            for item in _skip(*slabs, arrow, text):
                scene.addItem(item)
    for caption in diagram.captions:
        for item in _caption(caption, text):
            scene.addItem(item)
    for item in _legend(diagram, text, scene.itemsBoundingRect()):
        scene.addItem(item)


def _drawn(slab: Slab, description: NetworkDescription, line: QColor) -> QGraphicsItem:
    colour = kind_colour(slab.kind)
    item = _sum(slab, colour, line) if slab.kind == "sum" else _box(slab, colour, line)
    item.setData(ROW, slab.row)
    item.setToolTip(_tip(slab, description))
    return item


def _box(slab: Slab, colour: QColor, line: QColor) -> QGraphicsItem:
    """Front, top and right face of a box that is as deep as it is high."""
    x, y, w, h, d = slab.x, slab.y, slab.width, slab.height, slab.depth
    faces = (
        (colour, [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]),
        (colour.lighter(118), [(x, y), (x + d, y - d), (x + w + d, y - d), (x + w, y)]),
        (
            colour.darker(125),
            [(x + w, y), (x + w + d, y - d), (x + w + d, y + h - d), (x + w, y + h)],
        ),
    )
    group = QGraphicsItemGroup()
    for fill, corners in faces:
        face = QGraphicsPolygonItem(QPolygonF([QPointF(*corner) for corner in corners]))
        face.setBrush(fill)
        face.setPen(_thin(line))
        group.addToGroup(face)
    return group


def _sum(slab: Slab, colour: QColor, line: QColor) -> QGraphicsItem:
    group = QGraphicsItemGroup()
    disc = QGraphicsEllipseItem(slab.x, slab.y, slab.width, slab.height)
    disc.setBrush(colour)
    disc.setPen(_thin(line))
    group.addToGroup(disc)
    x, y = slab.middle
    plus = QPainterPath(QPointF(x - 3, y))
    plus.lineTo(x + 3, y)
    plus.moveTo(x, y - 3)
    plus.lineTo(x, y + 3)
    sign = QGraphicsPathItem(plus)
    sign.setPen(QPen(QColor("white"), 1.4))
    group.addToGroup(sign)
    return group


def _link(source: Slab, target: Slab, line: QColor) -> QGraphicsItem:
    """From the right of one slab to the left of the next, in a curve where lanes change."""
    start = QPointF(source.x + source.width, source.middle[1])
    end = QPointF(target.x, target.middle[1])
    bend = max(10.0, (end.x() - start.x()) / 2)
    path = QPainterPath(start)
    path.cubicTo(start + QPointF(bend, 0), end - QPointF(bend, 0), end)
    item = QGraphicsPathItem(path)
    item.setPen(QPen(line, 1.2))
    return item


def _skip(source: Slab, target: Slab, arrow: Arrow, colour: QColor) -> list[QGraphicsItem]:
    """Up or down from one slab, past those between, and to the other with an arrow's head."""
    way, height = (1.0 if arrow.below else -1.0), arrow.height
    start, end = _edge(source, arrow.below, 0.0), _edge(target, arrow.below, 1.0)
    corner = min(_CORNER, (end.x() - start.x()) / 2)
    path = QPainterPath(start)
    path.lineTo(start.x(), height - way * corner)
    path.quadTo(start.x(), height, start.x() + corner, height)
    path.lineTo(end.x() - corner, height)
    path.quadTo(end.x(), height, end.x(), height - way * corner)
    path.lineTo(end)
    line = QGraphicsPathItem(path)
    line.setPen(QPen(colour, 1.4))
    corners = [end + QPointF(side * _HEAD / 1.6, way * _HEAD) for side in (-1, 1)]
    head = QGraphicsPolygonItem(QPolygonF([end, *corners]))
    head.setBrush(colour)
    head.setPen(QPen(Qt.PenStyle.NoPen))
    return [line, head]


def _edge(slab: Slab, below: bool, distance: float) -> QPointF:
    """The middle of a slab's bottom, or of its top's far edge."""
    if below:
        return QPointF(slab.middle[0], slab.y + slab.height + distance)
    return QPointF(slab.middle[0] + slab.depth, slab.y - slab.depth - distance)


def _caption(caption: Caption, colour: QColor) -> list[QGraphicsItem]:
    items: list[QGraphicsItem] = []
    for number, text in enumerate(caption.lines):
        item = _text(text, colour, bold=number == len(caption.lines) - 1)
        item.setPos(
            caption.x - item.boundingRect().width() / 2, caption.y + number * (_FONT_PIXELS + 4)
        )
        items.append(item)
    return items


def _legend(diagram: Diagram, colour: QColor, around: QRectF) -> list[QGraphicsItem]:
    """The kinds that occur, each with its colour, below everything."""
    kinds = {slab.kind for slab in diagram.slabs}
    x, y = around.left(), around.bottom() + 14
    items: list[QGraphicsItem] = []
    for kind in (kind for kind in KIND_COLOURS if kind in kinds):
        square = QGraphicsPolygonItem(QPolygonF(QRectF(x, y + 2, 10, 10)))
        square.setBrush(QBrush(kind_colour(kind)))
        square.setPen(QPen(Qt.PenStyle.NoPen))
        label = _text(kind, colour)
        label.setPos(x + 15, y)
        items += [square, label]
        x += 15 + label.boundingRect().width() + 16
    return items


def _text(text: str, colour: QColor, *, bold: bool = False) -> QGraphicsSimpleTextItem:
    item = QGraphicsSimpleTextItem(text)
    font = QFont()
    font.setPixelSize(_FONT_PIXELS)
    font.setBold(bold)
    item.setFont(font)
    item.setBrush(colour)
    return item


def _thin(line: QColor) -> QPen:
    pen = QPen(line, 0.6)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _tip(slab: Slab, description: NetworkDescription) -> str:
    shape = " × ".join(str(side) for side in (*slab.shape[1:], slab.shape[0]))
    if slab.row < 0:
        return f"{slab.kind}\n{shape}"
    layer: LayerRow = description.layers[slab.row]
    lines = [layer.name, f"{layer.kind} {sides(layer.kernel)}".strip(), shape]
    if layer.parameters:
        lines.append(f"{short_number(layer.parameters)} parameters")
    seen = sides(layer.receptive_field) if layer.receptive_field else "the whole input"
    return "\n".join([*lines, f"sees {seen}"])
