"""A decoder that crashes, hangs or takes all memory costs one line, not the window."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtCore import QThreadPool

from cnnseg_gui.core import decoder_messages as messages
from cnnseg_gui.core import decoder_process, decoding
from cnnseg_gui.core.decoder_process import DecoderProcess
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.core.image_io import page_count, read_header, read_image

LIMIT = 10**9

# The real process with a decoder that does what the end of the file says.
_FRAGILE = """
import ctypes, sys, time
from cnnseg_gui.core import decoding
from cnnseg_gui.core.decoder_worker import main
def read(source, page, max_pixels):
    data = source if isinstance(source, bytes) else source.read_bytes()
    if data.endswith(b"crash"): ctypes.string_at(0)
    if data.endswith(b"sleep"): time.sleep(600)
    if data.endswith(b"memory"): bytearray(1 << 36)
    if data.endswith(b"print"): print("to nowhere", flush=True)
    return decoding.read(source, page, max_pixels=max_pixels, isolated=True)
sys.exit(main(read))
"""


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> Iterator[DecoderProcess]:
    process = DecoderProcess([sys.executable, "-c", _FRAGILE], seconds=2.0)
    monkeypatch.setattr(decoder_process, "SHARED", process)
    yield process
    process.close()


def webp(ending: bytes = b"") -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue() + ending


def test_a_segmentation_fault_is_one_line_and_the_next_image_opens(
    tmp_path: Path, fragile: DecoderProcess
) -> None:
    bad, good = tmp_path / "bad.webp", tmp_path / "good.webp"
    bad.write_bytes(webp(b"crash"))
    good.write_bytes(webp())
    whole = read_image(good)
    first = fragile.process_id
    for _ in range(2):
        with pytest.raises(UserError, match="the decoder of this format crashed") as caught:
            read_image(bad)
        assert caught.value.path == str(bad)
        assert caught.value.remedy
        assert fragile.process_id == 0
        assert not is_running(first)
    assert np.array_equal(read_image(good).pixels, whole.pixels)
    assert fragile.process_id not in (0, first)


def test_a_decoder_that_hangs_is_ended(fragile: DecoderProcess) -> None:
    began = time.monotonic()
    with pytest.raises(UserError, match="took too long"):
        read_image(webp(b"sleep"))
    assert time.monotonic() - began < 10
    assert read_image(webp()).pixels.shape == (20, 30, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory is kept elsewhere")
def test_a_decoder_gets_no_more_memory_than_such_an_image_needs(fragile: DecoderProcess) -> None:
    with pytest.raises(UserError, match="not enough memory"):
        read_image(webp(b"memory"))
    first = fragile.process_id
    assert read_image(webp()).pixels.shape == (20, 30, 3)
    assert fragile.process_id == first != 0, "it lived on"


def test_what_a_decoder_prints_does_not_confuse_the_answers(fragile: DecoderProcess) -> None:
    for _ in range(3):
        assert read_image(webp(b"print")).pixels.shape == (20, 30, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_decoder_that_was_killed_while_idle_is_started_again(fragile: DecoderProcess) -> None:
    read_image(webp())
    os.kill(fragile.process_id, signal.SIGKILL)
    time.sleep(0.2)
    assert read_image(webp()).pixels.shape == (20, 30, 3)


def test_images_come_from_the_process_as_they_would_here(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(webp())
    here = decoding.read(path, 0, max_pixels=LIMIT, isolated=True)
    with pytest.raises(decoding.NotHere):
        decoding.read(path, 0, max_pixels=LIMIT, isolated=False)
    for source in (path, path.read_bytes()):
        assert np.array_equal(read_image(source).pixels, here.values)
    assert read_header(path) == here.values.shape[:2]
    assert page_count(path) == 1


def test_a_relative_path_of_any_letters_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_image(webp())  # the process was started in another folder
    monkeypatch.chdir(tmp_path)
    name = Path("Zelle äöü 細胞 \udcff.webp" if sys.platform == "linux" else "Zelle äöü 細胞.webp")
    name.write_bytes(webp())
    assert read_image(name).pixels.shape == (20, 30, 3)


def test_many_threads_read_at_once(fragile: DecoderProcess) -> None:
    def outcome(number: int) -> str:
        try:
            return str(read_image(webp(b"crash" if number % 5 == 0 else b"")).pixels.shape)
        except UserError as error:
            return error.what

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(outcome, range(20)))
    for number, said in enumerate(outcomes):
        assert ("crashed" if number % 5 == 0 else "(20, 30, 3)") in said


def test_workers_of_the_window_may_read() -> None:
    shapes = []
    pool = QThreadPool()
    for _ in range(6):
        pool.start(lambda: shapes.append(read_image(webp()).pixels.shape))
    pool.waitForDone()
    assert shapes == [(20, 30, 3)] * 6


def test_who_waits_while_the_program_closes_is_told(fragile: DecoderProcess) -> None:
    said: list[str] = []

    def ask() -> None:
        try:
            read_image(webp(b"sleep"))
        except UserError as error:
            said.append(error.what)

    read_image(webp())
    process = fragile.process_id
    waiting = threading.Thread(target=ask)
    waiting.start()
    time.sleep(0.3)
    began = time.monotonic()
    fragile.close()
    waiting.join(5)
    assert time.monotonic() - began < 1
    assert len(said) == 1
    assert not is_running(process)
    with pytest.raises(UserError, match="closed"):
        read_image(webp())


@pytest.mark.skipif(sys.platform == "win32", reason="processes are looked up as on POSIX")
@pytest.mark.parametrize("end", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_no_process_is_left_behind(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(webp())
    code = (
        "import sys; from pathlib import Path\n"
        "from cnnseg_gui.core import decoder_process, image_io\n"
        "image_io.read_image(Path(sys.argv[1]))\n"
        "print(decoder_process.SHARED.process_id, flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + end, path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.returncode == (-signal.SIGKILL if end else 0)
    give_up = time.monotonic() + 5
    while is_running(int(done.stdout)) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not is_running(int(done.stdout))


@pytest.mark.parametrize("command", [["/no/such/program"], [sys.executable, "-c", "print('?')"]])
def test_a_decoder_that_does_not_start_is_one_line(command: list[str]) -> None:
    process = DecoderProcess(command)
    try:
        with pytest.raises(UserError, match="could not be started"):
            process.read(webp(), 0, max_pixels=LIMIT)
    finally:
        process.close()


@given(st.binary(max_size=60))
def test_a_decoder_taken_over_by_a_file_can_say_nothing_that_is_run(data: bytes) -> None:
    stream = io.BytesIO(len(data).to_bytes(4, "big") + data)
    with pytest.raises(messages.BrokenStream):
        messages.receive(stream, msgspec.json.Decoder(messages.Answer))


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((2, 2), "O8"),
        ((2, 2), "V4"),
        ((2, 2), "U4"),
        ((2, -2), "u1"),
        ((0, 2), "u1"),
        ((2,), "u1"),
        ((2, 2, 1, 1), "u1"),
        ((10**6, 10**6), "u1"),
        ((10, 10, 10**9), "u1"),
    ],
)
def test_values_of_another_kind_or_size_are_refused(shape: tuple[int, ...], dtype: str) -> None:
    answer = messages.Read(
        shape=shape, dtype=dtype, kind="", turned=False, window=None, pixel_size=None
    )
    with pytest.raises(messages.BrokenStream):
        messages.values_of(answer, io.BytesIO(bytes(64)), max_pixels=1000)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text(encoding="ascii").split()[2] != "Z"
