"""`cnnseg models`: the networks there are, and the starters that ship with the program."""

from __future__ import annotations

import argparse
import inspect
import json
from typing import TYPE_CHECKING

from cnnseg_gui.commands.output import answer
from cnnseg_gui.core.errors import UserError

if TYPE_CHECKING:
    from cnnseg_gui.learning.card import Card

HELP = "list the networks and the starters, or show one"

_GIVEN = ("in_channels", "classes")  # by the images and the project


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a network or a starter")


def run(options: argparse.Namespace) -> int:
    """Prints what there is.

    Raises:
        UserError: there is nothing of this name, or a starter's card is damaged.
    """
    from cnnseg_gui.learning.model import starters
    from cnnseg_models import registry

    asked = options.name
    networks = [name for name in registry.names() if asked in (None, name)]
    cards = [card for card in starters() if asked in (None, card.name)]
    if asked is not None and not networks and not cards:
        raise UserError(
            f"there is no network or starter “{asked}”", remedy="See `cnnseg models` for all."
        )
    data = {
        "networks": [_network(name) for name in networks],
        "starters": [json.loads(card.to_json()) for card in cards],
    }
    lines = [_network_line(name) for name in networks]
    if asked is None:
        lines += [_starter_line(card) for card in cards] or ["no starter is installed"]
    else:
        lines += [f"  --option {key}={_typed(v)}" for n in networks for key, v in _options(n)]
        lines += [line for card in cards for line in card.to_json().decode().splitlines()]
    answer(options, data, lines)
    return 0


def _network(name: str) -> dict[str, object]:
    from cnnseg_models import registry

    described = registry.describe(name)
    return {
        "name": name,
        "text": described.text,
        "parameters": described.parameters,
        "options": dict(_options(name)),
    }


def _network_line(name: str) -> str:
    from cnnseg_models import registry

    described = registry.describe(name)
    return f"network {name}: {described.parameters:,} parameters. {described.text}"


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
