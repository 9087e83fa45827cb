"""Seeded gestures, and a slow, obviously right replay of them to compare the program with."""

from __future__ import annotations

import math
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cnnseg_gui.core.class_list import ClassList
from cnnseg_gui.core.mask import UNLABELLED, Pixels
from cnnseg_gui.core.project import Project
from cnnseg_gui.editor.tools.base import ImagePoint

Covered = npt.NDArray[np.bool_]
Shape = tuple[int, int]

_KINDS = ("brush",) * 8 + ("eraser", "lasso", "box", "undo", "undo", "redo", "accept", "classes")
_MOST_CLASSES, _LAST_INDEX = 6, 200


@dataclass(frozen=True)
class Gesture:
    """What a person does next. `choice` is a number that every free choice is taken from."""

    number: int
    kind: str
    image: int
    points: tuple[ImagePoint, ...]
    diameter: float
    choice: int

    def value(self, classes: ClassList) -> int:
        """The class it paints: one of those that there are."""
        return classes.live[self.choice % len(classes.live)].index


def gestures(seed: int, images: Sequence[int], shape: Shape) -> Iterator[Gesture]:
    """Endlessly many, the same for the same seed; most stay on the image of the one before."""
    rng = np.random.default_rng(seed)
    image, number = images[0], 0
    while True:
        if rng.random() < 0.15:
            image = images[int(rng.integers(len(images)))]
        count = int(rng.integers(2, 5))
        begin = rng.uniform((-10, -10), np.add(shape, 10))
        way = np.cumsum(rng.normal(0, 30, (count, 2)), axis=0) + begin
        yield Gesture(
            number=number,
            kind=_KINDS[int(rng.integers(len(_KINDS)))],
            image=image,
            points=tuple(ImagePoint(round(y, 3), round(x, 3)) for y, x in way.tolist()),
            diameter=round(float(rng.uniform(1.5, 40)), 2) + 0.00137,
            choice=int(rng.integers(2**31)),
        )
        number += 1


def edited(classes: ClassList, gesture: Gesture) -> ClassList:
    """The list of classes after a gesture of the kind "classes"."""
    chosen = classes.live[gesture.choice % len(classes.live)].index
    name = f"class {gesture.choice}"
    known = len(classes.live) + len(classes.retired)
    what = (gesture.choice // 7) % 4
    if what == 0 and len(classes.live) < _MOST_CLASSES and known < _LAST_INDEX:
        return classes.with_added(name)
    if what in (1, 2) and len(classes.live) > 2 and chosen != 0:
        others = [cls.index for cls in classes.live if cls.index != chosen]
        into = others[gesture.choice % len(others)] if what == 1 else UNLABELLED
        return classes.without(chosen, reads_as=into)
    return classes.with_name(chosen, name)


def coverage(gesture: Gesture, shape: Shape) -> Covered:
    """bool[H, W]: the pixels whose centres a gesture covers, by its definition."""
    y, x = (axis + 0.5 for axis in np.mgrid[: shape[0], : shape[1]])
    points = gesture.points
    if gesture.kind in ("brush", "eraser"):
        return _swept(points, gesture.diameter / 2, y, x)
    if gesture.kind == "box":
        (top, bottom), (left, right) = (
            sorted((math.floor(points[0][axis]), math.floor(points[-1][axis]))) for axis in (0, 1)
        )
        framed: Covered = (top < y) & (bottom + 1 > y) & (left < x) & (right + 1 > x)
        return framed
    inside = np.zeros(shape, np.bool_)
    for (y0, x0), (y1, x1) in zip(points, [*points[1:], points[0]], strict=True):
        if y0 != y1:
            crossed = (min(y0, y1) <= y) & (max(y0, y1) > y)
            inside ^= crossed & (x0 + (y - y0) * ((x1 - x0) / (y1 - y0)) <= x)
    return inside


def _swept(
    points: Sequence[ImagePoint],
    radius: float,
    y: npt.NDArray[np.float64],
    x: npt.NDArray[np.float64],
) -> Covered:
    covered = np.zeros(y.shape, np.bool_)
    for begin, end in zip([points[0], *points[:-1]], points, strict=True):
        dy, dx = end.y - begin.y, end.x - begin.x
        length = dy * dy + dx * dx
        along = ((y - begin.y) * dy + (x - begin.x) * dx) / length if length else np.zeros_like(y)
        along = np.clip(along, 0, 1)
        covered |= np.hypot(y - begin.y - along * dy, x - begin.x - along * dx) <= radius
        for place in (begin, end):
            row, column = math.floor(place.y), math.floor(place.x)
            if 0 <= row < y.shape[0] and 0 <= column < y.shape[1]:
                covered[row, column] = True
    return covered


@dataclass(frozen=True)
class _Step:
    """Whole masks before and after, as places in the shelf; with no image, lists of classes."""

    image: int | None
    before: int | ClassList
    after: int | ClassList
    undone: bool = False


class _Shelf:
    """Masks in a file: a replay of hours takes no memory where memory is measured."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lasts as long as the shelf

    def put(self, values: Pixels) -> int:
        """Returns its place."""
        data = zlib.compress(values.tobytes(), 1)
        place = self._file.seek(0, os.SEEK_END)
        self._file.write(len(data).to_bytes(4, "little") + data)
        return place

    def get(self, place: int, shape: Shape) -> Pixels:
        self._file.seek(place)
        data = self._file.read(int.from_bytes(self._file.read(4), "little"))
        return np.frombuffer(zlib.decompress(data), np.uint8).reshape(shape)

    def __del__(self) -> None:
        self._file.close()


class Replay:
    """Whole arrays and one list of steps.

    Args:
        shapes: height and width of each image, by its number.
        proposed: what is proposed for each image, uint8[H, W].
    """

    def __init__(
        self, shapes: Mapping[int, Shape], proposed: Mapping[int, Pixels], classes: ClassList
    ) -> None:
        self.shapes, self.proposed, self.classes = dict(shapes), dict(proposed), classes
        self.stored: dict[int, Pixels] = {
            image: np.full(shape, UNLABELLED, np.uint8) for image, shape in shapes.items()
        }
        self.steps: list[_Step] = []
        self._shelf = _Shelf()

    def copy(self) -> Replay:
        """One that goes its own way from here; arrays are never written in place."""
        other = Replay(self.shapes, self.proposed, self.classes)
        other.stored, other.steps = dict(self.stored), list(self.steps)
        other._shelf = self._shelf
        return other

    def read(self, image: int) -> Pixels:
        """The mask as it reads with the classes of now."""
        table = self.classes.meaning
        result: Pixels = table[self.stored[image]]
        return result

    def perform(self, gesture: Gesture) -> None:
        if gesture.kind in ("undo", "redo"):
            self.travel(gesture.image, back=gesture.kind == "undo")
        elif gesture.kind == "classes":
            self.edit(edited(self.classes, gesture))
        elif gesture.kind == "accept":
            self.accept(gesture.image, self.proposed[gesture.image])
        else:
            covered = coverage(gesture, self.shapes[gesture.image])
            erases = gesture.kind == "eraser"
            self.paint(
                gesture.image, covered, UNLABELLED if erases else gesture.value(self.classes)
            )

    def paint(self, image: int, covered: Covered, value: int) -> None:
        self._change(image, np.where(covered, np.uint8(value), self.stored[image]))

    def accept(self, image: int, proposed: Pixels) -> None:
        undecided = (self.read(image) == UNLABELLED) & (proposed != UNLABELLED)
        accepted = self.classes.accepted_as[proposed]
        self._change(image, np.where(undecided, accepted, self.stored[image]))

    def edit(self, after: ClassList) -> None:
        after = after.with_accepted_values()
        self.steps = [s for s in self.steps if not (s.undone and s.image is None)]
        self.steps.append(_Step(None, self.classes, after))
        self.classes = after

    def travel(self, image: int, *, back: bool) -> bool:
        """Undo or redo as a person on this image sees it; False where there is nothing to do."""
        places = [
            place
            for place, step in enumerate(self.steps)
            if step.image in (image, None) and step.undone != back
        ]
        if not places:
            return False
        place = places[-1] if back else places[0]
        if back and self._would_lose(self.steps[place]):
            places = [place for place in places if self.steps[place].image == image]
            if not places:
                return False
            place = places[-1]
        step = self.steps[place]
        self.steps[place] = replace(step, undone=back)
        target = step.before if back else step.after
        if isinstance(target, ClassList):
            self.classes = target.retiring_unknown(self.classes).with_accepted_values()
        else:
            self.stored[image] = self._shelf.get(target, self.shapes[image])
        return True

    def _would_lose(self, step: _Step) -> bool:
        """Whether a class that some image is painted with would go with this step."""
        if not isinstance(step.before, ClassList):
            return False
        left = {cls.index for cls in step.before.live}
        gone = [cls.index for cls in self.classes.live if cls.index not in left]
        return any(np.isin(self.read(image), gone).any() for image in self.stored)

    def history(self, image: int) -> list[tuple[bool, bool]]:
        """(undone, of the classes) of each step, oldest first."""
        mine = [step for step in self.steps if step.image in (image, None)]
        return [(step.undone, step.image is None) for step in mine]

    def _change(self, image: int, after: Pixels) -> None:
        before = self.stored[image]
        if not np.array_equal(before, after):
            self.steps = [s for s in self.steps if not (s.undone and s.image in (image, None))]
            self.steps.append(_Step(image, self._shelf.put(before), self._shelf.put(after)))
            self.stored[image] = after


def differences(project: Project, replay: Replay) -> list[str]:
    """In what a project is not as the replay says: pixels, counts, classes, history."""
    found = []
    kept = project.class_list
    same_retired = set(kept.retired) == set(replay.classes.retired)  # stored without an order
    if kept.live != replay.classes.live or not same_retired:
        found.append("the classes")
    for image in replay.stored:
        mask = project.load_mask(image)
        stored = mask.read_stored(mask.bounds)
        other = np.argwhere(stored != replay.stored[image])
        if len(other):
            y, x = other[0]
            found.append(
                f"the stored values of image {image} in {len(other)} pixels, the first at"
                f" {y}, {x}: {stored[y, x]}, replayed {replay.stored[image][y, x]}"
            )
        read = replay.read(image)
        if not np.array_equal(mask.to_array(), read):
            found.append(f"the mask of image {image}")
        counts = np.bincount(read.ravel(), minlength=256)
        counts[UNLABELLED] = 0
        if project.image(image).decided != {int(k): int(counts[k]) for k in np.flatnonzero(counts)}:
            found.append(f"the counts of image {image}")
        history = [(entry.undone, entry.of_classes) for entry in project.history(image)]
        if history != replay.history(image)[-1000:]:
            found.append(f"the history of image {image}")
    return found


def undo_differences(project: Project, replay: Replay, *, steps: int) -> list[str]:
    """As `differences`, after each of so many undos on every image and the redos after them."""
    found, replay = list[str](), replay.copy()
    for image in replay.stored:
        mask = project.load_mask(image)
        for back in (True,) * steps + (False,) * steps:
            done = (project.undo if back else project.redo)(mask) is not None
            if replay.travel(image, back=back) != done:
                found.append(f"what can be {'undone' if back else 'redone'} on image {image}")
        found += differences(project, replay)
    return found
