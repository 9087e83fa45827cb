"""Which key does what: profiles, changes, and never two meanings for one key."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from cnnseg_gui.ui.keys.bindings import Bindings
from cnnseg_gui.ui.keys.conflicts import conflicts, without_conflicts
from cnnseg_gui.ui.keys.profiles import OWN, PROFILES
from cnnseg_gui.ui.keys.spec import GROUPS, Context, normalised
from cnnseg_gui.ui.keys.table import SPECS

NAMES = [spec.name for spec in SPECS]
KEYS = sorted({key for spec in SPECS for key in spec.keys} | {"Ctrl+,", "@", "F12", "Alt", "Del"})
STEPS = st.one_of(
    st.tuples(st.just("bind"), st.sampled_from(NAMES), st.lists(st.sampled_from(KEYS), max_size=3)),
    st.tuples(st.just("reset"), st.sampled_from(NAMES), st.just([])),
    st.tuples(st.just("reset all"), st.just(""), st.just([])),
    st.tuples(st.just("profile"), st.sampled_from(sorted(PROFILES)), st.just([])),
)


@pytest.fixture
def bindings(qapp: QApplication) -> Bindings:
    return Bindings(SPECS)


def all_keys(bindings: Bindings) -> dict[str, tuple[str, ...]]:
    return {name: bindings.keys(name) for name in NAMES}


def test_the_table_names_every_action_once_and_in_a_known_group() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {spec.group for spec in SPECS} <= set(GROUPS)
    assert all(normalised(key) == key for spec in SPECS for key in spec.keys)


def test_the_default_keys_have_one_meaning_each() -> None:
    assert conflicts(SPECS, {spec.name: spec.keys for spec in SPECS}) == []


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_has_a_conflict_and_each_gives_all_it_promises(profile: str) -> None:
    promised = PROFILES[profile]
    assert set(promised) <= set(NAMES)
    assert conflicts(SPECS, promised) == []
    given_keys, _ = without_conflicts(SPECS, promised)
    assert conflicts(SPECS, given_keys) == []
    assert {name: given_keys[name] for name in promised} == dict(promised)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_leaves_a_key_to_all_tools_and_the_way_through_the_images(
    profile: str,
) -> None:
    keys, _ = without_conflicts(SPECS, PROFILES[profile])
    for name in ("brush", "eraser", "polygon", "lasso", "bucket", "accept", "approve", "pen"):
        assert keys[name], name
    for name in ("next", "previous", "fit", "undo", "redo", "class_0", "class_9", "keys"):
        assert keys[name], name


def test_a_conflict_is_told_with_its_key_and_its_place() -> None:
    keys = {"brush": ("B",), "lasso": ("B",), "undo": ("Space",), "pan": ("Space",)}
    (found,) = conflicts(SPECS, keys)  # Space is tapped for one and held for the other
    assert (found.key, {found.first, found.second}) == ("B", {"brush", "lasso"})
    assert found.context == Context.WINDOW
    (found,) = conflicts(SPECS, {"pan": ("H",), "hide_overlay": ("H",)})
    assert found.context == Context.HELD


def test_a_key_is_taken_from_the_action_that_had_it(bindings: Bindings) -> None:
    assert bindings.holders("lasso", "B") == ["brush"]
    bindings.bind("lasso", ["B"])
    assert bindings.keys("lasso") == ("B",)
    assert bindings.keys("brush") == ()
    bindings.reset("lasso")
    assert (bindings.keys("lasso"), bindings.keys("brush")) == (("L",), ("B",))


def test_resetting_an_action_takes_its_key_back(bindings: Bindings) -> None:
    bindings.bind("lasso", ["B", "K"])
    bindings.bind("brush", ["Q"])
    bindings.reset("brush")
    assert (bindings.keys("lasso"), bindings.keys("brush")) == (("K",), ("B",))


def test_a_modifier_alone_a_menus_letter_a_sequence_or_nonsense_is_no_key(
    bindings: Bindings,
) -> None:
    bindings.bind("brush", ["Alt", "Alt+F", "Ctrl+K, Ctrl+B", "nonsense", "", "Ctrl+K", "Ctrl+K"])
    assert bindings.keys("brush") == ("Ctrl+K",)


def test_only_what_differs_from_the_profile_is_stored(bindings: Bindings) -> None:
    bindings.bind("brush", ["Q"])
    bindings.bind("eraser", ["E"])
    stored = [key for key in QSettings().allKeys() if key.startswith("keys/")]
    assert stored == [f"keys/changed/{OWN}/brush"]
    bindings.bind("brush", ["B"])
    assert not [key for key in QSettings().allKeys() if key.startswith("keys/")]


def test_each_profile_keeps_its_own_changes(bindings: Bindings) -> None:
    bindings.bind("brush", ["Q"])
    bindings.set_profile("CVAT")
    assert bindings.keys("brush") == ("Shift+1",)
    assert bindings.keys("next") == ("F",)
    assert bindings.keys("fit") == ("Ctrl+F",)  # F is the next frame there
    bindings.set_profile(OWN)
    assert bindings.keys("brush") == ("Q",)


def test_damaged_settings_give_the_profiles_keys(qapp: QApplication) -> None:
    settings_file = QSettings()
    settings_file.setValue("keys/profile", "Emacs")
    settings_file.setValue(f"keys/changed/{OWN}/brush", "nonsense\nB\nE")
    settings_file.setValue(f"keys/changed/{OWN}/unknown", "E")
    bindings = Bindings(SPECS)
    assert bindings.profile == OWN
    assert bindings.keys("brush") == ("B", "E")
    assert conflicts(SPECS, all_keys(bindings)) == []


@settings(max_examples=60)
@given(steps=st.lists(STEPS, max_size=10))
def test_whatever_is_rebound_or_reset_no_key_means_two_things_and_a_restart_changes_nothing(
    qapp: QApplication, steps: list[tuple[str, str, list[str]]]
) -> None:
    QSettings().clear()
    bindings = Bindings(SPECS)
    for kind, name, keys in steps:
        if kind == "bind":
            bindings.bind(name, keys)
            wanted = tuple(dict.fromkeys(key for key in keys if normalised(key)))
            assert bindings.keys(name) == wanted
        elif kind == "reset":
            bindings.reset(name)
            assert not bindings.is_changed(name)
        elif kind == "reset all":
            bindings.reset_all()
            assert not any(map(bindings.is_changed, NAMES))
        else:
            bindings.set_profile(name)
        assert conflicts(SPECS, all_keys(bindings)) == []
    again = Bindings(SPECS)
    assert again.profile == bindings.profile
    assert all_keys(again) == all_keys(bindings)
