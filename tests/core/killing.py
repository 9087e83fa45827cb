"""Kills a painter again and again and compares the project with a replay of what it had finished.

A gesture whose end the painter has said must be there; the one that was under way may be there,
wholly, or not.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from cnnseg_gui.core import mirror
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_table import probe
from cnnseg_gui.core.mask_io import read_mask
from cnnseg_gui.core.project import Project
from tests.core.painter_process import SHAPE, proposal
from tests.core.replay import Gesture, Replay, differences, gestures, undo_differences

_ROOT = Path(__file__).parents[2]
_KILLED_WHILE_OPENING = 0.1  # of all
_LONGEST_WORK_S = 0.35
_IMAGES = 3


@dataclass
class Tally:
    """What the kills have shown."""

    kills: int = 0
    gestures: int = 0
    under_way_kept: int = 0
    killed_while_opening: int = 0
    lost: list[str] = field(default_factory=list)
    unopened: list[str] = field(default_factory=list)
    broken_mirrors: list[str] = field(default_factory=list)
    temporaries_kept: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return self.lost + self.unopened + self.broken_mirrors + self.temporaries_kept


def kill_repeatedly(scratch: Path, *, count: int, seed: int) -> Tally:
    """Starts, kills and checks so many painters, one after the other on one project.

    Args:
        scratch: an empty folder.
    """
    folder, tally = make_project(scratch), Tally()
    with_project = Project.open(folder)
    images = [record.id for record in with_project.images()]
    replay = Replay(
        dict.fromkeys(images, SHAPE), {i: proposal(i) for i in images}, with_project.class_list
    )
    with_project.close()
    rng = np.random.default_rng(seed)
    waiting = _start(folder, seed)
    for turn in range(count):
        painter, waiting = waiting, _start(folder, seed + turn + 1)
        finished = _killed(painter, rng, tally)
        done = list(islice(gestures(seed + turn, images, SHAPE), finished + 1))
        for gesture in done[:finished]:
            replay.perform(gesture)
        tally.gestures += finished
        _check(scratch, folder, replay, done[finished], tally, f"kill {turn} (seed {seed})")
        if tally.faults:
            break  # what comes after it would only repeat it
    waiting.kill()
    waiting.communicate()
    return tally


def make_project(scratch: Path) -> Path:
    """A project of three small images, each beyond one mask tile."""
    rng = np.random.default_rng(0)
    project = Project.create(scratch / "project", ("background", "cell", "debris"))
    for number in range(_IMAGES):
        path = scratch / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (*SHAPE, 3), np.uint8)).save(path)
        project.add_images([probe(path)])
    project.close()
    return scratch / "project"


def _start(folder: Path, seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.core.painter_process", str(folder), str(seed)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _killed(painter: subprocess.Popen[str], rng: np.random.Generator, tally: Tally) -> int:
    """Lets it work for a random time, kills it, and says how many gestures it has finished."""
    assert painter.stdin is not None
    assert painter.stdout is not None
    painter.stdin.write("\n")
    painter.stdin.flush()
    first = ""
    if rng.random() < _KILLED_WHILE_OPENING:
        time.sleep(rng.uniform(0, 0.03))
    else:
        first = painter.stdout.readline()
        time.sleep(rng.uniform(0, _LONGEST_WORK_S))
    died = painter.poll()
    painter.kill()
    rest, _ = painter.communicate(timeout=30)
    lines = (first + rest).splitlines()
    tally.kills += 1
    tally.killed_while_opening += not lines
    if died is not None:
        tally.lost.append(f"a painter ended by itself ({died}) after {lines[-1:]}")
    if lines:
        tally.temporaries_kept += lines[0].split()[1:]
    return max(len(lines) - 1, 0)


def _check(
    scratch: Path, folder: Path, replay: Replay, under_way: Gesture, tally: Tally, where: str
) -> None:
    """Looks at a copy, so that the next painter finds what the killed one has left."""
    copy = scratch / "copy"
    shutil.copytree(folder, copy)
    try:
        project = Project.open(copy)
        try:
            found = differences(project, replay)
            if found:
                replay.perform(under_way)
                tally.under_way_kept += 1
                if differences(project, replay):
                    tally.lost.append(f"{where}, {under_way.kind} under way: {found}")
            undone = undo_differences(project, replay, steps=3)
            if undone:
                tally.lost.append(f"{where}, after undo: {sorted(set(undone))}")
        finally:
            project.close()
    except UserError as error:
        tally.unopened.append(f"{where}: {error}")
    for mask in (copy / "masks").glob("[!.]*"):
        try:
            if mask.name == mirror.PROJECT:
                msgspec.json.decode(mask.read_bytes(), type=mirror.MirroredProject)
            elif mask.name != mirror.IMAGES:
                read_mask(mask)
        except (UserError, OSError, ValueError) as error:
            tally.broken_mirrors.append(f"{where}: {mask.name}: {error}")
    shutil.rmtree(copy)
