"""What was asked lately, and what the answer was.

A network's file never changes, nor do pixels; so an answer holds for as long as anybody wants it.
Not Streamlit's cache, inside of which no progress can be shown.

>>> recent: Recent[str] = Recent(most=2)
>>> [recent.kept(key, lambda: key.upper()) for key in ("a", "b", "c")]
['A', 'B', 'C']
>>> recent.kept("b", lambda: "asked again"), recent.kept("a", lambda: "asked again")
('B', 'asked again')
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Answers by question, for everybody together; the ones that nobody asks for go first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def kept(self, key: Hashable, find: Callable[[], T]) -> T:
        """What is kept under this key; found first if nothing is."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = find()
        with self._lock:
            self._found[key] = found
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._found.clear()
