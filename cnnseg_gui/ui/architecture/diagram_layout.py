"""Where the slabs of a network's diagram stand, and which arrows join them. No Qt: plain numbers.

A slab is as high as its map's side and as wide as its channels, both log-scaled. Layers that keep
shape and place (norms, activations, dropout) are left to the table. What does not lie on the
longest way from input to output stands above or below it, as late as it can.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnnseg_gui.core.architecture import LayerRow, NetworkDescription

INPUT, SOFTMAX = "input", "softmax"
DRAWN = (
    "convolution",
    "transposed convolution",
    "pooling",
    "dense",
    "upsampling",
    "space to depth",
    "depth to space",
    "concatenation",
    "sum",
)
"""Kinds of layers that have a slab; input and softmax are added."""
SLANT = 0.17
"""A slab's depth along x and y, as a share of its height."""
_NEAR, _APART, _LANE = 5.0, 16.0, 12.0  # between slabs of a stage, between stages, between lanes
_CHARACTER = 7.0  # width that a caption's character is given


@dataclass(frozen=True)
class Slab:
    """A layer as a box; x, y are of the front's left and top, y grows downwards."""

    row: int
    """Index in the description's layers; −1: the input, −2: softmax."""
    kind: str
    shape: tuple[int, ...]
    column: int
    lane: int
    """0: on the longest way; others stand below (positive) or above."""
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        if self.kind == "sum":
            return 10.0
        if self.kind == "concatenation":
            return 5.0
        return 4.0 + 2.6 * math.log2(self.shape[0] + 1)

    @property
    def height(self) -> float:
        if self.kind == "sum":
            return 10.0
        return 16.0 + 26.0 * math.log2(self.side)

    @property
    def depth(self) -> float:
        return 0.0 if self.kind in ("sum", "concatenation") else SLANT * self.height

    @property
    def side(self) -> int:
        """Of the map; a vector's is 1."""
        return self.shape[-2] if len(self.shape) == 3 else 1

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Arrow:
    """From one slab to another: indices in `Diagram.slabs`."""

    source: int
    target: int
    skip: bool
    """It passes by other slabs."""
    height: float = 0.0
    """The y at which a skip does so: above them, or below."""
    below: bool = False


@dataclass(frozen=True)
class Caption:
    """What a stage's maps are: lines of text under its middle."""

    x: float
    y: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Diagram:
    """Everything that is drawn."""

    slabs: tuple[Slab, ...]
    arrows: tuple[Arrow, ...]
    captions: tuple[Caption, ...]


def lay_out(description: NetworkDescription) -> Diagram:
    """The diagram of a network."""
    nodes, sources = _graph(description)
    early = _early(sources)
    columns = _late(sources, early)
    lanes = _lanes(sources, columns, early)
    slabs = [
        Slab(row, kind, shape, column, lane)
        for (row, kind, shape), column, lane in zip(nodes, columns, lanes, strict=True)
    ]
    slabs = _stacked(_in_line(slabs))
    arrows = [_arrow(slabs, source, target) for target in sources for source in sources[target]]
    lowest = max((s.y + s.height for s in slabs), default=0.0)
    lowest = max([lowest, *(arrow.height for arrow in arrows if arrow.below)])
    return Diagram(tuple(slabs), tuple(arrows), tuple(_captions(slabs, lowest)))


Node = tuple[int, str, tuple[int, ...]]
"""Row, kind, shape."""


def _graph(description: NetworkDescription) -> tuple[list[Node], dict[int, tuple[int, ...]]]:
    """The nodes, in the order of running, and the nodes that each one takes."""
    layers = description.layers
    nodes: list[Node] = [(-1, INPUT, description.input_shape)]
    sources: dict[int, tuple[int, ...]] = {0: ()}
    node_of: dict[int, tuple[int, ...]] = {}  # a row's; of one that is not drawn: its sources'
    for row, layer in enumerate(layers):
        taken = tuple(sorted({n for i in layer.inputs for n in node_of[i]})) or (0,)
        if _is_drawn(layer, layers):
            sources[len(nodes)] = taken
            node_of[row] = (len(nodes),)
            nodes.append((row, layer.kind, layer.output_shape))
        else:
            node_of[row] = taken
    last = len(layers) - 1
    sources[len(nodes)] = node_of[last] if layers else (0,)
    nodes.append((-2, SOFTMAX, layers[last].output_shape if layers else description.input_shape))
    return nodes, sources


def _is_drawn(layer: LayerRow, layers: Sequence[LayerRow]) -> bool:
    """Not a pooling that changes nothing, as before VGG16's dense layers on 224×224."""
    if layer.kind not in DRAWN:
        return False
    same = {layers[index].output_shape for index in layer.inputs} == {layer.output_shape}
    return not (layer.kind == "pooling" and layer.kernel is None and same)


def _early(sources: dict[int, tuple[int, ...]]) -> list[int]:
    """How long the longest way to each node is."""
    early: list[int] = []
    for node in sources:
        early.append(1 + max((early[source] for source in sources[node]), default=-1))
    return early


def _late(sources: dict[int, tuple[int, ...]], early: list[int]) -> list[int]:
    """As late as the takers allow; what no one takes stands as early as it can."""
    late = list(early)
    taken = {source for taking in sources.values() for source in taking}
    for node in reversed(sources):
        if node in taken:
            late[node] = min(late[taker] for taker in sources if node in sources[taker]) - 1
    late[0] = 0
    return late


def _lanes(sources: dict[int, tuple[int, ...]], columns: list[int], early: list[int]) -> list[int]:
    """0 along the longest way to the end; others go on in their source's lane, or find one."""
    main = {len(columns) - 1}
    node = len(columns) - 1
    while sources[node]:
        node = max(sources[node], key=lambda source: (early[source], -source))
        main.add(node)
    lanes: list[int] = []
    used: set[tuple[int, int]] = set()
    for node in sources:
        wanted = [0] if node in main else [lanes[s] for s in sources[node] if lanes[s]]
        wanted += [1, -1, 2, -2, 3, -3, 4, -4, 5, -5]
        lane = next((w for w in wanted if (columns[node], w) not in used), len(columns))
        used.add((columns[node], lane))
        lanes.append(lane)
    return lanes


def _in_line(slabs: list[Slab]) -> list[Slab]:
    """Gives every column its x; stages get room for their captions."""
    x, placed = 0.0, list(slabs)
    in_column: dict[int, list[int]] = {}
    for index, slab in enumerate(slabs):
        in_column.setdefault(slab.column, []).append(index)
    stage_began, stage, before = 0.0, -1, 0.0
    for column in sorted(in_column):
        members = in_column[column]
        leading = next((slabs[i] for i in members if slabs[i].lane == 0), slabs[members[0]])
        if leading.side != stage or leading.kind in ("dense", SOFTMAX):
            room = _CHARACTER * max(len(line) for line in _lines(leading))
            x = max(x + (before * 0.9 + _APART if column else 0.0), stage_began + room)
            stage_began, stage = x, leading.side
        width = max(slabs[i].width for i in members)
        for i in members:
            placed[i] = replace(slabs[i], x=x + (width - slabs[i].width) / 2)
        before = max(slabs[i].depth for i in members)
        side_by_side = any(slabs[i].lane for i in members)
        x += width + _NEAR + (before if side_by_side else 0.0)
    return placed


def _stacked(slabs: list[Slab]) -> list[Slab]:
    """Gives every slab its y: lane 0 about y = 0, the others clear of their neighbours."""
    placed = list(slabs)
    in_column: dict[int, list[int]] = {}
    for index, slab in enumerate(slabs):
        in_column.setdefault(slab.column, []).append(index)
    for members in in_column.values():
        top = bottom = 0.0
        for index in sorted(members, key=lambda i: abs(slabs[i].lane)):
            slab = slabs[index]
            if slab.lane == 0:
                y = -slab.height / 2
                top, bottom = y - slab.depth, y + slab.height
            elif slab.lane > 0:
                y = bottom + _LANE + slab.depth
                bottom = y + slab.height
            else:
                y = top - _LANE - slab.height
                top = y - slab.depth
            placed[index] = replace(slab, y=y)
    return placed


def _arrow(slabs: Sequence[Slab], source: int, target: int) -> Arrow:
    first, last = slabs[source], slabs[target]
    between = [s for s in slabs if first.column < s.column < last.column]
    in_the_way = [s for s in between if s.lane == 0]
    if not in_the_way or first.lane:
        return Arrow(source, target, skip=False)
    if last.lane > 0:
        bottoms = [s.y + s.height for s in (*between, last)]
        return Arrow(source, target, skip=True, height=max(bottoms) + 16.0, below=True)
    tops = [s.y - s.depth for s in (*between, first, last)]
    rise = 12.0 + 2.5 * min(last.column - first.column, 10)  # long ones pass over short ones
    return Arrow(source, target, skip=True, height=min(tops) - rise)


def _captions(slabs: Sequence[Slab], lowest: float) -> list[Caption]:
    """One per stage of the longest way: side × side, and the channels of its widest convolution."""
    line = sorted((s for s in slabs if s.lane == 0), key=lambda s: s.column)
    captions: list[Caption] = []
    stage: list[Slab] = []
    for slab in [*line, None]:
        ends = slab is None or slab.side != stage[0].side if stage else False
        alone = stage and (stage[-1].kind in ("dense", SOFTMAX))
        if stage and (ends or alone or (slab and slab.kind in ("dense", SOFTMAX))):
            middle = (stage[0].x + stage[-1].x + stage[-1].width) / 2
            captions.append(Caption(middle, lowest + 8.0, _lines(_widest(stage))))
            stage = []
        if slab is not None:
            stage.append(slab)
    return captions


def _widest(stage: Sequence[Slab]) -> Slab:
    """The convolution of most channels; where there is none, the last slab."""
    convolutions = [slab for slab in stage if slab.kind == "convolution"]
    return max(convolutions, key=lambda slab: slab.shape[0]) if convolutions else stage[-1]


def _lines(slab: Slab) -> tuple[str, ...]:
    if len(slab.shape) == 1:
        return (f"{slab.shape[0]}",)
    return f"{slab.shape[-2]}×{slab.shape[-1]}", f"{slab.shape[0]}"
