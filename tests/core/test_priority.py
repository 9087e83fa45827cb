"""Processes beside the window leave it the processor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cnnseg_gui.core.priority import stand_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what Linux lets one ask")


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as started:
        yield started
        started.kill()


def test_a_process_stands_back_and_still_gets_its_share(process: subprocess.Popen[bytes]) -> None:
    stand_back(process.pid)
    assert 0 < os.getpriority(os.PRIO_PROCESS, process.pid) < 10
    assert os.sched_getscheduler(process.pid) == os.SCHED_OTHER


def test_one_that_has_ended_is_no_error(process: subprocess.Popen[bytes]) -> None:
    before = os.getpriority(os.PRIO_PROCESS, os.getpid())
    process.kill()
    process.wait()
    stand_back(process.pid)
    stand_back(0)
    assert os.getpriority(os.PRIO_PROCESS, os.getpid()) == before, "0 would be this process"


@pytest.mark.parametrize("threads", [1, 64])
def test_of_few_processors_one_is_left_free_where_the_others_are_enough(threads: int) -> None:
    command = (
        "import os; from cnnseg_gui.core.priority import leave_one_free; "
        f"before = len(os.sched_getaffinity(0)); leave_one_free({threads}); "
        "print(before, len(os.sched_getaffinity(0)))"
    )
    told = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True)
    before, after = map(int, told.stdout.split())
    assert after == (before - 1 if threads < before <= 4 else before)
