"""The log on disk: what is in it, how large it grows, and what a crash leaves behind."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.core.log_files import LogFiles, last_crash, last_lines, take_crash
from cnnseg_gui.core.report import Findings, report_text, shortened
from cnnseg_gui.core.uncaught import uncaught_logged

_START = """
import logging, sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from cnnseg_gui.core.log_files import LogFiles
logging.getLogger("cnnseg").setLevel(logging.INFO)
files = LogFiles(Path(sys.argv[1]))
files.open(first_lines="CNNSeg 9")
log = logging.getLogger("cnnseg")
"""


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """A start of the program, in a process of its own: it alone may crash."""
    return subprocess.run(
        [sys.executable, "-c", _START + code, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def quiet() -> Iterator[logging.Logger]:
    logger = logging.getLogger("cnnseg")
    level = logger.level
    logger.setLevel(logging.INFO)
    yield logger
    logger.setLevel(level)


def test_a_start_begins_with_its_versions_and_holds_every_script(tmp_path: Path) -> None:
    done = run(tmp_path, 'log.info("masks/Zellkörper-細胞-\\udcff.png")\nfiles.close()')
    assert done.returncode == 0, done.stderr
    (log,) = tmp_path.iterdir()
    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith("CNNSeg 9")
    assert lines[1].endswith("masks/Zellkörper-細胞-\\udcff.png")


def test_a_log_is_five_parts_of_a_megabyte_at_most_and_ends_with_the_newest(tmp_path: Path) -> None:
    done = run(tmp_path, 'for n in range(8000): log.info("%d %s", n, "x" * 1000)\nfiles.close()')
    assert done.returncode == 0, done.stderr
    parts = list(tmp_path.glob("*.log*"))
    assert len(parts) == 5
    assert all(part.stat().st_size <= 1_000_000 for part in parts)
    (log,) = tmp_path.glob("*.log")
    numbers = [int(line.split()[4]) for line in last_lines(log, 900)]
    assert numbers == list(range(7100, 8000))


def test_two_windows_at_once_keep_every_line_of_both(tmp_path: Path) -> None:
    code = 'for n in range(2500): log.info("%d %s", n, "x" * 1000)\nfiles.close()'
    both = [
        subprocess.Popen([sys.executable, "-c", _START + code, str(tmp_path)]) for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    logs = [path for path in tmp_path.iterdir() if path.suffix == ".log"]
    assert len(logs) == 2
    for log in logs:
        assert [int(line.split()[4]) for line in last_lines(log, 900)] == list(range(1600, 2500))


def test_only_the_newest_ten_logs_stay_and_those_in_use(tmp_path: Path) -> None:
    dead = _a_dead_process()
    for number in range(30):
        old = tmp_path / f"20200101-0000{number:02}-{dead}.log"
        old.write_text("old")
        os.utime(old, (number, number))
    mine = tmp_path / f"20190101-000000-{os.getpid()}.log"
    mine.write_text("this process's")
    os.utime(mine, (0, 0))
    (tmp_path / "notes.txt").write_text("a person's")
    assert run(tmp_path, "files.close()").returncode == 0
    left = {path.name for path in tmp_path.iterdir()}
    newest = {f"20200101-0000{number:02}-{dead}.log" for number in range(20, 30)}
    assert newest < left
    assert left - newest >= {mine.name, "notes.txt"}
    assert len(left) == 13


def test_a_folder_that_cannot_be_made_costs_the_log_and_nothing_else(
    tmp_path: Path, quiet: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    files = LogFiles(tmp_path / "file" / "logs")
    files.open()
    quiet.info("still here")
    files.close()
    assert "no log is kept" in caplog.text
    assert files.last_lines(5) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_ends_the_log_and_not_the_program(tmp_path: Path) -> None:
    code = """
files._handler.stream.close()
files._handler.stream = open("/dev/full", "w")
log.info("lost")
print("alive")
"""
    done = run(tmp_path, code)
    assert done.returncode == 0
    assert done.stdout == "alive\n"
    assert "Logging error" not in done.stderr


# ---------------------------------------------------------------------- crashes


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_is_offered_once_with_the_stacks_and_the_log_before_it(tmp_path: Path) -> None:
    done = run(
        tmp_path, 'log.info("opened cells.tif")\nimport faulthandler; faulthandler._sigsegv()'
    )
    assert done.returncode == -signal.SIGSEGV
    crash = take_crash(tmp_path)
    assert crash is not None
    assert "Segmentation fault" in crash.stacks
    assert "most recent call first" in crash.stacks
    assert "opened cells.tif" in last_lines(crash.log, 1)[0]
    assert take_crash(tmp_path) is None
    assert last_crash(tmp_path) == crash


def test_an_ordinary_end_leaves_nothing_to_offer(tmp_path: Path) -> None:
    assert run(tmp_path, "files.close()").returncode == 0
    assert run(tmp_path, "import os; os._exit(3)").returncode == 3  # killed: no stacks, no offer
    assert run(tmp_path, "raise ZeroDivisionError").returncode == 1
    assert take_crash(tmp_path) is None
    assert last_crash(tmp_path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be moved there")
def test_the_crash_file_of_a_program_that_runs_is_let_alone(tmp_path: Path) -> None:
    (tmp_path / f"20260101-000000-{os.getpid()}.crash").write_text("written, and survived")
    assert take_crash(tmp_path) is None


# ---------------------------------------------------------------------- uncaught


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_caught_is_told_from_every_thread() -> None:
    told: list[BaseException] = []

    def fail() -> None:
        raise LookupError("in a thread")

    def leave() -> None:
        raise SystemExit

    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    with uncaught_logged(told.append):
        error = ValueError("in the window")
        sys.excepthook(ValueError, error, None)
        for target in (fail, leave):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    assert told[0] is error
    assert [type(one) for one in told] == [ValueError, LookupError]
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before


def test_what_cannot_be_raised_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Fragile:
        def __del__(self) -> None:
            raise OSError("in a finaliser")

    with uncaught_logged(lambda error: None):
        fragile = Fragile()
        del fragile
    assert "in a finaliser" in caplog.text


# ---------------------------------------------------------------------- the report


def test_a_report_says_all_and_shortens_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "ann"
    log = [f"line {n}: {home}/photos/a.png is truncated" for n in range(300)]
    text = report_text(Findings("CNNSeg 9", "CPU", log, f"{home}/engine failed"), home=home)
    assert text.startswith("CNNSeg 9\nengine: CPU\n")
    assert "line 299: ~/photos/a.png is truncated" in text
    assert "line 100:" in text
    assert "line 99:" not in text
    assert "~/engine failed" in text
    assert str(home) not in text


@pytest.mark.parametrize(
    ("home", "text", "short"),
    [
        ("/home/ann", "/home/ann/x /home/anna/x /home/ann", "~/x /home/anna/x ~"),
        ("/home/ann", "/home/ann-b/x (/home/ann) /home/ann.", "/home/ann-b/x (~) ~."),
        ("/", "/etc/x", "/etc/x"),
        (r"C:\Users\Ann", r"c:\users\ann\x C:/Users/Ann/x 'C:\\Users\\Ann\\x'", r"~\x ~/x '~\\x'"),
    ],
)
def test_the_home_folder_is_shortened_however_it_is_written(
    home: str, text: str, short: str
) -> None:
    pure = (PureWindowsPath if "\\" in home else PurePosixPath)(home)
    assert shortened(text, pure) == short


@given(st.text(st.characters(), max_size=200))
def test_a_report_of_any_text_can_be_copied(log: str) -> None:
    text = report_text(Findings("CNNSeg 9", "", [log], ""), home=Path("/home/ann"))
    text.encode("utf-8")


def _a_dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(30)
    return process.pid
