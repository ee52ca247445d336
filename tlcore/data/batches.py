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


def in_batches(
    work: Callable[[Item], Result], items: Sequence[Item] | NDArray[Any], *, size: int = 512
) -> Iterator[list[Result]]:
    """The results in order, a list for each `size` items."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(items), size):
            yield list(threads.map(work, items[start : start + size]))
