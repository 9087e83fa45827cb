"""Published weights as tensors: brought as bytes, checked, and read without executing anything."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.weights.catalogue import CATALOGUE
from cnnseg_gui.weights.store import WeightStore
from cnnseg_models.classifiers import CLASSIFIERS, build_empty_classifier
from cnnseg_models.lite0_weights import WeightsError, read_weights
from cnnseg_models.published import load_published
from cnnseg_models.registry import NETWORKS, build_empty

LITE0 = "efficientnet-lite0"
"""The weights that an installed package holds; all others are brought."""

_OTHER = "Choose the file that is published for this network, or download it."


@dataclass(frozen=True)
class Brought:
    """A weight file's bytes, and where they come from."""

    data: bytes
    path: str | None = None


Bring = Callable[[str], Brought]
"""From a name in the catalogue to its file; raises `UserError` where it is not here."""


def from_store(name: str) -> Brought:
    """The file in this machine's store of weights.

    Raises:
        UserError: it is not downloaded, or cannot be read.
    """
    path = WeightStore().require(name)
    try:
        return Brought(path.read_bytes(), str(path))
    except OSError as error:
        raise from_os_error(error, doing="reading the weights", path=path) from error


def pretrained_state(name: str, bring: Bring = from_store) -> dict[str, Tensor]:
    """The published state dict of a name in the catalogue, or of `LITE0`.

    Raises:
        UserError: it is not here, damaged, or another file than the published one.
    """
    if name == LITE0:
        try:
            return read_weights()
        except WeightsError as error:
            raise UserError(
                error.what, path=error.path, remedy="Install CNNSeg again, with its dependencies."
            ) from error
    brought = bring(name)
    return _read(name, brought)


def check_weights(name: str, brought: Brought) -> None:
    """Makes sure that a person's file fits: its hash, its keys, its shapes, its numbers.

    Raises:
        UserError: it does not.
    """
    state = _read(name, brought)
    for key, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value.double()).all():
            raise UserError(f"{key} holds values that are no numbers", path=brought.path)
    fitting(name, brought.path, lambda: _load_somewhere(name, state))


def fitting(name: str, path: str | None, load: Callable[[], None]) -> None:
    """Runs `load`, and says which file does not fit where it does not.

    Raises:
        UserError: `load` raised ValueError.
    """
    try:
        load()
    except ValueError as error:
        raise UserError(
            f"these are not the weights of {name} ({error})", path=path, remedy=_OTHER
        ) from error


def _load_somewhere(name: str, state: dict[str, Tensor]) -> None:
    """Into an empty network that these weights are made for."""
    empty: nn.Module
    for classifier, kind in CLASSIFIERS.items():
        if kind.weights == name:
            load_published(build_empty_classifier(classifier), state)
            return
    for network, entry in NETWORKS.items():
        if entry.weights == name and entry.label_names:
            empty = build_empty(network, classes=len(entry.label_names))
            empty.load_pretrained(state)
            return
    raise ValueError("no network is built for them")


def _read(name: str, brought: Brought) -> dict[str, Tensor]:
    data, path = brought.data, brought.path
    published = CATALOGUE.get(name)
    if published is None:
        raise UserError(f"no weights are published as “{name}”", remedy="See `cnnseg models`.")
    if _is_safetensors(data):
        try:
            return load_safetensors(data)
        except (SafetensorError, KeyError) as error:  # KeyError: a type of number unknown to torch
            raise UserError(
                f"the weights are damaged ({error})", path=path, remedy=_OTHER
            ) from error
    digest = hashlib.sha256(data).hexdigest()
    if not digest.startswith(published.sha8):
        raise UserError(
            f"the weights are damaged or others (sha256 {digest[:8]}, not {published.sha8})",
            path=path,
            remedy=_OTHER,
        )
    # The published hash is eight digits of the file's name: it tells damage, but whoever tries
    # 2³² files has another one with it. So what comes now may be anything still.
    try:
        state: object = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise UserError(
            f"the weights cannot be read ({reason})", path=path, remedy=_OTHER
        ) from error
    if not isinstance(state, dict) or not all(map(_is_weight, state.items())):
        raise UserError("this file holds something else than weights", path=path, remedy=_OTHER)
    return state


def _is_weight(entry: tuple[object, object]) -> bool:
    """A name and a dense tensor in memory: all that a published state dict holds."""
    name, value = entry
    return (
        isinstance(name, str)
        and isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
        and not value.is_complex()
    )


def _is_safetensors(data: bytes) -> bool:
    """Its first eight bytes are a length, and a JSON object follows; a `.pth` is a zip archive."""
    return data[8:9] == b"{"
