"""Which key does what at the moment: a profile, and what the person has changed of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, QSettings, Signal

from cnnseg_gui.ui.keys.conflicts import Keys, without_conflicts
from cnnseg_gui.ui.keys.profiles import OWN, PROFILES
from cnnseg_gui.ui.keys.spec import ActionSpec, Context, context_of, native, normalised, number

_PROFILE, _CHANGED = "keys/profile", "keys/changed"
_BETWEEN = "\n"


class Bindings(QObject):
    """The live keys of all actions, never two for one meaning; kept in the person's settings.

    Each profile keeps its own changes, so that none is lost by trying another one.
    """

    changed = Signal()
    """Some action has other keys now."""

    def __init__(self, specs: Sequence[ActionSpec], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._specs = {spec.name: spec for spec in specs}
        self._changes: dict[str, Keys] = {}
        stored = str(QSettings().value(_PROFILE, OWN))
        self._read(stored if stored in PROFILES else OWN)

    # ------------------------------------------------------------------ what holds

    @property
    def profile(self) -> str:
        """One of `PROFILES`."""
        return self._profile

    def keys(self, name: str) -> Keys:
        """An action's keys, as Qt's portable text; the first one is shown."""
        return self._keys[name]

    def profile_keys(self, name: str) -> Keys:
        """What the action has in the profile as it comes."""
        return self._base[name]

    def is_changed(self, name: str) -> bool:
        """Whether its keys are others than the profile's."""
        return self._keys[name] != self._base[name]

    def shown(self, name: str) -> str:
        """The first key as this desktop writes it; empty without one."""
        keys = self._keys[name]
        return native(keys[0]) if keys else ""

    def all_shown(self, name: str) -> str:
        """All keys as this desktop writes them."""
        return ", ".join(map(native, self._keys[name]))

    def holders(self, name: str, key: str) -> list[str]:
        """The other actions that have a key where this one would hear it."""
        return self._claims.holders(name, key)

    def heard(self, *contexts: Context) -> dict[int, str]:
        """The keys of some contexts, as `spec.pressed` numbers, with their actions."""
        return {
            number(key): name
            for name, spec in self._specs.items()
            for key in self._keys[name]
            if context_of(spec, key) in contexts
        }

    # ------------------------------------------------------------------ changes

    def bind(self, name: str, keys: Iterable[str]) -> None:
        """Gives an action other keys; who has one of them loses it."""
        wanted = tuple(key for key in map(normalised, keys) if key is not None)
        changes = self._freed(name, wanted)
        changes[name] = tuple(dict.fromkeys(wanted))
        self._keep(changes)

    def reset(self, name: str) -> None:
        """The profile's keys for one action; who has got one of them loses it."""
        changes = self._freed(name, self._base[name])
        changes.pop(name, None)
        self._keep(changes)

    def reset_all(self) -> None:
        """The profile as it comes."""
        self._keep({})

    def set_profile(self, name: str) -> None:
        """Another profile of `PROFILES`, with what was changed of it before.

        Raises:
            KeyError: there is none of that name.
        """
        _ = PROFILES[name]
        QSettings().setValue(_PROFILE, name)
        self._read(name)
        self.changed.emit()

    # ------------------------------------------------------------------ inside

    def _freed(self, name: str, keys: Keys) -> dict[str, Keys]:
        """The changes, without these keys where they would meet this action's.

        A change of which nothing is left is taken back.
        """
        changes = {}
        for other, theirs in self._changes.items():
            taken = {key for key in keys if other in self.holders(name, key)}
            rest = tuple(key for key in theirs if key not in taken)
            if rest or not theirs or other == name:
                changes[other] = rest
        return changes

    def _keep(self, changes: dict[str, Keys]) -> None:
        self._changes = {
            name: keys for name, keys in changes.items() if keys != self._base.get(name)
        }
        settings = QSettings()
        place = f"{_CHANGED}/{self._profile}"
        settings.remove(place)
        for name, keys in self._changes.items():
            settings.setValue(f"{place}/{name}", _BETWEEN.join(keys))
        self._resolve()
        self.changed.emit()

    def _read(self, profile: str) -> None:
        settings = QSettings()
        self._profile = profile
        self._base, _ = without_conflicts(list(self._specs.values()), PROFILES[profile])
        self._changes = {}
        for name in self._specs:
            stored = settings.value(f"{_CHANGED}/{profile}/{name}")
            if stored is not None:
                keys = map(normalised, str(stored).split(_BETWEEN))
                self._changes[name] = tuple(key for key in keys if key is not None)
        self._resolve()

    def _resolve(self) -> None:
        specs = list(self._specs.values())
        self._keys, self._claims = without_conflicts(specs, self._changes, PROFILES[self._profile])
