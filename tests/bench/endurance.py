"""Never lose a stroke, shown at length: kills, faults at every change, and hours of work.

    python tests/bench/endurance.py kills [--count 200] [--seed 0] [--json]
    python tests/bench/endurance.py faults [--json]
    python tests/bench/endurance.py cancels [--count 200] [--seed 0] [--json]
    python tests/bench/endurance.py work [--minutes 10] [--seed 0] [--json]

`kills` ends a painting process with SIGKILL at random moments and compares the project with an
independent replay of what it had finished. `faults` lets every operation on a project fail, be
killed or meet a full disk at every one of its changes of a file, and makes the files that a power
cut may leave. `cancels` ends fine-tunes of a real engine at random moments. `work` lets a seeded
person paint, switch, teach, cancel, accept, undo and export in the real window while the engine is
killed every 20 s; the window's memory may grow by 5 % after the first quarter. The exit code is 1
where something was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from tests.core.fault_operations import OPERATIONS
from tests.core.fault_shim import Fault
from tests.core.killing import kill_repeatedly

_ROOT = Path(__file__).parents[2]
_MAY_GROW, _WARM_AFTER_MINUTES = 0.05, 1.0
Result = dict[str, object]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["kills", "faults", "cancels", "work"])
    parser.add_argument("--count", type=int, default=200, help="of kills or cancels")
    parser.add_argument("--minutes", type=float, default=10, help="of work")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        if options.what == "kills":
            result = kills(Path(scratch), count=options.count, seed=options.seed)
        elif options.what == "faults":
            result = faults(Path(scratch))
        elif options.what == "cancels":
            result = cancels(count=options.count, seed=options.seed)
        else:
            result = work(Path(scratch), minutes=options.minutes, seed=options.seed)
    result["seconds"] = round(time.monotonic() - began, 1)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        for key, value in result.items():
            print(f"{key}: {value}")
    return 0 if result["passed"] else 1


def kills(scratch: Path, *, count: int, seed: int) -> Result:
    """Kills so many painters."""
    tally = kill_repeatedly(scratch, count=count, seed=seed)
    return {
        "passed": not tally.faults and tally.kills == count,
        "kills": tally.kills,
        "lost": len(tally.lost),
        "unopened": len(tally.unopened),
        "broken_mirrors": len(tally.broken_mirrors),
        "temporaries_kept": len(tally.temporaries_kept),
        "gestures": tally.gestures,
        "under_way_kept": tally.under_way_kept,
        "killed_while_opening": tally.killed_while_opening,
        "details": tally.faults,
    }


def faults(scratch: Path) -> Result:
    """Every operation with every fault at every change, and all images of a power cut."""
    tried = 0
    by_operation: dict[str, int] = {}
    problems: list[str] = []
    for operation in OPERATIONS:
        for number, fault in enumerate(Fault):
            place = scratch / f"{len(by_operation)}-{number}"
            found = _helper("fault_process", place, operation, fault)
            tried += found["changes"]
            problems += [f"{operation}: {problem}" for problem in found["problems"]]
            by_operation[operation] = found["changes"]
    images = _helper("crash_images", scratch / "images")
    return {
        "passed": not problems and not images["problems"],
        "faults": tried,
        "changes": by_operation,
        "problems": problems,
        "power_cuts": images,
    }


def cancels(*, count: int, seed: int) -> Result:
    """Cancels so many fine-tunes."""
    from tests.bench.cancelling import cancel_repeatedly

    found = cancel_repeatedly(count=count, seed=seed)
    return {
        "passed": found.works_on and not found.others and len(found.waited) == count,
        "cancelled": found.cancelled,
        "had_ended_before": found.ended_before,
        "other_ends": found.others,
        "waited_s_p50": round(float(np.median(found.waited)), 3),
        "waited_s_max": round(max(found.waited), 3),
        "works_on": found.works_on,
    }


def _helper(module: str, place: Path, *arguments: str) -> dict[str, Any]:
    place.mkdir()
    command = [sys.executable, "-m", f"tests.core.{module}", str(place), *arguments]
    ended = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def work(scratch: Path, *, minutes: float, seed: int) -> Result:
    """Simulated work in the real window."""
    from tests.bench.working import Work

    person = Work(scratch, seed=seed)
    person.go_on(60 * minutes)
    person.end()
    found = person.findings
    early, late = (resident_mb(found.memory_mb, *part) for part in ((0.2, 0.3), (0.9, 1.0)))
    growth = late / early - 1
    judged = minutes / 4 >= _WARM_AFTER_MINUTES  # a shorter run is all warming up
    sound = not (found.unexpected or found.unseen or found.differences)
    return {
        "passed": sound and (growth <= _MAY_GROW or not judged),
        "memory_judged": judged,
        "memory_mb_at_a_quarter": round(early, 1),
        "memory_mb_at_the_end": round(late, 1),
        "memory_growth": round(growth, 4),
        "memory_mb_by_tenth": [
            round(resident_mb(found.memory_mb, tenth / 10, (tenth + 1) / 10)) for tenth in range(10)
        ],
        "actions": dict(found.actions),
        "engine_kills": found.engine_kills,
        "engine_left_alone": found.engine_left_alone,
        "fine_tunes": dict(found.outcomes),
        "exports_equal": found.exports_equal,
        "said_as_expected": dict(found.expected),
        "unexpected": found.unexpected,
        "unseen": found.unseen,
        "differences": found.differences,
    }


def resident_mb(samples: list[tuple[float, float]], first: float, last: float) -> float:
    """The median resident size in a part of the time, in MB."""
    return float(np.median([mb for share, mb in samples if first <= share <= last]))


if __name__ == "__main__":
    sys.exit(main())
