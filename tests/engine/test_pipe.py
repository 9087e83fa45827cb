"""The engine's end of the pipe: ordered, never blocking its reader, closed to everyone else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cnnseg_gui.engine.messages import AnyMessage, Cancelled, Decoder, Want, encode
from cnnseg_gui.engine.pipe import MAX_WAITING, Outbox

PATIENCE = 10.0

NOISY = """
import os, subprocess, sys
from cnnseg_gui.engine.messages import Want, encode
from cnnseg_gui.engine.pipe import take_stdio

reading, writing = take_stdio()
print("a print", flush=True)
os.write(1, b"a C library's printf\\n")
subprocess.run([sys.executable, "-c", "print('a child process')"], check=True)
assert sys.stdin.read() == "", "somebody else reads the protocol"
os.write(writing, encode(Want(key=os.read(reading, 100).decode())))
"""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


def receive(reading: int, count: int) -> list[tuple[AnyMessage, list[bytes]]]:
    decoder = Decoder()
    received: list[tuple[AnyMessage, list[bytes]]] = []
    while len(received) < count:
        received += decoder.feed(os.read(reading, 1 << 16))
    return received


def test_no_print_can_reach_the_pipe_and_nobody_else_reads_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOISY], input=b"request", capture_output=True, timeout=60, check=True
    )
    assert done.stdout == encode(Want(key="request"))
    for line in (b"a print", b"a C library's printf", b"a child process"):
        assert line in done.stderr


def test_frames_of_several_threads_arrive_whole_and_in_each_threads_order(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    outbox = Outbox(writing, on_broken=lambda: None)

    def send(thread: int) -> None:
        for number in range(50):
            outbox.send(Cancelled(request=1000 * thread + number), [bytes(5000)])

    with ThreadPoolExecutor() as pool:
        for thread in range(3):
            pool.submit(send, thread)
        received = receive(reading, 150)
    outbox.close(PATIENCE)
    assert all(blocks == [bytes(5000)] for _, blocks in received)
    requests = [message.request for message, _ in received if isinstance(message, Cancelled)]
    for thread in range(3):
        own = [number for number in requests if number // 1000 == thread]
        assert own == [1000 * thread + number for number in range(50)]


def test_answers_of_the_reading_thread_never_wait_and_those_of_a_job_do(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    outbox = Outbox(writing, on_broken=lambda: None)
    outbox.send(Want(key="large"), [bytes(MAX_WAITING)])
    outbox.send(Cancelled(request=1), wait=False)
    waiting = threading.Thread(target=outbox.send, args=(Cancelled(request=2),))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive(), "nobody reads, so a job must not go on producing"
    received = receive(reading, 3)
    waiting.join(PATIENCE)
    assert not waiting.is_alive()
    outbox.close(PATIENCE)
    assert [message for message, _ in received[1:]] == [Cancelled(request=1), Cancelled(request=2)]


def test_a_reader_that_is_gone_is_noticed(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    broken = threading.Event()
    outbox = Outbox(writing, on_broken=broken.set)
    os.close(reading)
    outbox.send(Want(key="anyone?"))
    assert broken.wait(PATIENCE)


def test_closing_writes_what_is_queued_and_drops_what_comes_later(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    outbox = Outbox(writing, on_broken=lambda: None)
    for number in range(3):
        outbox.send(Cancelled(request=number))
    outbox.close(PATIENCE)
    outbox.send(Cancelled(request=99))
    os.close(writing)
    received = list(Decoder().feed(os.read(reading, 1 << 16)))
    assert [message for message, _ in received] == [Cancelled(request=n) for n in range(3)]
    assert os.read(reading, 1) == b""
