"""A cache that forgets what was used least recently once it holds too many bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class ByteCache(Generic[T]):
    """Values by key, together at most `limit` bytes; safe to use from several threads.

    The newest value is kept even where it is larger than the limit: a huge image is used many
    times in a row.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._entries: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes held."""
        with self._lock:
            return self._size()

    def get(self, key: str) -> T | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: str, value: T, size: int) -> None:
        """Keeps a value of `size` bytes, in place of the one that had its key."""
        with self._lock:
            self._entries[key] = value, size
            self._entries.move_to_end(key)
            while len(self._entries) > 1 and self._size() > self.limit:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def _size(self) -> int:
        return sum(size for _, size in self._entries.values())
