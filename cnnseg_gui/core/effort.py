"""What each image has cost a person: seconds, gestures and pixels, added up gesture by gesture.

The journal forgets its oldest steps; this does not. What a batch accepts is nobody's time: of its
steps the pixels alone are counted.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnseg_gui.core import database
from cnnseg_gui.core.class_list import AcceptedValue
from cnnseg_gui.core.patch import Patch

PAUSE_S = 60.0
"""A longer time between two gestures is no work on the second one's image."""

_COMPARED = 2  # images at either end, at least
_ACCEPTS = "Accept "  # what the names of gestures begin with that take proposals over
_OF_BATCH = re.compile(r"Accept above \d+%")  # as `batch_step` calls them
_IMPORTS = "Import"  # masks that were made elsewhere: nobody's work here


@dataclass(frozen=True)
class ImageEffort:
    """What one image has cost."""

    image_id: int
    seconds: float
    """From gesture to gesture, the one before on another image included."""
    gestures: int
    """0: only a batch has worked on it."""
    painted: int
    """Pixels that gestures changed, each time they did."""
    accepted: int
    """Pixels taken over from proposals."""
    first: float
    """Unix time of its first gesture; without one, of a batch's first step."""

    @property
    def corrected(self) -> float:
        """The share of what was changed that a person changed, 0…1."""
        total = self.painted + self.accepted
        return self.painted / total if total else 0.0


class EffortTable:
    """The table of efforts; `note` is used inside the project's transactions."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    def note(
        self,
        image_id: int,
        gestures: Sequence[tuple[Patch, str]],
        now: float,
        accepted_values: Sequence[AcceptedValue],
    ) -> None:
        """Adds gestures of this moment to what the image has cost.

        Args:
            accepted_values: pixels that were such and are painted as the same class stay right.

        Raises:
            sqlite3.Error: they could not be stored.
        """
        done = [(patch, name) for patch, name in gestures if not name.startswith(_IMPORTS)]
        if not done:
            return
        by_hand = sum(_OF_BATCH.fullmatch(name) is None for _, name in done)
        accepted = painted = 0
        for patch, name in done:
            if name.startswith(_ACCEPTS):
                accepted += patch.changed_pixels()
            else:
                painted += patch.changed_pixels() - _confirmed(patch, accepted_values)
        seconds = self._since_last(now) if by_hand else 0.0
        self._db.execute(
            "INSERT INTO effort VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " first = CASE WHEN gestures = 0 AND excluded.gestures THEN excluded.first"
            " ELSE first END,"
            " last = CASE WHEN excluded.gestures THEN excluded.last ELSE last END,"
            " seconds = seconds + excluded.seconds, gestures = gestures + excluded.gestures,"
            " painted = painted + excluded.painted, accepted = accepted + excluded.accepted",
            (image_id, seconds, by_hand, painted, accepted, now, now if by_hand else 0.0),
        )

    def _since_last(self, now: float) -> float:
        """Seconds since the gesture before, on whichever image; 0 after a pause."""
        (last,) = self._db.execute("SELECT MAX(last) FROM effort").fetchone()
        gap = now - last if isinstance(last, float) else 0.0
        return gap if 0 <= gap <= PAUSE_S else 0.0

    def all(self) -> list[ImageEffort]:
        """Of all images that were worked on, in the order of their first gestures.

        Raises:
            UserError: the database cannot be used.
        """
        query = (
            "SELECT image_id, CAST(seconds AS REAL), CAST(gestures AS INTEGER),"
            " CAST(painted AS INTEGER), CAST(accepted AS INTEGER), CAST(first AS REAL)"
            " FROM effort ORDER BY first, image_id"
        )
        try:
            return [ImageEffort(*row) for row in self._db.execute(query)]
        except sqlite3.Error as error:
            raise database.database_error(error, self._path) from error


def batch_step(above: float) -> str:
    """What a batch's step is called that accepts what is at least so sure, 0…1."""
    return f"Accept above {above:.0%}"


def worked_on(efforts: Sequence[ImageEffort]) -> list[ImageEffort]:
    """Those that a person has spent time on, and not a batch alone."""
    return [effort for effort in efforts if effort.gestures]


def in_words(efforts: Sequence[ImageEffort]) -> str:
    """What all images have cost, and whether the newer ones cost less, in one line.

    Args:
        efforts: in the order in which the images were begun; of a batch's nothing is said.
    """
    efforts = worked_on(efforts)
    if not efforts:
        return "nothing was painted yet"
    seconds, gestures = sum(e.seconds for e in efforts), sum(e.gestures for e in efforts)
    noun = "image" if len(efforts) == 1 else "images"
    line = f"{len(efforts)} {noun}, {_duration(seconds)}, {gestures} gestures"
    half = min(5, len(efforts) // 2)
    if half < _COMPARED:
        return line
    first, last = (_mean_seconds(part) for part in (efforts[:half], efforts[-half:]))
    return f"{line}; the first {half} took {_duration(first)} each, the last {_duration(last)}"


def _confirmed(patch: Patch, accepted_values: Sequence[AcceptedValue]) -> int:
    """Accepted pixels that a gesture painted as what they were."""
    change = patch.count_change()
    return sum(
        int(min(max(-change[entry.value], 0), max(change[entry.index], 0)))
        for entry in accepted_values
    )


def _mean_seconds(efforts: Sequence[ImageEffort]) -> float:
    return sum(effort.seconds for effort in efforts) / len(efforts)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
