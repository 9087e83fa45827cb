"""`cnnseg models`: the networks there are, one's layers, and their published weights."""

from __future__ import annotations

import argparse
import inspect
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cnnseg_gui.commands.output import Ticker, answer, note
from cnnseg_gui.core.errors import UserError
from cnnseg_gui.weights.catalogue import CATALOGUE, MEBIBYTE
from cnnseg_gui.weights.fetch import fetch
from cnnseg_gui.weights.store import WeightStore

if TYPE_CHECKING:
    from cnnseg_gui.learning.card import Card
    from cnnseg_models.layers import Layer

HELP = "list the networks and the starters, show one's layers, download weights"

_GIVEN = ("in_channels", "classes", "encoder", "backbone", "stride", "depth")  # by the name
_WITH_PROGRAM = "efficientnet-lite0"
_SIDE = 512  # of the image that a segmentation network's layers are shown for


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a network, starter or classifier")
    parser.add_argument(
        "--download", action="store_true", help="fetch its published weights, checked by their hash"
    )
    parser.add_argument("--file", type=Path, metavar="F", help="take its published weights from F")
    parser.add_argument(
        "--mirror",
        default="",
        metavar="M",
        help="a folder, or the beginning of an address, to fetch from instead",
    )


def run(options: argparse.Namespace) -> int:
    """Prints what there is.

    Raises:
        UserError: there is nothing of this name, a starter's card is damaged, or its weights
            cannot be had.
    """
    from cnnseg_gui.learning.model import starters
    from cnnseg_models import registry
    from cnnseg_models.classifiers import CLASSIFIERS

    asked = options.name
    if asked is None and (options.download or options.file):
        options.usage_error("--download and --file need a NAME")
    networks = [name for name in registry.names() if asked in (None, name)]
    cards = [card for card in starters() if asked in (None, card.name)]
    classifiers = [name for name in CLASSIFIERS if asked in (None, name)]
    if asked is not None and not (networks or cards or classifiers):
        raise UserError(
            f"there is no network, starter or classifier “{asked}”",
            remedy="See `cnnseg models` for all.",
        )
    store = WeightStore(mirror=options.mirror)
    if options.download or options.file:
        _bring(options, store, _weights_of(asked))
    found = {
        "networks": [_network(name, store) for name in networks],
        "classifiers": [_classifier(name, store) for name in classifiers],
        "starters": [json.loads(card.to_json()) for card in cards],
    }
    lines = [
        *(_line(item) for item in found["networks"]),
        *(_line(item) for item in found["classifiers"]),
        *([_starter_line(card) for card in cards] or ([] if asked else ["no starter is here"])),
    ]
    if asked is not None:
        table = _table(networks, classifiers)
        found["layers"] = [asdict(layer) for layer in table]
        lines += [f"  --option {k}={_typed(v)}" for n in networks for k, v in _options(n)]
        lines += [line for card in cards for line in card.to_json().decode().splitlines()]
        lines += _layer_lines(table)
    answer(options, found, lines)
    return 0


# ---------------------------------------------------------------------- weights


def _weights_of(name: str) -> str:
    """The name of a network's published weights."""
    from cnnseg_models.classifiers import CLASSIFIERS
    from cnnseg_models.registry import NETWORKS

    entry = NETWORKS.get(name) or CLASSIFIERS.get(name)
    weights = entry.weights if entry is not None else ""
    if not weights:
        raise UserError(f"no weights are published for {name}", remedy="Teach it in a project.")
    return weights


def _bring(options: argparse.Namespace, store: WeightStore, name: str) -> None:
    """Downloads weights, or takes them over from a file, and checks that they fit."""
    from cnnseg_gui.learning.pretrained import Brought, check_weights, from_store

    if name == _WITH_PROGRAM:
        note(f"the weights of {name} are installed with the program")
        return
    published = store.published(name)
    note(f"{published.file}, {published.size}: {published.licence}")
    if options.file:
        copy = store.stage(name, options.file)
        try:
            check_weights(name, Brought(copy.read_bytes(), str(options.file)))
            store.settle(name, copy)
        finally:
            copy.unlink(missing_ok=True)
    else:
        ticker = Ticker()
        fetch(
            store,
            name,
            on_progress=lambda done, total: ticker.note(
                f"{done / MEBIBYTE:.1f} of {total / MEBIBYTE:.1f} MiB"
            ),
        )
        check_weights(name, from_store(name))


def _state(weights: str, store: WeightStore) -> str:
    if not weights:
        return "none published"
    if weights == _WITH_PROGRAM:
        return "installed with the program"
    if store.find(weights) is not None:
        return "here"
    return f"not downloaded, {CATALOGUE[weights].size}"


# ---------------------------------------------------------------------- what is listed


def _network(name: str, store: WeightStore) -> dict[str, object]:
    from cnnseg_models import registry

    described, entry = registry.describe(name), registry.NETWORKS[name]
    return {
        "name": name,
        "kind": "segmentation",
        "text": described.text,
        "parameters": described.parameters,
        "weights": _state(entry.weights, store),
        "published": CATALOGUE[entry.weights].score if entry.label_names else "",
        "options": dict(_options(name)),
        "classes": list(entry.label_names),
    }


def _classifier(name: str, store: WeightStore) -> dict[str, object]:
    from cnnseg_models.classifiers import CLASSIFIERS, build_empty_classifier

    kind = CLASSIFIERS[name]
    return {
        "name": name,
        "kind": "classifier",
        "text": kind.text,
        "parameters": sum(p.numel() for p in build_empty_classifier(name).parameters()),
        "weights": _state(kind.weights, store),
        "published": CATALOGUE[kind.weights].score if kind.weights in CATALOGUE else "",
    }


def _line(item: dict[str, object]) -> str:
    score = f"; published: {item['published']}" if item["published"] else ""
    kind = "network" if item["kind"] == "segmentation" else "classifier"
    facts = f"{item['parameters']:,} parameters; weights: {item['weights']}{score}"
    return f"{kind} {item['name']}: {facts}. {item['text']}"


def _starter_line(card: Card) -> str:
    score = f", held-out IoU {card.metrics['iou']:.4f}" if "iou" in card.metrics else ""
    return f"starter {card.name}: {card.network} for {', '.join(card.classes)}{score}. {card.data}"


def _options(network: str) -> list[tuple[str, object]]:
    """A network's options and their defaults."""
    from cnnseg_models import registry

    parameters = inspect.signature(registry.NETWORKS[network].make).parameters.values()
    return [(p.name, p.default) for p in parameters if p.name not in _GIVEN]


def _typed(value: object) -> str:
    """As `--option` reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---------------------------------------------------------------------- one network's layers


def _table(networks: list[str], classifiers: list[str]) -> list[Layer]:
    from cnnseg_models.classifiers import CLASSIFIERS, build_empty_classifier
    from cnnseg_models.layers import layer_table
    from cnnseg_models.registry import build_empty

    for name in networks:
        return layer_table(build_empty(name, classes=2), (3, _SIDE, _SIDE))
    for name in classifiers:
        side = CLASSIFIERS[name].preprocessing.crop
        return layer_table(build_empty_classifier(name), (3, side, side))
    return []


def _layer_lines(table: list[Layer]) -> list[str]:
    """Columns for a person: kind, kernel, stride, what comes out, parameters, what it sees."""
    rows = [("layer", "kind", "kernel", "stride", "out", "parameters", "sees")]
    for layer in table:
        rows.append(
            (
                layer.name,
                layer.kind,
                _pair(layer.kernel),
                _pair(layer.stride),
                "×".join(str(side) for side in layer.output_shape),
                f"{layer.parameters:,}" if layer.parameters else "",
                _pair(layer.receptive_field) or "all",
            )
        )
    if len(rows) == 1:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _pair(pair: tuple[int, int] | None) -> str:
    return "" if pair is None else f"{pair[0]}×{pair[1]}"
