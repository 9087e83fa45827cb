"""Whatever is sent arrives, however the pipe cuts it; what is no message is refused."""

from __future__ import annotations

import struct
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnseg_gui.engine.messages import (
    MAGIC,
    AnyMessage,
    Cancel,
    Decoder,
    Propose,
    ProtocolError,
    Supply,
    encode,
    encode_head,
)


def sendable(message: AnyMessage) -> bool:
    """Not with integers beyond 64 bits, nor with a NaN, which equals nothing."""
    try:
        encode(message)
    except OverflowError:
        return False
    return "nan" not in repr(message)


frames = st.tuples(
    st.one_of([st.from_type(kind) for kind in get_args(AnyMessage)]).filter(sendable),
    st.lists(st.binary(max_size=300), max_size=4),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(frames, min_size=1, max_size=5), st.data())
def test_messages_arrive_unchanged_wherever_the_pipe_cuts_them(
    sent: list[tuple[AnyMessage, list[bytes]]], data: st.DataObject
) -> None:
    stream = b"".join(encode(message, blocks) for message, blocks in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    decoder = Decoder()
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += decoder.feed(stream[start:end])
    assert received == sent
    assert not decoder.mid_frame


@settings(deadline=None)
@given(frames, st.data())
def test_a_stream_that_ends_inside_a_message_is_known_to_be_cut(
    frame: tuple[AnyMessage, list[bytes]], data: st.DataObject
) -> None:
    stream = encode(*frame)
    end = data.draw(st.integers(1, len(stream) - 1))
    decoder = Decoder()
    assert list(decoder.feed(stream[:end])) == []
    assert decoder.mid_frame


@settings(deadline=None, max_examples=200)
@given(frames, st.data())
def test_a_flipped_byte_is_refused_or_read_as_a_message_but_never_crashes(
    frame: tuple[AnyMessage, list[bytes]], data: st.DataObject
) -> None:
    stream = bytearray(encode(*frame))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] ^= data.draw(st.integers(1, 255))
    decoder = Decoder()
    try:
        for message, blocks in decoder.feed(bytes(stream)):
            assert isinstance(message, get_args(AnyMessage))
            assert all(isinstance(block, bytes) for block in blocks)
    except ProtocolError:
        pass
    else:
        assert at >= len(MAGIC), "a frame without its magic was read"


def test_frames_that_were_not_taken_come_with_the_next_bytes() -> None:
    decoder = Decoder()
    decoder.feed(encode(Cancel(request=1)))
    taken = [message for message, _ in decoder.feed(encode(Cancel(request=2)))]
    assert taken == [Cancel(request=1), Cancel(request=2)]


@pytest.mark.parametrize(
    "garbage",
    [
        b"Segmentation fault\n",
        MAGIC + struct.pack("<I", 2**31),
        MAGIC + struct.pack("<I", 4) + b"\xc1\xc1\xc1\xc1",
        MAGIC + struct.pack("<I", 1) + b"\x90",
    ],
)
def test_what_is_no_frame_is_refused(garbage: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(Decoder().feed(garbage))


def test_good_frames_before_garbage_are_still_read() -> None:
    stream = Decoder().feed(encode(Cancel(request=7)) + b"garbage!")
    assert next(stream)[0] == Cancel(request=7)
    with pytest.raises(ProtocolError):
        next(stream)


def test_large_blocks_may_follow_their_head_uncopied() -> None:
    message, block = Supply(key="k", path="a.png"), bytes(1000)
    assert encode_head(message, [1000]) + block == encode(message, [block])


def test_a_message_keeps_its_fields_as_written() -> None:
    message = Propose(
        request=3, image="ab", model="starter:cells", classes=("a", "ß"), visible=(0, 1, 2, 3)
    )
    ((received, blocks),) = Decoder().feed(encode(message))
    assert received == message
    assert blocks == []
