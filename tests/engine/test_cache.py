"""The engine's memory is bounded by bytes, not by the number of images."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cnnseg_gui.engine.cache import ByteCache

KEYS = st.sampled_from("abcdefgh")


@given(st.integers(0, 100), st.lists(st.tuples(KEYS, st.integers(0, 60)), max_size=60))
def test_it_never_holds_more_than_its_limit_or_one_value(
    limit: int, puts: list[tuple[str, int]]
) -> None:
    cache: ByteCache[int] = ByteCache(limit)
    for key, size in puts:
        cache.put(key, size, size)
        assert cache.get(key) == size, "what was just put is there"
        assert cache.size <= max(limit, size)


def test_what_was_used_least_recently_goes_first() -> None:
    cache: ByteCache[str] = ByteCache(10)
    cache.put("a", "a", 5)
    cache.put("b", "b", 5)
    cache.get("a")
    cache.put("c", "c", 5)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("a", None, "c")


def test_a_new_value_replaces_the_old_one_and_its_size() -> None:
    cache: ByteCache[str] = ByteCache(10)
    cache.put("a", "old", 9)
    cache.put("a", "new", 3)
    assert (cache.get("a"), cache.size) == ("new", 3)


def test_clearing_frees_everything() -> None:
    cache: ByteCache[str] = ByteCache(10)
    cache.put("a", "a", 9)
    cache.clear()
    assert (cache.get("a"), cache.size) == (None, 0)
