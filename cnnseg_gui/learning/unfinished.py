"""The state of a fine-tune that is not finished, to go on from after a fault.

One safetensors file: `facts` (JSON), `weights/…`, `best/…` where earlier weights did best on what
is held out, and AdamW's moments as `mean/…` and `square/…`. These are bfloat16: half the size, and
the next hundred steps replace them anyway. Of networks whose state would be very large they are
left out; the optimiser then starts afresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from cnnseg_gui.core.errors import UserError

MOST_WITH_MOMENTS = 400 * 2**20
"""Bytes of a state with moments; a larger one goes without."""

State = dict[str, Tensor]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """How far it had come."""

    network: str
    """A name in `cnnseg_models.registry`."""
    classes: tuple[str, ...]
    step: Annotated[int, msgspec.Meta(ge=0)]
    seconds: Annotated[float, msgspec.Meta(ge=0, le=1e7)]
    best_step: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Where earlier weights did best; None: they are not kept."""
    resumed: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How often it had been interrupted before."""


@dataclass(frozen=True, eq=False)
class Unfinished:
    """A fine-tune between two of its steps."""

    facts: Facts
    weights: State
    best: State
    """Empty: the weights it began from, or none, did best."""
    means: State
    """AdamW's first moments by the parameters' names; empty: they were left out."""
    squares: State
    """Its second moments."""


def dump_unfinished(unfinished: Unfinished) -> bytes:
    """As safetensors."""
    facts = bytearray(msgspec.json.encode(unfinished.facts))
    parts = {"weights": unfinished.weights, "best": unfinished.best}
    moments = {"mean": unfinished.means, "square": unfinished.squares}
    size = sum(v.nbytes for part in (*parts.values(), unfinished.means) for v in part.values())
    if size <= MOST_WITH_MOMENTS:
        parts |= {kind: _halved(state) for kind, state in moments.items()}
    return save_safetensors(
        {"facts": torch.frombuffer(facts, dtype=torch.uint8)}
        | {
            f"{kind}/{name}": value.detach().to("cpu").contiguous()
            for kind, state in parts.items()
            for name, value in state.items()
        }
    )


def load_unfinished(data: bytes, path: str | None = None) -> Unfinished:
    """The inverse of `dump_unfinished`.

    Raises:
        UserError: it is damaged, or something else; `path` is named.
    """
    try:
        tensors = load_safetensors(data)
        facts = msgspec.json.decode(tensors.pop("facts").numpy().tobytes(), type=Facts)
    except (SafetensorError, msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise _unusable(f"it is damaged: {error}", path) from error
    parts: dict[str, State] = {"weights": {}, "best": {}, "mean": {}, "square": {}}
    for key, value in tensors.items():
        kind, _, name = key.partition("/")
        if kind not in parts:
            raise _unusable(f"it holds “{key[:40]}”", path)
        if not torch.isfinite(value).all():
            raise _unusable("it is not finite", path)
        parts[kind][name] = value
    if any((value < 0).any() for value in parts["square"].values()):
        raise _unusable("a mean square is negative", path)
    return Unfinished(facts, parts["weights"], parts["best"], parts["mean"], parts["square"])


def require_fit(
    unfinished: Unfinished,
    network: nn.Module,
    *,
    name: str,
    classes: tuple[str, ...],
    path: str | None = None,
) -> None:
    """Whether this network can go on from that state.

    Raises:
        UserError: it was another network, or the classes were others.
    """
    facts = unfinished.facts
    if facts.network != name:
        raise _unusable(f"it taught {facts.network[:40]}", path)
    if facts.classes != classes:
        raise _unusable("the classes are others by now", path)
    whole = _shapes(network.state_dict())
    learnt = _shapes({k: p for k, p in network.named_parameters() if p.requires_grad})
    expected: list[tuple[State, Mapping[str, object]]] = [(unfinished.weights, whole)]
    if unfinished.best:
        expected.append((unfinished.best, whole))
    if unfinished.means or unfinished.squares:
        expected += [(unfinished.means, learnt), (unfinished.squares, learnt)]
    if any(_shapes(state) != shapes for state, shapes in expected):
        raise _unusable("its weights do not fit the network", path)
    if bool(unfinished.best) != (facts.best_step is not None):
        raise _unusable("its best weights are missing", path)


def _shapes(state: Mapping[str, Tensor]) -> dict[str, object]:
    return {key: value.shape for key, value in state.items()}


def _halved(state: State) -> State:
    return {name: value.to("cpu").to(torch.bfloat16) for name, value in state.items()}


def _unusable(why: str, path: str | None) -> UserError:
    return UserError(
        f"the interrupted fine-tune cannot go on ({why})",
        path=path,
        remedy="It begins anew from the model before it.",
    )
