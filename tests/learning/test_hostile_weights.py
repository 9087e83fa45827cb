"""Weights from anyone: nothing is executed, nothing grows without bounds, a refusal is one line.

The published hash is eight digits, which can be forged: so the reader is also tried on files that
have the right one.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from weight_files import publish

from cnnseg_gui.core.errors import UserError
from cnnseg_gui.learning import pretrained
from cnnseg_gui.learning.card import Card
from cnnseg_gui.learning.classify import load_labels
from cnnseg_gui.learning.label_card import LabelCard
from cnnseg_gui.learning.model import dump, load, new, stamped
from cnnseg_gui.learning.pretrained import Brought, check_weights, pretrained_state

_FEW = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
_flips = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1)


def flipped(data: bytes, flips: list[tuple[float, int]]) -> bytes:
    """With some bits the other way round."""
    out = bytearray(data)
    for place, bit in flips:
        out[int(place * len(out))] ^= 1 << bit
    return bytes(out)


class Trap:
    """Leaves a trace where a reader trusts what it reads."""

    def __init__(self, trace: Path, call: Callable[..., object] = os.mkdir) -> None:
        self.trace, self.call = trace, call

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return self.call, (str(self.trace),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_would_leave_a_trace_leaves_none_even_with_the_right_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    trace = tmp_path / "trace"
    for number, call in enumerate((os.mkdir, eval, open, torch.load, torch.hub.load)):
        buffer = io.BytesIO()
        state = {"conv1.weight": Trap(trace, call)}
        torch.save(state, buffer, _use_new_zipfile_serialization=zipped)
        _publish(monkeypatch, tmp_path / f"{number}", buffer.getvalue())
        with pytest.raises(UserError, match="cannot be read"):
            pretrained_state("resnet18")
        assert not trace.exists()


@pytest.mark.parametrize(
    "state",
    [
        [1, 2],
        torch.zeros(3),
        {"a": 1},
        {1: torch.zeros(3)},
        {"a": {"b": torch.zeros(3)}},
        {"a": torch.eye(3).to_sparse()},
        {"a": torch.zeros(3, device="meta")},
        {"a": torch.zeros(3, dtype=torch.complex64)},
        None,
    ],
    ids=["list", "tensor", "number", "key", "nested", "sparse", "meta", "complex", "nothing"],
)
def test_a_file_of_the_right_hash_that_holds_no_weights_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: object
) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    path = _publish(monkeypatch, tmp_path / "weights", buffer.getvalue())
    with pytest.raises(UserError) as caught:
        pretrained_state("resnet18")
    assert caught.value.path == str(path)
    assert "\n" not in str(caught.value)


@_FEW
@given(_flips)
def test_a_pth_with_flipped_bits_and_a_forged_hash_is_read_or_refused(
    monkeypatch: pytest.MonkeyPatch, flips: list[tuple[float, int]]
) -> None:
    buffer = io.BytesIO()
    torch.save({"a": torch.arange(6.0), "b": torch.zeros(2, 3)}, buffer)
    data = flipped(buffer.getvalue(), flips)
    monkeypatch.setattr(pretrained, "CATALOGUE", {"resnet18": _Published(data)})
    try:
        state = pretrained_state("resnet18", lambda name: Brought(data, "a.pth"))
    except UserError as error:
        assert error.path == "a.pth"  # noqa: PT017 - it may also be read
    else:
        assert all(isinstance(value, torch.Tensor) for value in state.values())


@_FEW
@given(_flips)
def test_a_flipped_bit_anywhere_in_a_models_weights_is_noticed(
    flips: list[tuple[float, int]],
) -> None:
    data = flipped(_WEIGHTS, flips)
    if data == _WEIGHTS:
        return
    with pytest.raises(UserError, match="not those of the model's card"):
        load(data, _CARD, "model.safetensors")
    bare = Card(network=_CARD.network, classes=_CARD.classes, options=_CARD.options)
    try:
        model = load(data, bare, "model.safetensors")
    except UserError:
        return
    assert all(torch.isfinite(p).all() for p in model.network.parameters())


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":{"dtype":"F32","shape":[2305843009213693952],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9999999999]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}',
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"X","shape":[1],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F8_E8M0","shape":[4],"data_offsets":[0,4]}}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"{",
    ],
)
def test_a_safetensors_header_that_lies_is_one_line(header: bytes) -> None:
    for data in (
        struct.pack("<Q", len(header)) + header + bytes(4),
        struct.pack("<Q", 2**63) + header,
    ):
        with pytest.raises(UserError) as caught:
            load(data, Card(network="unet", classes=("a", "b")), "model.safetensors")
        assert str(caught.value).count("\n") == 0
        with pytest.raises(UserError):
            check_weights("resnet18", Brought(data, "mine.safetensors"))


@pytest.mark.parametrize("kind", [torch.float8_e4m3fn, torch.float8_e5m2, torch.uint64, torch.bool])
def test_weights_in_any_type_of_number_load_or_are_one_line(kind: torch.dtype) -> None:
    state = {key: value.to(kind) for key, value in _MODEL.network.state_dict().items()}
    model = load(save(state), _MODEL.card, "model.safetensors")
    assert {value.dtype for value in model.network.parameters()} == {torch.float32}
    with pytest.raises(UserError, match="not the weights of resnet18"):
        check_weights("resnet18", Brought(save(state), "mine.safetensors"))


def test_a_pickle_named_safetensors_is_never_unpickled(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    for data in (pickle.dumps(Trap(trace)), b"\x80\x02" * 4 + b"{" + pickle.dumps(Trap(trace))):
        with pytest.raises(UserError):
            load(data, _CARD, "model.safetensors")
        with pytest.raises(UserError):
            check_weights("resnet18", Brought(data, "model.safetensors"))
    assert not trace.exists()


@pytest.mark.parametrize("classes", [1, 3, 255])
def test_a_card_with_other_classes_than_its_weights_is_refused(classes: int) -> None:
    names = tuple(f"class {number}" for number in range(classes))
    card = Card(network=_CARD.network, classes=names, options=_CARD.options)
    with pytest.raises(UserError, match="do not fit"):
        load(_WEIGHTS, card, "model.safetensors")


# ---------------------------------------------------------------------- cards


_DEEP = b"[" * 200_000 + b"]" * 200_000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("unknown", _DEEP),
        ("classes", _DEEP),
        ("classes", json.dumps(["a"] * 1_000_000).encode()),
        ("classes", b"[]"),
        ("classes", b'["\\ud800"]'),
        ("seed", b"9" * 100_000),
        ("seconds", b"1e999"),
        ("options", b'{"width": [1]}'),
    ],
)
def test_a_card_that_was_made_to_hurt_is_one_line(field: str, value: bytes) -> None:
    start = b'{"network": "unet", "' + field.encode() + b'": ' + value
    for read, names in ((Card.from_json, b"classes"), (LabelCard.from_json, b"labels")):
        if field == "options" and names == b"labels":
            continue  # it has none
        data = start.replace(b'"classes"', b'"' + names + b'"')
        end = b"}" if field == "classes" else b', "' + names + b'": ["a"]}'
        with pytest.raises(UserError) as caught:
            read(data + end, "card.json")
        assert caught.value.path == "card.json"
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize("network", ["unet", "unet-resnet18", "fcn8s-vgg16", "../unet", "", "os"])
@pytest.mark.parametrize(
    "options",
    [
        {"width": 10**12},
        {"width": -1},
        {"width": "8"},
        {"width": 1.5},
        {"depth": 10**6},
        {"norm": "__import__"},
        {"in_channels": 10**9},
        {"self": 1},
        {"classes": 2},
    ],
    ids=str,
)
def test_a_card_cannot_ask_for_a_network_that_eats_the_memory(
    network: str, options: dict[str, int | float | str]
) -> None:
    card = Card(network=network, classes=("a", "b"), options=options)
    with pytest.raises(UserError):
        load(save({"x": torch.zeros(2)}), card, "model.safetensors")


def test_a_classifiers_card_is_held_to_its_weights() -> None:
    for network, labels in (("resnet18", 100_000), ("../x", 2), ("", 2)):
        card = LabelCard(network=network, labels=tuple(map(str, range(labels))))
        with pytest.raises(UserError):
            load_labels(save({"x": torch.zeros(2)}), card)


class _Published:
    """An entry of the catalogue whose hash fits, as a forger would have it."""

    def __init__(self, data: bytes) -> None:
        import hashlib

        self.sha8 = hashlib.sha256(data).hexdigest()[:8]


def _publish(monkeypatch: pytest.MonkeyPatch, folder: Path, data: bytes) -> Path:
    """As `weight_files.publish`, of bytes."""
    monkeypatch.setattr("weight_files.as_pth", lambda state: data)
    return publish(monkeypatch, folder, "resnet18", {})


_MODEL = new("unet", ("background", "cell"), 0, {"width": 8})
_WEIGHTS = dump(_MODEL)
_CARD = stamped(_MODEL.card, _WEIGHTS)
assert np.frombuffer(_WEIGHTS, np.uint8).size < 10_000_000
