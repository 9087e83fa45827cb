"""A model: a network with weights, and its card. Loading, storing, starting and adapting."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from cnnseg_gui.core.errors import UserError, from_os_error
from cnnseg_gui.learning.card import Card, Option, with_check
from cnnseg_gui.learning.device import Compute
from cnnseg_gui.learning.pretrained import Bring, fitting, from_store, pretrained_state
from cnnseg_gui.resources import starter_folder
from cnnseg_models import registry
from cnnseg_models.conv_norm import fold_norms
from cnnseg_models.fcn import FCN, continue_from
from cnnseg_models.segmentation import ScoreLayer, SegmentationNetwork

WEIGHTS, CARD = "model.safetensors", "card.json"

_UNTAUGHT = -2.0  # bias of a class no one has shown yet: it should not be proposed everywhere


@dataclass(frozen=True, eq=False)
class Model:
    """Never changed once it is made: fine-tuning and adapting return another one."""

    network: SegmentationNetwork
    """In float32 on the processor."""
    card: Card
    _prepared: dict[tuple[torch.device, torch.dtype], SegmentationNetwork] = field(
        default_factory=dict, init=False, repr=False
    )

    def prepared(self, compute: Compute) -> SegmentationNetwork:
        """A copy for proposing, made once per device and precision."""
        key = (compute.device, compute.precision)
        if key not in self._prepared:
            self._prepared[key] = prepare(self.network, compute)
        return self._prepared[key]


def prepare(network: SegmentationNetwork, compute: Compute) -> SegmentationNetwork:
    """A copy for inference: norms folded, in the device's precision and channels_last."""
    ready = copy.deepcopy(network).eval().requires_grad_(False)
    fold_norms(ready)
    # nn.Module.to's typing has no form with both a dtype and a memory format
    return ready.to(compute.device, compute.precision).to(memory_format=torch.channels_last)


def new(
    network: str,
    classes: Sequence[str] | None,
    seed: int = 0,
    options: Mapping[str, Option] | None = None,
    *,
    bring: Bring = from_store,
) -> Model:
    """A model that has learnt nothing here, but may begin from published weights.

    Args:
        network: a name in `cnnseg_models.registry`.
        classes: its classes; None: those that its published weights know.
        seed: of its random weights.
        options: the network's own; `pretrained` false begins at random.
        bring: where published weights come from.

    Raises:
        UserError: no such network or option, or its published weights are not here.
    """
    options = dict(options or {})
    begun_with = known_classes(network, options) or tuple(classes or ())
    if not begun_with:
        raise UserError(f"{network} knows no classes yet", remedy="Teach it in a project.")
    built = _built(network, len(begun_with), seed, options)
    published = registry.NETWORKS[network].weights
    if published and options.get("pretrained", True):
        state = pretrained_state(published, bring)
        fitting(published, None, lambda: built.load_pretrained(state))
    knows = bool(known_classes(network, options))  # from images as they were
    card = Card(
        network=network, classes=begun_with, options=options, seed=seed, stretched=not knows
    )
    model = Model(built.eval(), card)
    return model if classes is None else adapt(model, classes)


def known_classes(network: str, options: Mapping[str, Option]) -> tuple[str, ...]:
    """What a fresh network can propose before it has learnt anything here; often nothing."""
    entry = registry.NETWORKS.get(network)
    return entry.label_names if entry is not None and options.get("pretrained", True) else ()


def staged(coarser: Model, network: str, options: Mapping[str, Option] | None = None) -> Model:
    """The next finer FCN, which goes on from what the coarser one has learnt: 32s → 16s → 8s.

    Raises:
        UserError: there is no such network, or it does not go on from that one.
    """
    entry = registry.NETWORKS.get(network)
    if entry is None or not entry.coarser or entry.coarser != coarser.card.network:
        raise UserError(
            f"{network} does not go on from {coarser.card.network}",
            remedy="FCN-16s goes on from FCN-32s, and FCN-8s from FCN-16s: teach that one first.",
        )
    options = {**coarser.card.options, "at_once": False, **(options or {})}
    built = _built(network, len(coarser.card.classes), coarser.card.seed, options)
    assert isinstance(built, FCN)
    assert isinstance(coarser.network, FCN)
    try:
        continue_from(built, coarser.network)
    except ValueError as error:
        raise UserError(
            f"{network} does not go on from {coarser.card.network} ({error})",
            remedy="Teach the coarser network first.",
        ) from error
    card = msgspec.structs.replace(
        coarser.card,
        network=network,
        options=options,
        parent=coarser.card.sha256 or coarser.card.parent,
        sha256="",
        metrics={},
    )
    return Model(built.eval(), with_check(card, None))


def _built(
    network: str, classes: int, seed: int, options: Mapping[str, Option]
) -> SegmentationNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return registry.build(network, classes=classes, **cast("dict[str, Any]", options))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise _unknown(network, error) from error


def load(weights: bytes | Path, card: Card, path: Path | str | None = None) -> Model:
    """A stored model.

    Args:
        weights: safetensors, or the file that holds them.
        card: its card; a hash in it must be the weights'.
        path: the weights' file, to be named in errors, where `weights` are bytes.

    Raises:
        UserError: the weights are damaged, another network's, or not those of the card.
    """
    if isinstance(weights, Path):
        path = weights
        try:
            weights = weights.read_bytes()
        except OSError as error:
            raise from_os_error(error, doing="reading the model", path=path) from error
    if card.sha256 and hashlib.sha256(weights).hexdigest() != card.sha256:
        raise UserError(
            "these weights are not those of the model's card", path=path, remedy=_RESTORE
        )
    try:
        state = load_safetensors(weights)
    except (
        SafetensorError,
        KeyError,
    ) as error:  # KeyError: an unknown type
        raise UserError(
            f"the model's weights are damaged ({error})", path=path, remedy=_RESTORE
        ) from error
    return Model(_filled(card, state, path), card)


_RESTORE = "Restore the file from a copy, or choose another model."


def dump(model: Model, *, half: bool = False) -> bytes:
    """The weights as safetensors.

    Args:
        half: as float16, where that can hold them: half the size, and as good to start from.
    """
    return save_safetensors(
        {key: _stored(value, half) for key, value in model.network.state_dict().items()},
        metadata={"network": model.card.network},
    )


def stamped(card: Card, weights: bytes) -> Card:
    """The card with the hash of the weights' file."""
    return msgspec.structs.replace(card, sha256=hashlib.sha256(weights).hexdigest())


def starters() -> list[Card]:
    """The cards of the models that ship with the program, by name.

    Raises:
        UserError: a card is damaged.
    """
    paths = sorted(starter_folder().glob(f"*/{CARD}"))
    return [Card.from_json(path.read_bytes(), path) for path in paths]


def starter(name: str) -> Model:
    """A model that ships with the program.

    Raises:
        UserError: there is none of this name, or it is damaged.
    """
    folder = starter_folder() / name
    if Path(name).name != name or not (folder / CARD).is_file():
        raise UserError(f"there is no starter “{name}”", remedy="Choose another model.")
    card = Card.from_json((folder / CARD).read_bytes(), folder / CARD)
    return load(folder / WEIGHTS, card)


def adapt(model: Model, classes: Sequence[str], mapping: Mapping[str, str] | None = None) -> Model:
    """The model for other classes: every weight that fits is kept.

    A class takes over the scores of the one that `mapping` names, else of its own name (case
    aside). Of two classes that become two, one without a namesake takes over what is left, in its
    place. Others start small: what knows none of the classes proposes background until it is
    taught.

    Args:
        mapping: names of the model's classes by names of the new ones; "" for none of them. A name
            that the model does not know counts for nothing.
    """
    if tuple(classes) == model.card.classes and not mapping:
        return model
    rows = _matching_rows(model.card.classes, classes, mapping or {})
    network = copy.deepcopy(model.network)
    generator = torch.Generator().manual_seed(model.card.seed)
    for name in network.class_layers():
        parent, _, child = name.rpartition(".")
        with_rows = _with_rows(network.get_submodule(name), rows, generator)
        setattr(network.get_submodule(parent), child, with_rows)
    bias = network.head.bias
    assert bias is not None
    with torch.no_grad():
        bias[[row is None for row in rows]] = _UNTAUGHT
        if all(row is None for row in rows):
            bias[0] = 0.0  # nothing in common: background everywhere, not noise
    card = msgspec.structs.replace(
        model.card,
        classes=tuple(classes),
        parent=model.card.sha256 or model.card.parent,
        sha256="",
        metrics={},
    )
    return Model(network.eval(), with_check(card, None))


def _with_rows(
    old: nn.Module, rows: Sequence[int | None], generator: torch.Generator
) -> ScoreLayer:
    """The layer for other classes; a class that continues none scores little, or as the others."""
    classes = len(rows)
    layer: ScoreLayer
    if isinstance(old, nn.ConvTranspose2d):  # each class is upsampled by itself
        kernel, stride = old.kernel_size[0], old.stride[0]
        layer = nn.ConvTranspose2d(classes, classes, kernel, stride, groups=classes, bias=False)
        layer.weight.requires_grad_(old.weight.requires_grad)
        fresh = old.weight.detach().mean(0).expand_as(layer.weight)
    else:
        assert isinstance(old, nn.Conv2d)
        layer = nn.Conv2d(old.in_channels, classes, 1)
        fresh = torch.empty_like(layer.weight).normal_(0.0, 0.01, generator=generator)
    with torch.no_grad():
        layer.weight.copy_(fresh)
        if layer.bias is not None:
            layer.bias.zero_()
        for index, row in enumerate(rows):
            if row is not None:
                layer.weight[index] = old.weight[row]
                if layer.bias is not None and old.bias is not None:
                    layer.bias[index] = old.bias[row]
    return layer


def _matching_rows(
    old: Sequence[str], new: Sequence[str], mapping: Mapping[str, str]
) -> list[int | None]:
    """For every new class the old one it continues."""
    known = {name.casefold(): row for row, name in enumerate(old)}
    rows = [known.get(mapping.get(name, name).casefold()) for name in new]
    for place, name in enumerate(new):  # a renamed class, which this model was taught as such
        if rows[place] is None and mapping.get(name):
            rows[place] = known.get(name.casefold())
    if len(old) == len(new) == 2 and not mapping:
        first, second = rows
        if first is None:
            first = 0 if second is None else 1 - second
        return [first, 1 - first if second is None else second]
    return rows


def _filled(card: Card, state: dict[str, Tensor], path: Path | str | None) -> SegmentationNetwork:
    try:
        network = registry.build_empty(
            card.network, classes=len(card.classes), **cast("dict[str, Any]", card.options)
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _unknown(card.network, error, path) from error
    own = network.state_dict()
    if {k: v.shape for k, v in state.items()} != {k: v.shape for k, v in own.items()}:
        raise UserError(
            f"the weights do not fit the network {card.network}", path=path, remedy=_RESTORE
        )
    for key, value in state.items():
        state[key] = value.to(own[key].dtype)  # before: not every type can be asked what follows
        if not torch.isfinite(state[key]).all():
            raise UserError("the model's weights are not finite", path=path, remedy=_RESTORE)
    network.load_state_dict(state, assign=True)
    return network.eval()


def _stored(value: Tensor, half: bool) -> Tensor:
    value = value.detach().contiguous()
    if half and value.is_floating_point():
        smaller = value.half()
        return smaller if torch.isfinite(smaller).all() else value
    return value


def _unknown(network: str, error: Exception, path: Path | str | None = None) -> UserError:
    return UserError(
        f"the network “{network}” cannot be made as asked ({error})",
        path=path,
        remedy="Choose another network or other options, or update CNNSeg.",
    )
