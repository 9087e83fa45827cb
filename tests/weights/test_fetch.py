"""Downloads from a real server: whole, cut, resumed, cancelled, wrong."""

from __future__ import annotations

import random
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from weight_server import WeightServer, published_file, serve

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.weights.fetch import FetchStopped, fetch
from cnnseg_gui.weights.store import WeightStore, part_of


def part(store: WeightStore) -> Path:
    return part_of(store.path("small"))


def refused(store: WeightStore, *, patience: float = 5.0) -> UserError:
    """The error, and nothing under the final name."""
    with pytest.raises(UserError) as caught:
        fetch(store, "small", patience=patience)
    assert not store.path("small").exists()
    assert caught.value.remedy
    return caught.value


def test_a_download_arrives_whole_and_says_how_far_it_is(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    seen: list[tuple[int, int]] = []

    path = fetch(store, "small", on_progress=lambda done, total: seen.append((done, total)))

    assert path.read_bytes() == payload
    assert store.find("small") == store.require("small") == path
    assert not part(store).exists()
    assert seen[0] == (0, len(payload))
    assert seen[-1] == (len(payload), len(payload))
    assert seen == sorted(seen)


def test_what_is_here_is_not_asked_for_again(store: WeightStore, server: WeightServer) -> None:
    fetch(store, "small")
    fetch(store, "small")

    assert len(server.asked) == 1


def test_a_cut_connection_goes_on_where_it_was(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    server.cuts = [300_000]

    assert fetch(store, "small").read_bytes() == payload
    assert [asked for _, asked in server.asked] == [None, "bytes=300000-"]
    assert server.sent == [300_000, len(payload) - 300_000]


def test_a_connection_that_keeps_being_cut_is_given_up_and_later_resumed(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    server.cuts = [1000] * 9

    assert "cut" in str(refused(store))
    assert part(store).read_bytes() == payload[:1000]
    server.cuts.clear()
    server.asked.clear()
    assert fetch(store, "small").read_bytes() == payload
    assert server.asked[0][1] == "bytes=1000-"


def test_a_server_that_cannot_resume_starts_anew(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    server.takes_ranges = False
    server.cuts = [300_000]

    assert fetch(store, "small").read_bytes() == payload
    assert server.sent == [300_000, len(payload)]


def test_a_server_that_resumes_at_another_place_is_not_believed(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    server.wrong_ranges = True
    server.cuts = [300_000]

    assert fetch(store, "small").read_bytes() == payload
    assert [asked for _, asked in server.asked] == [None, "bytes=300000-", None]


def test_a_part_that_is_complete_is_only_checked(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    store.folder.mkdir(parents=True)
    part(store).write_bytes(payload)

    assert fetch(store, "small").read_bytes() == payload
    assert server.sent == []


def test_a_damaged_file_is_brought_anew(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    fetch(store, "small").write_bytes(payload[:-1])

    assert fetch(store, "small").read_bytes() == payload
    assert len(server.asked) == 2


def test_a_part_that_is_too_long_is_thrown_away(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    store.folder.mkdir(parents=True)
    part(store).write_bytes(payload + b"more")

    assert fetch(store, "small").read_bytes() == payload


def test_a_length_that_is_not_said_is_no_hindrance(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    server.says_length = False

    assert fetch(store, "small").read_bytes() == payload


def test_another_file_is_refused_and_nothing_of_it_kept(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    server.payload = bytes(reversed(payload))

    error = refused(store)

    assert "sha256" in error.what
    assert not part(store).exists()


@pytest.mark.parametrize("says_length", [True, False])
def test_a_file_that_is_far_too_large_is_stopped_early(
    store: WeightStore, server: WeightServer, payload: bytes, says_length: bool
) -> None:
    server.payload = payload * 20
    server.says_length = says_length

    error = refused(store)

    assert f"{len(payload):,}" in error.what
    assert len(server.asked) == 1
    assert not part(store).exists()


def test_a_file_that_is_gone_is_asked_for_once(store: WeightStore, server: WeightServer) -> None:
    server.statuses = [404, 404]

    assert "404" in refused(store).what
    assert len(server.asked) == 1


def test_a_server_in_trouble_is_asked_again(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    server.statuses = [503, 500]

    assert fetch(store, "small").read_bytes() == payload


def test_a_server_in_lasting_trouble_is_given_up(store: WeightStore, server: WeightServer) -> None:
    server.statuses = [500] * 9

    assert "500" in refused(store).what


def test_a_server_that_falls_silent_is_given_up_and_its_bytes_are_kept(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    server.stalls_at = 1000

    assert "does not answer" in refused(store, patience=0.2).what
    assert part(store).read_bytes() == payload[:1000]


def test_cancel_is_heard_while_bytes_trickle(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    """The patience is not waited for: what is here is taken at once."""
    server.trickles = True
    arrived: list[int] = []

    def stop_at_the_first_bytes() -> bool:
        return bool(arrived) and arrived[-1] > 0

    with pytest.raises(FetchStopped):
        fetch(
            store,
            "small",
            on_progress=lambda done, _total: arrived.append(done),
            stopped=stop_at_the_first_bytes,
            patience=20.0,
        )

    assert part(store).read_bytes() == payload[:16]
    assert len(server.asked) == 1


def test_a_cancelled_download_is_resumed(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    arrived: list[int] = []
    with pytest.raises(FetchStopped):
        fetch(
            store,
            "small",
            on_progress=lambda done, _total: arrived.append(done),
            stopped=lambda: bool(arrived) and arrived[-1] > 0,
        )
    kept = part(store).stat().st_size
    assert 0 < kept < len(payload)
    assert store.find("small") is None

    assert fetch(store, "small").read_bytes() == payload
    assert server.asked[1][1] == f"bytes={kept}-"


def test_cancelled_before_it_began_asks_for_nothing(
    store: WeightStore, server: WeightServer
) -> None:
    with pytest.raises(FetchStopped):
        fetch(store, "small", stopped=lambda: True)

    assert server.asked == []


def test_a_redirect_is_followed(store: WeightStore, server: WeightServer, payload: bytes) -> None:
    server.redirect = f"{server.base}/elsewhere.pth"

    assert fetch(store, "small").read_bytes() == payload
    assert server.asked[1][0] == "/models/elsewhere.pth"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/small.pth"])
def test_a_redirect_away_from_the_web_is_not(
    store: WeightStore, server: WeightServer, target: str
) -> None:
    server.redirect = target

    refused(store)
    assert not part(store).exists()


def test_without_a_connection_one_line_says_so(tmp_path: Path, payload: bytes) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        published = published_file(payload, base=f"http://127.0.0.1:{taken.getsockname()[1]}")
        store = WeightStore(tmp_path / "weights", catalogue={"small": published})

        error = refused(store)

    assert "no connection" in error.what
    assert "mirror" in error.remedy


def test_a_name_that_no_server_has_is_no_connection(tmp_path: Path, payload: bytes) -> None:
    published = published_file(payload, base="http://weights.invalid")
    store = WeightStore(tmp_path / "weights", catalogue={"small": published})

    assert "no connection" in refused(store).what


@pytest.mark.parametrize(
    "mirror", ["http://[::1", "http://127.0.0.1:port", "http://", "http://é/ü"]
)
def test_an_address_that_is_none_is_named(store: WeightStore, mirror: str) -> None:
    error = refused(WeightStore(store.folder, mirror, {"small": store.published("small")}))

    assert error.path is not None
    assert error.path.startswith(mirror)


def test_two_downloads_of_one_file_do_not_meet(
    store: WeightStore, server: WeightServer, payload: bytes
) -> None:
    server.trickles = True
    begun, stop = threading.Event(), threading.Event()
    ended: list[BaseException] = []

    def first() -> None:
        try:
            fetch(
                store,
                "small",
                on_progress=lambda done, _total: begun.set() if done else None,
                stopped=stop.is_set,
            )
        except FetchStopped as stopped:
            ended.append(stopped)

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert begun.wait(10)
        with pytest.raises(UserError, match="already"):
            fetch(store, "small", on_progress=lambda _done, _total: pytest.fail("it began"))
    finally:
        stop.set()
        server.trickles = False
        server.let_go.set()
        thread.join()

    assert len(ended) == 1
    assert fetch(store, "small").read_bytes() == payload


@given(size=st.integers(1, 5000), cuts=st.lists(st.integers(0, 5000), max_size=3))
def test_wherever_it_is_cut_the_file_is_the_published_one(
    tmp_path_factory: pytest.TempPathFactory, size: int, cuts: list[int]
) -> None:
    payload = random.Random(size).randbytes(size)
    folder = tmp_path_factory.mktemp("cut")
    with serve(payload) as server:
        server.cuts = [min(cut, size) for cut in cuts]
        store = WeightStore(folder, catalogue={"small": server.published})

        assert fetch(store, "small").read_bytes() == payload
        assert server.sent[-1] <= size
        assert sum(server.sent) == size
