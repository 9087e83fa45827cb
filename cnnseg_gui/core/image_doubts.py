"""What the queue is ordered by, as it is stored: a row for each image that was proposed for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core import database
from cnnseg_gui.core.contradictions import Dismissed
from cnnseg_gui.core.image_table import APPROVED, FORMER, NEW
from cnnseg_gui.core.mask import Pixels
from cnnseg_gui.core.queue_order import Doubts
from cnnseg_gui.core.rect import Rect

Embedding = npt.NDArray[np.float16]
"""float16[d]: what the encoder sees in an image."""

_PART = 500  # rows
_WIDEST = 4096  # numbers: a longer one is none of ours


@dataclass(frozen=True)
class ImageDoubt:
    """What one revision's proposal for an image says of it; None where that is not known."""

    image_id: int
    revision: str
    """sha256 of its weights."""
    uncertainty: float | None
    disagreement: float | None
    pixels: float | None
    embedding: Embedding | None = None


def doubt_of(
    image_id: int,
    revision: str,
    classes: Pixels,
    confidence: Pixels,
    *,
    before: Pixels | None = None,
    embedding: Embedding | None = None,
) -> ImageDoubt:
    """What a proposal says of its image.

    Where confidence is calibrated, the sum of what is missing from it is the number of pixels that
    are expected to be wrong.

    Args:
        classes: uint8[H, W], proposed.
        confidence: uint8[H, W], 0…255.
        before: uint8[H, W], what the revision before proposes.
    """
    missing = 1 - confidence.astype(np.float32) / 255
    return ImageDoubt(
        image_id,
        revision,
        float(missing.mean()),
        None if before is None else float((classes != before).mean()),
        float(missing.sum()),
        embedding,
    )


@contextmanager
def reading_doubts(path: Path) -> Iterator[DoubtTable]:
    """The doubts of an open project, for another thread: over a connection of its own.

    Args:
        path: of the project's database.

    Raises:
        UserError: it cannot be read.
    """
    with database.reading(path) as connection:
        yield DoubtTable(connection, path)


class DoubtTable:
    """The images' doubts, and the contradictions that a person has dismissed.

    Raises:
        UserError: all methods, where the database cannot be used.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    def note(self, doubts: Iterable[ImageDoubt]) -> None:
        """Replaces what was known of these images.

        An embedding that is not given stays, and of the same revision the disagreement too.
        """
        rows = [
            (
                doubt.image_id,
                doubt.revision,
                doubt.uncertainty,
                doubt.disagreement,
                doubt.pixels,
                None if doubt.embedding is None else doubt.embedding.astype("<f2").tobytes(),
            )
            for doubt in doubts
        ]
        with database.transaction(self._db, self._path):
            self._db.executemany(
                "INSERT INTO image_doubt VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " revision = excluded.revision, uncertainty = excluded.uncertainty,"
                " disagreement = CASE revision WHEN excluded.revision"
                " THEN COALESCE(excluded.disagreement, disagreement)"
                " ELSE excluded.disagreement END, pixels = excluded.pixels,"
                " embedding = COALESCE(excluded.embedding, embedding)",
                rows,
            )

    def out_of_date(self, revision: str, *, most: int) -> list[int]:
        """Numbers of images that are not approved and not yet proposed for by a revision."""
        rows = self._rows(
            "SELECT id FROM image LEFT JOIN image_doubt ON image_id = id"
            " WHERE status NOT IN (?, ?) AND revision IS NOT ? ORDER BY id LIMIT ?",
            APPROVED,
            FORMER,
            revision,
            most,
        )
        return [int(number) for (number,) in rows]

    def waiting(self) -> Doubts:
        """Of all images that are new, whether anything is known of them or not."""
        columns: tuple[list[Any], ...] = ([], [], [], [], [])
        for part in self._parts(
            "SELECT id, uncertainty, disagreement, pixels, embedding FROM image"
            " LEFT JOIN image_doubt ON image_id = id WHERE status = ? ORDER BY id",
            NEW,
        ):
            for column, values in zip(columns, zip(*part, strict=True), strict=True):
                column.extend(values)
        ids, uncertainty, disagreement, pixels, embeddings = columns
        return Doubts(
            np.array(ids, np.int64),
            _floats(uncertainty),
            _floats(disagreement),
            _floats(pixels),
            _stacked(embeddings),
        )

    def seen(self) -> npt.NDArray[np.float16]:
        """float16[m, d]: the embeddings of images that have been worked on."""
        rows = self._rows(
            "SELECT embedding FROM image JOIN image_doubt ON image_id = id"
            " WHERE status NOT IN (?, ?) AND embedding IS NOT NULL ORDER BY id",
            NEW,
            FORMER,
        )
        return _stacked([data for (data,) in rows])

    def dismiss(self, image_id: int, region: Dismissed) -> None:
        """This contradiction is not shown again."""
        rect = region.rect
        with database.transaction(self._db, self._path):
            self._db.execute(
                "INSERT OR IGNORE INTO dismissed VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    image_id,
                    rect.top,
                    rect.left,
                    rect.bottom,
                    rect.right,
                    region.decided,
                    region.proposed,
                ),
            )

    def dismissed(self, image_id: int) -> list[Dismissed]:
        """What was dismissed of an image."""
        rows = self._rows(
            "SELECT CAST(y0 AS INTEGER), CAST(x0 AS INTEGER), CAST(y1 AS INTEGER),"
            " CAST(x1 AS INTEGER), CAST(decided AS INTEGER), CAST(proposed AS INTEGER)"
            " FROM dismissed WHERE image_id = ?",
            image_id,
        )
        return [Dismissed(Rect(*row[:4]), row[4], row[5]) for row in rows]

    def _parts(self, query: str, *values: object) -> Iterator[list[tuple[Any, ...]]]:
        """Rows in parts, between which other threads have their turn."""
        try:
            found = self._db.execute(query, values)
            while part := found.fetchmany(_PART):
                yield part
        except sqlite3.Error as error:
            raise database.database_error(error, self._path) from error

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise database.database_error(error, self._path) from error


def _floats(values: Iterable[object]) -> npt.NDArray[np.float32]:
    """float32[n]; NaN for what is no number."""
    return np.array([v if isinstance(v, float) else np.nan for v in values], np.float32)


def _stacked(blobs: Iterable[object]) -> npt.NDArray[np.float16]:
    """float16[n, d]; zeros for what is not known, or of another length than the most."""
    found = [blob if isinstance(blob, bytes) else b"" for blob in blobs]
    lengths = [len(blob) for blob in found if 0 < len(blob) <= 2 * _WIDEST and len(blob) % 2 == 0]
    if not lengths:
        return np.zeros((len(found), 1), np.float16)
    length = int(np.bincount(lengths).argmax())
    rows = np.zeros((len(found), length // 2), np.float16)
    for row, blob in enumerate(found):  # few are known of many images
        if len(blob) == length:
            rows[row] = np.frombuffer(blob, "<f2")
    return rows
