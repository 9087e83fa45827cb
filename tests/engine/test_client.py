"""The engine as the window has it: signals, crashes, restarts, and a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pipe_window import picture, save
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.mask import Mask
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine.client import EngineClient, State, local_command
from cnnseg_gui.engine.messages import (
    Failed,
    Proposed,
    ProposedTile,
    Ready,
    Trained,
    TrainProgress,
)
from cnnseg_gui.engine.packing import PackedImage

PATIENCE_MS = 60_000
CLASSES = ("background", "object")
MODEL = "new:unet?width=8"
WHOLE = Rect(0, 0, 200, 200)


class Images:
    """The window's side: which file has which hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths: dict[str, Path] = {}

    def add(self, height: int = 200, width: int = 200) -> str:
        path = self.folder / f"{len(self.paths)}.png"
        key = save(path, picture(height, width, seed=len(self.paths)))
        self.paths[key] = path
        return key

    def __call__(self, key: str) -> Path:
        if key not in self.paths:
            raise UserError("no image has this content", path=key, remedy="Add it again.")
        return self.paths[key]


class Heard:
    """Everything a client said, in order, as (signal, arguments)."""

    def __init__(self, client: EngineClient) -> None:
        self.said: list[tuple[str, tuple[object, ...]]] = []
        for name in (
            "ready",
            "tile_proposed",
            "proposed",
            "progressed",
            "trained",
            "cancelled",
            "failed",
            "crashed",
            "state_changed",
        ):
            getattr(client, name).connect(
                lambda *values, name=name: self.said.append((name, values))
            )

    def __getitem__(self, name: str) -> list[tuple[object, ...]]:
        return [values for said, values in self.said if said == name]

    def ends(self, request: int) -> list[str]:
        """The signals that ended a request: exactly one, sooner or later."""
        return [
            name
            for name, values in self.said
            if name in ("proposed", "trained", "cancelled", "failed")
            and (values[0] if name == "cancelled" else getattr(values[0], "request", None))
            == request
        ]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    return Images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def client(qapp: QCoreApplication, images: Images) -> Iterator[EngineClient]:
    """One engine for most tests here."""
    running = EngineClient(images, command=local_command(device="cpu", threads=1))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def heard(client: EngineClient) -> Heard:
    return Heard(client)


@pytest.fixture
def lone(qapp: QCoreApplication, images: Images) -> Iterator[EngineClient]:
    """A client of its own, not started."""
    own = EngineClient(images, command=local_command(device="cpu", threads=1))
    yield own
    own.stop()


def propose(client: EngineClient, image: str) -> int:
    return client.propose(image=image, model=MODEL, classes=CLASSES, visible=WHOLE)


def train(client: EngineClient, image: str, *, steps: int) -> int:
    mask = Mask(200, 200)
    mask.write(0, 0, np.zeros((30, 200), np.uint8))
    mask.write(90, 0, np.ones((30, 200), np.uint8))
    packed = PackedImage.from_mask(image, mask)
    return client.train(model=MODEL, classes=CLASSES, images=[packed], steps=steps)


def test_a_request_made_before_torch_is_loaded_is_answered_after_ready(
    client: EngineClient, heard: Heard, images: Images, qtbot: QtBot
) -> None:
    assert client.state == State.STARTING
    request = propose(client, images.add())
    qtbot.waitUntil(lambda: bool(heard.ends(request)), timeout=PATIENCE_MS)
    assert heard.ends(request) == ["proposed"]
    assert heard.said[0] == ("state_changed", (State.READY,))
    ((answer,),) = heard["ready"]
    assert isinstance(answer, Ready)
    tiles = np.zeros((200, 200), int)
    for tile, classes, confidence in heard["tile_proposed"]:
        assert isinstance(tile, ProposedTile)
        assert isinstance(classes, np.ndarray)
        assert isinstance(confidence, np.ndarray)
        assert classes.shape == confidence.shape == (tile.height, tile.width)
        assert classes.dtype == confidence.dtype == np.uint8
        tiles[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] += 1
    np.testing.assert_array_equal(tiles, 1)
    ((end,),) = heard["proposed"]
    assert isinstance(end, Proposed)


def test_a_fine_tune_reports_progress_and_ends_with_a_card_and_weights(
    client: EngineClient, heard: Heard, images: Images, qtbot: QtBot
) -> None:
    request = train(client, images.add(), steps=3)
    qtbot.waitUntil(lambda: bool(heard.ends(request)), timeout=PATIENCE_MS)
    assert heard.ends(request) == ["trained"]
    ((message, card, weights),) = heard["trained"]
    assert isinstance(message, Trained)
    assert isinstance(card, bytes)
    assert isinstance(weights, bytes)
    assert card.startswith(b"{")
    assert len(weights) > 1000
    assert all(isinstance(progress, TrainProgress) for (progress,) in heard["progressed"])


def test_cancelling_a_running_fine_tune_ends_it(
    client: EngineClient, heard: Heard, images: Images, qtbot: QtBot
) -> None:
    request = train(client, images.add(), steps=1_000_000)
    qtbot.waitUntil(lambda: bool(heard["progressed"]), timeout=PATIENCE_MS)
    client.cancel(request)
    qtbot.waitUntil(lambda: bool(heard.ends(request)), timeout=PATIENCE_MS)
    assert heard.ends(request) == ["cancelled"]


def test_an_image_whose_file_is_gone_fails_with_its_path(
    client: EngineClient, heard: Heard, images: Images, qtbot: QtBot
) -> None:
    image = images.add()
    images.paths[image].unlink()
    request = propose(client, image)
    qtbot.waitUntil(lambda: bool(heard.ends(request)), timeout=PATIENCE_MS)
    ((error,),) = heard["failed"]
    assert isinstance(error, Failed)
    assert error.path == str(images.paths[image])
    assert error.remedy


def test_an_image_the_project_does_not_know_fails_with_the_projects_words(
    client: EngineClient, heard: Heard, qtbot: QtBot
) -> None:
    request = propose(client, "ab" * 32)
    qtbot.waitUntil(lambda: bool(heard.ends(request)), timeout=PATIENCE_MS)
    assert heard["failed"] == [
        (
            Failed(
                request=request,
                what="no image has this content",
                path="ab" * 32,
                remedy="Add it again.",
            ),
        )
    ]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_engine_fails_its_requests_comes_back_and_works(
    client: EngineClient, heard: Heard, images: Images, qtbot: QtBot
) -> None:
    image = images.add()
    training, second = (train(client, image, steps=1_000_000) for _ in range(2))
    qtbot.waitUntil(lambda: bool(heard["progressed"]), timeout=PATIENCE_MS)
    os.kill(client.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(heard["crashed"]), timeout=PATIENCE_MS)
    assert client.state == State.RESTARTING
    meanwhile = propose(client, image)
    qtbot.waitUntil(lambda: bool(heard.ends(meanwhile)), timeout=PATIENCE_MS)
    assert heard.ends(training) == heard.ends(second) == ["failed"]
    assert heard.ends(meanwhile) == ["proposed"]
    ((line,),) = heard["crashed"]
    assert "signal 9" in str(line)
    assert [state for (state,) in heard["state_changed"]] == [
        State.RESTARTING,
        State.STARTING,
        State.READY,
    ]


def test_stopping_ends_the_process_in_the_middle_of_a_fine_tune_without_killing_it(
    lone: EngineClient, images: Images, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard(lone)
    lone.start()
    process = lone.process_id
    train(lone, images.add(), steps=1_000_000)
    qtbot.waitUntil(lambda: bool(heard["progressed"]), timeout=PATIENCE_MS)
    lone.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert "was killed" not in caplog.text
    assert not heard["crashed"]
    assert lone.state == State.STOPPED


WINDOW = """
import sys
from PySide6.QtCore import QCoreApplication
from cnnseg_gui.engine.client import EngineClient, local_command

app = QCoreApplication(sys.argv)
client = EngineClient(lambda key: b"", command=local_command(device="cpu", threads=1))
client.ready.connect(lambda ready: print(client.process_id, flush=True))
client.start()
app.exec()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_killed_window_leaves_no_engine_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", WINDOW], stdout=subprocess.PIPE) as window:
        assert window.stdout is not None
        engine = int(window.stdout.readline())
        assert is_running(engine)
        window.kill()
    give_up = time.monotonic() + 5
    while is_running(engine):
        assert time.monotonic() < give_up
        time.sleep(0.02)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_engine_that_keeps_dying_is_left_alone_until_asked_again(
    qapp: QCoreApplication, images: Images, qtbot: QtBot
) -> None:
    client = EngineClient(images, command=[sys.executable, "-c", "raise SystemExit(7)"])
    heard = Heard(client)
    client.start()
    request = propose(client, "ab" * 32)
    qtbot.waitUntil(lambda: client.state == State.BROKEN, timeout=PATIENCE_MS)
    assert len(heard["crashed"]) == 3
    assert "exit code 7" in str(heard["crashed"][-1][0])
    assert "left alone" in str(heard["crashed"][-1][0])
    assert heard.ends(request) == ["failed"]
    late = propose(client, "ab" * 32)
    qtbot.waitUntil(lambda: bool(heard.ends(late)), timeout=PATIENCE_MS)
    client.restart()
    assert client.state == State.STARTING
    client.stop()


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (["/nowhere/engine"], "cannot be started"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "exit code 3"),
    ],
)
def test_an_engine_that_cannot_start_is_not_tried_again(
    qapp: QCoreApplication, images: Images, qtbot: QtBot, command: list[str], what: str
) -> None:
    client = EngineClient(images, command=command)
    heard = Heard(client)
    client.start()
    qtbot.waitUntil(lambda: client.state == State.BROKEN, timeout=PATIENCE_MS)
    ((line,),) = heard["crashed"]
    assert what in str(line)
    client.stop()


@pytest.mark.parametrize(
    "says",
    [
        "print('Welcome to gpubox', flush=True)",
        "from cnnseg_gui.engine.messages import *;"
        "sys.stdout.buffer.write(encode(Cancel(request=1))); sys.stdout.flush()",
        "from cnnseg_gui.engine.messages import *;"
        "sys.stdout.buffer.write(encode(Trained(request=1))); sys.stdout.flush()",
    ],
)
def test_an_engine_that_talks_nonsense_is_ended_and_restarted(
    qapp: QCoreApplication, images: Images, qtbot: QtBot, says: str
) -> None:
    program = f"import sys, time; {says}; time.sleep(60)"
    client = EngineClient(images, command=[sys.executable, "-c", program])
    heard = Heard(client)
    client.start()
    qtbot.waitUntil(lambda: bool(heard["crashed"]), timeout=PATIENCE_MS)
    assert "unreadable" in str(heard["crashed"][0][0])
    assert client.state == State.RESTARTING
    client.stop()


def test_what_the_engine_writes_to_stderr_is_logged_line_by_line(
    qapp: QCoreApplication, images: Images, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    program = "import os; [os.write(2, part) for part in (b'one\\ntw', b'o\\n', b'end')]"
    client = EngineClient(images, command=[sys.executable, "-c", program])
    heard = Heard(client)
    with caplog.at_level("INFO", logger="cnnseg.engine"):
        client.start()
        qtbot.waitUntil(lambda: bool(heard["crashed"]), timeout=PATIENCE_MS)
    client.stop()
    lines = [record.message for record in caplog.records if record.levelname == "INFO"]
    assert lines == ["one", "two", "end"]
    assert client.last_lines == "one\ntwo\nend"


def test_another_command_takes_over_and_cancels_what_the_first_was_asked(
    qapp: QCoreApplication, images: Images, qtbot: QtBot
) -> None:
    silent = [sys.executable, "-c", "import sys; sys.stdin.buffer.read()"]
    client = EngineClient(images, command=silent)
    heard = Heard(client)
    client.start()
    first = client.process_id
    request = propose(client, images.add())
    client.use_command([*silent, "--device", "cpu"])
    assert heard.ends(request) == ["cancelled"]
    assert client.process_id not in (0, first)
    assert not heard["crashed"]
    client.stop()


def test_a_request_to_a_stopped_engine_fails_at_once(lone: EngineClient, qtbot: QtBot) -> None:
    heard = Heard(lone)
    request = propose(lone, "ab" * 32)
    assert heard.ends(request) == [], "not before its number is known"
    qtbot.waitUntil(lambda: bool(heard.ends(request)), timeout=PATIENCE_MS)
    assert heard.ends(request) == ["failed"]


def test_the_windows_side_of_the_engine_loads_no_torch() -> None:
    program = (
        "import sys; import cnnseg_gui.engine.client, cnnseg_gui.engine.messages;"
        "print([name for name in ('torch', 'torchvision', 'cnnseg_gui.learning')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_reading_the_pipe_loads_no_torch_either() -> None:
    program = (
        "import sys; import cnnseg_gui.engine.server;"
        "print([name for name in ('torch', 'PySide6') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
