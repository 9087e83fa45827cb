"""Weights on this machine: found, taken over from a file, removed; other files refused."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save
from weight_server import published_file

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.weights.catalogue import CATALOGUE
from cnnseg_gui.weights.safetensors_header import check_safetensors
from cnnseg_gui.weights.store import FOLDER, WeightStore, part_of

PAYLOAD = random.Random(2).randbytes(70_000)
SMALL = published_file(PAYLOAD)
TENSORS = save({"weight": np.arange(6, dtype=np.float32).reshape(2, 3)})


@pytest.fixture
def own(tmp_path: Path) -> WeightStore:
    return WeightStore(tmp_path / "weights", catalogue={"small": SMALL})


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def raw(header: object, data: bytes = b"", *, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape: object, start: object, stop: object, dtype: object = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def test_weights_that_are_missing_are_asked_for_with_their_size_and_three_ways(
    tmp_path: Path,
) -> None:
    with pytest.raises(UserError) as caught:
        WeightStore(tmp_path).require("resnet50")

    assert "resnet50" in caught.value.what
    assert "97.8 MiB" in caught.value.what
    for way in ("Download", "choose a file", "mirror"):
        assert way in caught.value.remedy


def test_a_name_that_is_not_published_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="resnet19"):
        WeightStore(tmp_path).require("resnet19")


def test_the_published_file_is_taken_over_as_a_copy(own: WeightStore, tmp_path: Path) -> None:
    theirs = written(tmp_path, "downloaded by hand.pth", PAYLOAD)

    path = own.accept("small", theirs)

    assert path == own.folder / SMALL.file
    assert own.find("small") == path
    assert path.read_bytes() == theirs.read_bytes() == PAYLOAD
    assert list(own.folder.iterdir()) == [path]


def test_another_file_is_refused_with_both_hashes(own: WeightStore, tmp_path: Path) -> None:
    theirs = written(tmp_path, SMALL.file, PAYLOAD[:-1])

    with pytest.raises(UserError) as caught:
        own.accept("small", theirs)

    other = published_file(PAYLOAD[:-1])
    assert SMALL.sha8 in caught.value.what
    assert other.sha8 in caught.value.what
    assert caught.value.path == str(theirs)
    assert own.find("small") is None


@pytest.mark.parametrize("name", ["gone.pth", "gone.safetensors", "."])
def test_a_file_that_cannot_be_read_is_named(own: WeightStore, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError) as caught:
        own.accept("small", tmp_path / name)

    assert caught.value.path == str(tmp_path / name)


def test_a_file_of_the_store_itself_can_be_chosen(own: WeightStore, tmp_path: Path) -> None:
    path = own.accept("small", written(tmp_path, "it.pth", PAYLOAD))

    assert own.accept("small", path) == path
    assert path.read_bytes() == PAYLOAD


def test_a_persons_safetensors_comes_before_the_published_file(
    own: WeightStore, tmp_path: Path
) -> None:
    own.accept("small", written(tmp_path, "it.pth", PAYLOAD))

    path = own.accept("small", written(tmp_path, "mine.safetensors", TENSORS))

    assert path.suffix == ".safetensors"
    assert path.read_bytes() == TENSORS
    assert own.find("small") == path


def test_a_hash_in_the_name_of_a_safetensors_is_checked(own: WeightStore, tmp_path: Path) -> None:
    right = published_file(TENSORS).sha8
    own.accept("small", written(tmp_path, f"mine-{right}.safetensors", TENSORS))

    with pytest.raises(UserError, match="01234567"):
        own.accept("small", written(tmp_path, "mine-01234567.safetensors", TENSORS))


def test_removed_weights_are_gone_with_their_part(own: WeightStore, tmp_path: Path) -> None:
    path = own.accept("small", written(tmp_path, "it.pth", PAYLOAD))
    own.accept("small", written(tmp_path, "mine.safetensors", TENSORS))
    part_of(path).write_bytes(b"begun")

    own.remove("small")
    own.remove("small")

    assert own.find("small") is None
    assert list(own.folder.iterdir()) == []


def test_what_torch_has_already_is_used_from_there(own: WeightStore, tmp_path: Path) -> None:
    cache = tmp_path / "torch" / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    theirs = written(cache, SMALL.file, PAYLOAD)

    assert own.find("small") == theirs
    own.remove("small")
    assert theirs.exists()


def test_a_damaged_file_in_torchs_cache_is_passed_over_until_it_is_mended(
    own: WeightStore, tmp_path: Path
) -> None:
    cache = tmp_path / "torch" / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    theirs = written(cache, SMALL.file, PAYLOAD[:-1])
    assert own.find("small") is None

    theirs.write_bytes(PAYLOAD)
    assert own.find("small") == theirs


def test_the_folder_can_be_set_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "disk"))
    assert WeightStore().folder == tmp_path / "disk"

    monkeypatch.setenv(FOLDER, "~/weights")
    assert WeightStore().folder == Path.home() / "weights"


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "cache/cnnseg/weights"),
        ("win32", "LOCALAPPDATA", "cache/CNNSeg/weights"),
        ("darwin", "HOME", "cache/Library/Caches/CNNSeg/weights"),
    ],
)
def test_else_it_is_the_persons_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, expected: str
) -> None:
    monkeypatch.setattr("cnnseg_gui.weights.store.sys.platform", platform)
    monkeypatch.setenv(variable, str(tmp_path / "cache"))

    assert WeightStore().folder == tmp_path / expected


def test_each_published_file_has_a_place_of_its_own(tmp_path: Path) -> None:
    store = WeightStore(tmp_path)

    assert len({store.path(name) for name in CATALOGUE}) == len(CATALOGUE)


@given(
    sides=st.lists(st.integers(0, 5), max_size=4),
    dtype=st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_]),
    count=st.integers(1, 4),
)
def test_what_safetensors_writes_is_well_formed(
    tmp_path_factory: pytest.TempPathFactory, sides: list[int], dtype: type, count: int
) -> None:
    data = save({f"layer.{n}": np.zeros(sides, dtype) for n in range(count)}, {"by": "a test"})

    check_safetensors(written(tmp_path_factory.mktemp("saved"), "it.safetensors", data))


@given(cut=st.integers(0, len(TENSORS) - 1))
def test_wherever_a_safetensors_is_cut_it_is_refused(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = written(tmp_path_factory.mktemp("cut"), "it.safetensors", TENSORS[:cut])

    with pytest.raises(UserError, match="safetensors"):
        check_safetensors(path)


FOUR = bytes(4)
HOSTILE = {
    "empty": b"",
    "a header longer than the file": raw({}, length=10**6),
    "a header of 2⁶⁴ − 1 bytes": raw({}, length=2**64 - 1),
    "no JSON": raw(b"weights"),
    "no text": raw(b"\xff\xfe\xfd"),
    "deep JSON": raw(b"[" * 100_000),
    "a list": raw([1]),
    "a number": raw(1),
    "no tensor": raw({}),
    "only metadata": raw({"__metadata__": {"by": "somebody"}}),
    "a tensor that is none": raw({"w": 3}, FOUR),
    "no dtype": raw({"w": {"shape": [1], "data_offsets": [0, 4]}}, FOUR),
    "an unknown dtype": raw({"w": tensor([1], 0, 4, "F5")}, FOUR),
    "a dtype that is a list": raw({"w": tensor([1], 0, 4, ["F32"])}, FOUR),
    "a gap": raw({"w": tensor([1], 4, 8)}, FOUR * 2),
    "an overlap": raw({"v": tensor([2], 0, 8), "w": tensor([1], 4, 8)}, FOUR * 2),
    "bytes that nobody owns": raw({"w": tensor([1], 0, 4)}, FOUR * 2),
    "data beyond the end": raw({"w": tensor([2], 0, 8)}, FOUR),
    "a negative side": raw({"w": tensor([-1], 0, -4)}),
    "two negative sides": raw({"w": tensor([-1, -1], 0, 4)}, FOUR),
    "a side that is a truth": raw({"w": tensor([True], 0, 4)}, FOUR),
    "a place with a fraction": raw({"w": tensor([1], 0.0, 4.0)}, FOUR),
    "a place that is no number": raw({"w": tensor([1], float("nan"), 4)}, FOUR),
    "three places": raw({"w": {**tensor([1], 0, 4), "data_offsets": [0, 4, 4]}}, FOUR),
    "a shape that is text": raw({"w": tensor("", 0, 4)}, FOUR),
    "a shape that is an object": raw({"w": tensor({}, 0, 4)}, FOUR),
    "sides without end": raw({"w": tensor([2**62] * 200_000, 0, 4)}, FOUR),
    "a number of ten thousand digits": raw(
        b'{"w":{"dtype":"F32","shape":[' + b"9" * 10_000 + b'],"data_offsets":[0,4]}}', FOUR
    ),
    "a pickle": b"\x80\x02}q\x00.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_safetensors_is_refused_and_not_kept(
    own: WeightStore, tmp_path: Path, data: bytes
) -> None:
    path = written(tmp_path, "mine.safetensors", data)

    with pytest.raises(UserError) as caught:
        own.accept("small", path)

    assert caught.value.path == str(path)
    assert len(str(caught.value)) < 500 + len(str(path))
    assert own.find("small") is None


def test_sides_without_end_are_not_multiplied(tmp_path: Path) -> None:
    path = written(tmp_path, "mine.safetensors", raw({"w": tensor([1] * 65, 0, 4)}, FOUR))

    with pytest.raises(UserError, match="few numbers"):
        check_safetensors(path)


def test_a_tensors_endless_name_does_not_fill_the_message(own: WeightStore, tmp_path: Path) -> None:
    path = written(tmp_path, "mine.safetensors", raw({"n" * 10**6: tensor([1], 4, 8)}, FOUR))

    with pytest.raises(UserError) as caught:
        own.accept("small", path)

    assert len(str(caught.value)) < 500 + len(str(path))
