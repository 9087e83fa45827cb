"""Blocks of the engine's answers as arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.contradictions import Contradiction
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine.messages import Explained, Inside, ProposedTile, ProtocolError, Slip, Slips


def heat(message: Explained, blocks: Sequence[bytes]) -> Pixels:
    shape = (message.rows, message.columns)
    if len(blocks) != 1 or len(blocks[0]) != shape[0] * shape[1]:
        raise ProtocolError(f"a heat of {shape} whose block does not fit")
    return np.frombuffer(blocks[0], np.uint8).reshape(shape)


def inside(message: Inside, blocks: Sequence[bytes]) -> tuple[Pixels, Pixels]:
    shapes = (*message.filters, 3), message.maps
    if [len(block) for block in blocks] != [math.prod(shape) for shape in shapes]:
        raise ProtocolError(f"kernels and maps of {shapes} whose blocks do not fit")
    kernels, maps = (
        np.frombuffer(block, np.uint8).reshape(shape)
        for block, shape in zip(blocks, shapes, strict=True)
    )
    return kernels, maps


def tile(message: ProposedTile, blocks: Sequence[bytes]) -> tuple[Pixels, Pixels]:
    shape = (message.height, message.width)
    if len(blocks) != 2 or {len(block) for block in blocks} != {shape[0] * shape[1]}:
        raise ProtocolError(f"a tile of {shape} whose blocks do not fit")
    classes, confidence = (np.frombuffer(block, np.uint8).reshape(shape) for block in blocks)
    return classes, confidence


def embedding(blocks: Sequence[bytes]) -> npt.NDArray[np.float16]:
    if len(blocks) != 1 or len(blocks[0]) % 2:
        raise ProtocolError("an embedding whose block does not fit")
    return np.frombuffer(blocks[0], "<f2").astype(np.float16)


def slips(message: Slips, blocks: Sequence[bytes]) -> list[Contradiction]:
    if len(blocks) != len(message.regions):
        raise ProtocolError(f"{len(message.regions)} regions with {len(blocks)} blocks")
    return [_region(slip, data) for slip, data in zip(message.regions, blocks, strict=True)]


def _region(slip: Slip, data: bytes) -> Contradiction:
    rect = Rect(*slip.rect)
    count = rect.height * rect.width
    if rect.empty or len(data) != -(-count // 8):
        raise ProtocolError(f"a region of {slip.rect} whose block does not fit")
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=count).view(np.bool_)
    return Contradiction(
        rect,
        slip.pixels,
        slip.decided,
        slip.proposed,
        slip.confidence,
        bits.reshape(rect.height, rect.width),
    )
