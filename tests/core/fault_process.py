"""Lets an operation on a project fail at each change that it makes to files, one after the other.

    python -m tests.core.fault_process SCRATCH OPERATION FAULT

A process of its own, because it forks for each try: the child performs the operation with a
`FaultShim`, the parent looks at what is left. Prints one line of JSON: how many changes there are,
what they are, how often the old and the new state were found, and every problem.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from cnnseg_gui.core.errors import UserError
from tests.core.fault_operations import OPERATIONS, Operation, left_behind, make_base, state
from tests.core.fault_shim import Fault, FaultShim

_REFUSED, _DEFECT = 10, 11
_MOST = 400


def main() -> None:
    scratch, operation = Path(sys.argv[1]), OPERATIONS[sys.argv[2]]
    report = Report(scratch, operation, Fault(sys.argv[3]))
    report.try_all()
    print(json.dumps(report.result()))


class Report:
    """Tries one operation with one fault at every change."""

    def __init__(self, scratch: Path, operation: Operation, fault: Fault) -> None:
        self._scratch, self._operation, self._fault = scratch, operation, fault
        self._base = make_base(scratch / "base", operation)
        self._old = state(self._base)
        self._problems: list[str] = []
        self._changes: list[str] = []
        self._found: Counter[str] = Counter()
        self._new = self._untroubled()

    def result(self) -> dict[str, object]:
        return {
            "changes": len(self._changes),
            "kinds": sorted(set(self._changes)),
            "found": dict(self._found),
            "problems": self._problems,
        }

    def try_all(self) -> None:
        for at in range(len(self._changes)):
            folder = self._copy()
            status, said = self._forked(folder, at)
            try:
                self._look(folder, at, status, said)
            except Exception as error:  # noqa: BLE001 - the other tries are looked at all the same
                self._problem(at, f"looking at it: {type(error).__name__}: {error}")
            shutil.rmtree(folder)

    def _untroubled(self) -> object:
        """The state after the operation; the changes it makes are counted on the way."""
        folder = self._copy()
        status, said = self._forked(folder, -1)
        assert status == 0, said
        self._changes = json.loads(said)
        assert 0 < len(self._changes) < _MOST
        new = state(folder)
        shutil.rmtree(folder)
        return new

    def _copy(self) -> Path:
        folder = self._scratch / "tried"
        if self._base.exists():
            shutil.copytree(self._base, folder)
        return folder

    def _forked(self, folder: Path, at: int) -> tuple[int, str]:
        """The child's exit code (negative: the signal), and what it has to say."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            code, said = _performed(folder, self._operation, self._fault, at)
            os.write(writing, said.encode()[-8000:])
            os._exit(code)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), said

    def _look(self, folder: Path, at: int, status: int, said: str) -> None:
        killed = self._fault in (Fault.KILLED, Fault.TORN)
        if (status != -signal.SIGKILL) if killed else (status not in (0, _REFUSED)):
            self._problem(at, f"ended with {status}: {said}")
        found = self._state(folder)
        name = {repr(self._old): "old", repr(self._new): "new"}.get(repr(found), "neither")
        self._found[name] += 1
        if name == "neither":
            self._problem(at, f"neither the old nor the new state: {found}")
        if status == 0 and name == "old":
            self._problem(at, "it said that it was done, and was not")
        if self._fault not in (Fault.FULL, Fault.FULL_ONCE):  # there the program goes on and tidies
            self._operation.sweep(folder)
        left = left_behind(folder, self._base)
        if left:
            self._problem(at, f"left behind: {left}")
        if name == "old":
            self._operation.perform(folder, lambda act: act())
            if repr(state(folder)) != repr(self._new):
                self._problem(at, "done again it does not lead to the new state")

    def _state(self, folder: Path) -> object:
        """Of what was to be made, a file that is no project yet is as good as none."""
        try:
            return state(folder)
        except UserError:
            if not self._operation.makes:
                raise
            return self._old

    def _problem(self, at: int, what: str) -> None:
        self._problems.append(f"change {at} ({self._changes[at]}), {self._fault}: {what}")


def _performed(folder: Path, operation: Operation, fault: Fault, at: int) -> tuple[int, str]:
    """In the child: the exit code, and the changes that were made or the traceback."""
    try:
        shim = FaultShim(fault, at)

        def attempt(act: Callable[[], object]) -> object:
            try:
                return act()
            except UserError:
                if fault == Fault.FULL:
                    raise
                shim.over = True
                return act()

        try:
            operation.perform(folder, attempt)
        except UserError as error:
            shim.over = True
            return _REFUSED, str(error)
        return 0, json.dumps(shim.changes)
    except BaseException:  # noqa: BLE001 - nothing may leave a forked child
        return _DEFECT, traceback.format_exc()


if __name__ == "__main__":
    main()
