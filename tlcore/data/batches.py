"""Work on many pictures in threads, some at a time, so that memory stays bounded.

>>> [list(part) for part in in_batches(str, [1, 2, 3], size=2)]
[['1', '2'], ['3']]
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")

_AT_ONCE = 8
"""Handing one small picture to a thread takes half as long as opening it."""


def in_batches(
    work: Callable[[Item], Result], items: Sequence[Item] | NDArray[Any], *, size: int = 512
) -> Iterator[list[Result]]:
    """The results in order, a list for each `size` items."""

    def several(start: int) -> list[Result]:
        return [work(item) for item in items[start : min(start + _AT_ONCE, end)]]

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for first in range(0, len(items), size):
            end = min(first + size, len(items))
            parts = threads.map(several, range(first, end, _AT_ONCE))
            yield [result for part in parts for result in part]
