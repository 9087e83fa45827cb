"""How soon a person has taught a network, from an empty project: by hand, or in the loop.

The simulated person of `annotator.py` works at `desk.py`; `learn.py` starts it. Three ways:

- `hand`: everything is painted, image after image; the network learns from that.
- `rootpainter`: two images from scratch; then the current revision's errors are corrected.
- `ours`: the network answers while the first image is painted; errors are corrected, the rest is
  approved, and after some strokes the person goes on to the next image, finished or not.

Whenever at least five gestures are new and an image is left, a fine-tune begins; the network is the
same. Every revision that comes to propose is scored on the images kept apart.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cnnseg_gui.core.image_table import APPROVED, NEW
from cnnseg_gui.core.revisions import CARD, WEIGHTS, Revision
from cnnseg_gui.learning.card import Card
from cnnseg_gui.learning.device import choose
from cnnseg_gui.learning.model import load
from tests.bench.annotator import AIM_S, Annotator
from tests.bench.desk import Desk
from tests.bench.pairs import Pair, read, score

WAYS = ("ours", "rootpainter", "hand")
ORDERS = ("folder", "queue")
_FROM_SCRATCH = 2  # images, in RootPainter's protocol
_NEW_GESTURES = 5  # from which on it is worth learning


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done."""

    dataset: Path
    way: str
    """One of `WAYS`."""
    order: str
    """One of `ORDERS`."""
    images: int | None
    """To work on; None: all that are not scored."""
    seconds: float
    """Of the person, at most."""
    target: float | None
    """IoU at which it ends."""
    network: str
    seed: int
    teach: float
    """Seconds of a fine-tune."""
    patience: int
    """Strokes on an image before the next one, in our way."""
    threads: int | None
    """Of the engine."""


@dataclass(frozen=True)
class Point:
    """How far it had come when a revision came to propose."""

    person: float
    """Seconds of the person."""
    machine: float
    gestures: int
    pixels: int
    images: int
    """Worked on."""
    iou: float


@dataclass(frozen=True)
class Run:
    """One person's work."""

    dataset: str
    way: str
    order: str
    network: str
    seed: int
    target: float | None
    reached: Point | None
    """Where the target was first reached; None: not within the time."""
    curve: tuple[Point, ...]


class Session:
    """A person at the desk, until the target is reached or the time is over."""

    def __init__(
        self, desk: Desk, given: Sequence[Pair], apart: Sequence[Pair], plan: Plan
    ) -> None:
        self._desk, self._apart, self._plan = desk, apart, plan
        records = desk.workspace.images()
        self._truth = {r.id: pair.truth for r, pair in zip(records, given, strict=True)}
        self._people: dict[int, Annotator] = {}
        self._classes = len(desk.workspace.project.classes) if desk.workspace.project else 0
        self._seen: list[int] = []
        self._taught_at = self._runs = 0
        self.curve: list[Point] = []

    @property
    def _over(self) -> bool:
        best = self.curve[-1].iou if self.curve else 0.0
        target = self._plan.target
        return self._desk.person > self._plan.seconds or (target is not None and best >= target)

    def work(self) -> None:
        for image_id in self._images():
            if self._over:
                return
            self._desk.show(image_id)
            self._note_revisions()
            self._correct(image_id)
            self._learn()
        while not self._over and self._desk.fine_tuning.running:
            self._desk.spend(AIM_S)
            self._note_revisions()
            self._learn()

    def _correct(self, image_id: int) -> None:
        """One image, until nothing is wrong that a person would mend, or patience ends."""
        plan, desk = self._plan, self._desk
        if image_id not in self._seen:
            self._seen.append(image_id)
        person = self._people.setdefault(image_id, Annotator(self._truth[image_id]))
        scratch = plan.way == "hand" or (
            plan.way == "rootpainter" and len(self._seen) <= _FROM_SCRATCH
        )
        patience = plan.patience if plan.way == "ours" else sys.maxsize
        for _ in range(patience):
            desk.spend(AIM_S)
            stroke = person.next_stroke(desk.look(proposals=not scratch))
            if stroke is None:
                if plan.way == "ours" and desk.proposes:
                    desk.approve()
                return
            desk.paint(stroke)
            self._note_revisions()
            if self._over:
                return

    def _learn(self) -> None:
        """Begins a fine-tune where enough is new."""
        desk = self._desk
        first = {"hand": 1, "rootpainter": _FROM_SCRATCH, "ours": 1}[self._plan.way]
        new = desk.gestures - self._taught_at
        if not desk.fine_tuning.running and len(self._seen) >= first and new >= _NEW_GESTURES:
            self._taught_at = desk.gestures
            desk.teach(seconds=self._plan.teach, seed=self._plan.seed + self._runs)
            self._runs += 1

    def _images(self) -> Iterator[int]:
        """In which order they are gone to; unfinished ones again, once all were seen."""
        desk = self._desk
        while desk.workspace.images():
            records = desk.workspace.images()
            waiting = [record.id for record in records if record.status == NEW]
            if not waiting:
                waiting = [r.id for r in records if r.status != APPROVED]
                if not waiting or self._plan.way != "ours":
                    return
                yield from waiting
                continue
            queue = desk.queue if self._plan.order == "queue" else None
            ordered = [] if queue is None else [i for i in queue.ids.tolist() if i in waiting]
            yield (ordered or waiting)[0]

    def _note_revisions(self) -> None:
        desk = self._desk
        while desk.promoted:
            revision, at = desk.promoted.pop(0)
            found = self._score(revision)
            self.curve.append(
                Point(
                    person=round(at, 1),
                    machine=round(desk.machine, 1),
                    gestures=desk.gestures,
                    pixels=desk.pixels,
                    images=len(self._seen),
                    iou=round(found, 4),
                )
            )
            print(self.curve[-1], file=sys.stderr, flush=True)

    def _score(self, revision: Revision) -> float:
        card = Card.from_json((revision.folder / CARD).read_bytes())
        model = load(revision.folder / WEIGHTS, card)
        return score(model, self._apart, self._classes, choose("cpu", threads=2))


def run(plan: Plan) -> Run:
    """Works on one data set in one way."""
    given, apart, classes = read(plan.dataset, plan.images)
    if plan.seed:
        order = np.random.default_rng(plan.seed).permutation(len(given))
        given = [given[place] for place in order]
    with tempfile.TemporaryDirectory() as scratch:
        files = []
        for number, pair in enumerate(given):
            files.append(Path(scratch) / f"{number:04}.png")
            Image.fromarray(pair.pixels).save(files[-1], compress_level=1)
        names = [f"class {number}" for number in range(classes)]
        desk = Desk(Path(scratch), files, names, network=plan.network, threads=plan.threads)
        if plan.way != "ours":
            desk.live.switch(False)
        desk.queueing.want(plan.order == "queue")
        session = Session(desk, given, apart, plan)
        try:
            session.work()
        finally:
            desk.close()
    target = plan.target
    reached = next((p for p in session.curve if target is not None and p.iou >= target), None)
    return Run(
        dataset=plan.dataset.name,
        way=plan.way,
        order=plan.order,
        network=plan.network,
        seed=plan.seed,
        target=target,
        reached=reached,
        curve=tuple(session.curve),
    )
