"""A change of many tiles computed beside the window: prepared whole, put in at once.

A worker computes it on a snapshot of the mask, which shares its tiles until one side writes them.
So a tile that is still the snapshot's own array has not changed since, and the finished one takes
its place; only where a person painted meanwhile are pixels compared, and theirs stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cnnseg_gui.core.mask import Mask, Pixels
from cnnseg_gui.core.patch import EVERYTHING, Patch, PatchBuilder, Writable
from cnnseg_gui.core.piece import Piece, Stored, stored
from cnnseg_gui.core.raster import Coverage

_Cell = tuple[int, int]


@dataclass(frozen=True)
class _Tile:
    """One tile of the change, with all that the store wants of it."""

    before: Pixels | None
    """The snapshot's array; None where the tile was empty."""
    after: Pixels
    piece: Piece
    form: Stored


@dataclass(frozen=True)
class Prepared:
    """What `prepare` made; to be put in once."""

    tiles: tuple[_Tile, ...]

    def put_in(self, mask: Mask) -> Patch | None:
        """Changes the mask that the snapshot was taken of; None where nothing is left to change.

        Costs a few microseconds a tile, and of those changed meanwhile what their pixels cost.
        """
        pieces: list[Piece] = []
        known: dict[_Cell, Stored] = {}
        for tile in self.tiles:
            cell = tile.piece.cell
            if mask.tile(*cell) is tile.before:
                mask.put_tile(*cell, tile.after)
                pieces.append(tile.piece)
                known[cell] = tile.form
                continue
            merged = _merged(mask, tile.piece)
            if merged is not None:
                Patch((merged,)).apply(mask)
                pieces.append(merged)
        return Patch(tuple(pieces), known) if pieces else None


def prepare(
    mask: Mask, fills: Iterable[tuple[Coverage, int | Pixels]], writable: Writable = EVERYTHING
) -> Prepared:
    """Fills pixels of a snapshot, which stays as it is; a worker's job.

    Args:
        mask: a snapshot that nobody else writes.
        fills: pixels and the mask value they get, or uint8[h, w] of values; may be computed from
            the snapshot as they are asked for.
        writable: bool[256], the mask values that may be overwritten.
    """
    changed = mask.snapshot()
    builder = PatchBuilder(changed, writable)
    for (top, left, covered), value in fills:
        builder.paint(top, left, covered, value)
    patch = builder.finish()
    tiles = []
    for piece in () if patch is None else patch.pieces:
        after = changed.tile(*piece.cell)
        assert after is not None, "a piece changes what its tile holds"
        tiles.append(_Tile(mask.tile(*piece.cell), after, piece, stored(piece, after)))
    return Prepared(tuple(tiles))


def _merged(mask: Mask, piece: Piece) -> Piece | None:
    """The piece where its pixels still are what they were; None where none is."""
    now = mask.read_stored(piece.rect)
    keeps = (now == piece.before) & (piece.after != piece.before)
    if not keeps.any():
        return None
    return Piece(piece.top, piece.left, now, np.where(keeps, piece.after, now))
