"""One key, one meaning: finding keys that two actions want, and giving each to one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnnseg_gui.ui.keys.spec import ActionSpec, Context, context_of, meet, normalised, number

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Conflict:
    """A key that means two things in one place."""

    key: str
    first: str
    second: str
    context: Context
    """The narrower of the two places."""


def conflicts(specs: Sequence[ActionSpec], keys: Mapping[str, Keys]) -> list[Conflict]:
    """All keys that two actions have where both would hear them.

    Args:
        keys: action name to its keys; an action that is missing has none.
    """
    known: dict[int, list[tuple[ActionSpec, Context]]] = {}
    found = []
    for spec in specs:
        for key in keys.get(spec.name, ()):
            here = context_of(spec, key)
            holders = known.setdefault(number(key), [])
            for other, there in holders:
                if meet(here, there):
                    narrower = there if here == Context.WINDOW else here
                    found.append(Conflict(key, other.name, spec.name, narrower))
            holders.append((spec, here))
    return found


class Claims:
    """Which keys are given away already, and where they work."""

    def __init__(self, specs: Iterable[ActionSpec]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._taken: dict[int, list[tuple[str, Context]]] = {}

    def holders(self, name: str, key: str) -> list[str]:
        """Other actions that have a key where this one would hear it."""
        here = context_of(self._specs[name], key)
        return [
            other
            for other, there in self._taken.get(number(key), ())
            if other != name and meet(here, there)
        ]

    def take(self, name: str, keys: Iterable[str]) -> Keys:
        """Gives an action those of the keys that are free; returns what it got."""
        got: list[str] = []
        for key in map(normalised, keys):
            if key is None or key in got or self.holders(name, key):
                continue
            place = context_of(self._specs[name], key)
            self._taken.setdefault(number(key), []).append((name, place))
            got.append(key)
        return tuple(got)


def without_conflicts(
    specs: Sequence[ActionSpec], *wishes: Mapping[str, Keys]
) -> tuple[dict[str, Keys], Claims]:
    """Gives every action its keys; a key that two want goes to the earlier wish.

    Args:
        wishes: action name to its keys, the most important mapping first. An action's keys come
            from the first one that has it, its default keys if none has.
    """
    claims = Claims(specs)
    given: dict[str, Keys] = {}
    for wish in (*wishes, {spec.name: spec.keys for spec in specs}):
        for spec in specs:
            if spec.name in wish and spec.name not in given:
                given[spec.name] = claims.take(spec.name, wish[spec.name])
    return given, claims
