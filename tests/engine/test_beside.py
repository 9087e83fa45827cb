"""An engine on the same machine reads files itself; any other is sent what they hold."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from cnnseg_gui.core.image_io import content_hash
from cnnseg_gui.core.rect import Rect
from cnnseg_gui.engine.client import EngineClient, is_local, local_command
from cnnseg_gui.engine.supply import Answer

ELSEWHERE = (
    sys.executable,
    "-c",
    "import sys; from cnnseg_gui.engine.server import main; sys.exit(main())",
    "--device",
    "cpu",
    "--threads",
    "1",
)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "scan 中.png"
    Image.fromarray(np.full((60, 80, 3), 120, np.uint8)).save(path)
    return path


def answers_to(
    command: Sequence[str], supplier: Callable[[str], Path], key: str, qtbot: QtBot
) -> tuple[list[Answer], list[str]]:
    """What the window sends when a proposal is asked for, and how that ends."""
    client = EngineClient(supplier, command=command)
    sent: list[Answer] = []
    ends: list[str] = []
    client._desk.answered.connect(sent.append)
    client.proposed.connect(lambda _: ends.append("proposed"))
    client.failed.connect(lambda failure: ends.append(failure.what))
    client.start()
    client.propose(
        image=key,
        model="starter:unet-lite0",
        classes=("background", "object"),
        visible=Rect(0, 0, 60, 80),
    )
    qtbot.waitUntil(lambda: bool(ends), timeout=60_000)
    client.stop()
    return sent, ends


def test_an_engine_beside_the_window_reads_the_file_itself(image: Path, qtbot: QtBot) -> None:
    command = local_command(device="cpu", threads=1)
    sent, ends = answers_to(command, lambda _: image, content_hash(image), qtbot)
    assert ends == ["proposed"]
    assert [answer.message.files for answer in sent] == [(str(image),)]
    assert not any(answer.blocks for answer in sent)


def test_an_engine_elsewhere_is_sent_the_bytes(image: Path, qtbot: QtBot) -> None:
    sent, ends = answers_to(ELSEWHERE, lambda _: image, content_hash(image), qtbot)
    assert ends == ["proposed"]
    assert [answer.blocks for answer in sent] == [(image.read_bytes(),)]
    assert not any(answer.message.files for answer in sent)


def test_a_file_that_became_another_is_refused_by_the_engine_too(image: Path, qtbot: QtBot) -> None:
    key = content_hash(image)
    Image.fromarray(np.zeros((60, 80, 3), np.uint8)).save(image)
    _, ends = answers_to(local_command(device="cpu", threads=1), lambda _: image, key, qtbot)
    assert len(ends) == 1
    assert ends != ["proposed"]


def test_only_the_programs_own_command_is_on_this_machine() -> None:
    assert is_local(local_command(device="cuda:0", threads=3))
    assert not is_local(["ssh", "gpubox", "cnnseg", "engine"])
    assert not is_local(ELSEWHERE)
