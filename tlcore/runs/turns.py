"""Whose turn it is: fair across owners, and within one owner's runs by priority.

A hundred runs of one person must not make another wait for a hundred: the owner with the fewest
runs at work goes first; among those, who has waited longest since their last turn (or since they
had anything to wait for).

>>> queue = [Waiting(f"ada-{i}", "ada", 0, ticket=i) for i in range(3)]
>>> queue += [Waiting("bob-0", "bob", 0, ticket=3), Waiting("bob-urgent", "bob", 9, ticket=4)]
>>> list(in_turn(queue))
['ada-0', 'bob-urgent', 'ada-1', 'bob-0', 'ada-2']
>>> next(in_turn(queue, at_work={"ada": 1}))
'bob-urgent'
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType

CALLED_FORWARD = 1000
"""A priority that no owner can give: a teacher's, which counts among everybody's runs."""

_NOBODY: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Waiting:
    """A run in the queue.

    Attributes:
        run: Its id.
        owner: The id of its owner.
        priority: The highest of an owner's goes first; from `CALLED_FORWARD` on, of everybody's.
        ticket: Its place in time: grows with every run that is queued or claimed.
    """

    run: str
    owner: str
    priority: int
    ticket: int


def in_turn(
    queue: Iterable[Waiting],
    at_work: Mapping[str, int] = _NOBODY,
    last_turns: Mapping[str, int] = _NOBODY,
) -> Iterator[str]:
    """The runs in the order in which they would be taken, were none to end meanwhile.

    Args:
        queue: What waits.
        at_work: How many runs each owner has at work.
        last_turns: The ticket of the latest claim of each owner's.
    """
    lines = _lines(queue)
    owners = [
        (at_work.get(owner, 0), max(_first_come(line), last_turns.get(owner, 0)), owner)
        for owner, line in lines.items()
    ]
    yield from _called_forward(lines)
    owners = [owner for owner in owners if lines[owner[2]]]
    later = count(max((since for _, since, _ in owners), default=0) + 1)
    heapq.heapify(owners)
    while owners:
        working, _, owner = heapq.heappop(owners)
        yield lines[owner].popleft().run
        if lines[owner]:
            heapq.heappush(owners, (working + 1, next(later), owner))


def _called_forward(lines: Mapping[str, deque[Waiting]]) -> Iterator[str]:
    """What a teacher lets go before everybody's, in the order of time."""
    first = [each for line in lines.values() for each in line if each.priority >= CALLED_FORWARD]
    for each in sorted(first, key=lambda each: each.ticket):
        lines[each.owner].remove(each)
        yield each.run


def _lines(queue: Iterable[Waiting]) -> dict[str, deque[Waiting]]:
    """The runs of each owner, in their own order."""
    lines: dict[str, deque[Waiting]] = defaultdict(deque)
    for waiting in sorted(queue, key=lambda waiting: (-waiting.priority, waiting.ticket)):
        lines[waiting.owner].append(waiting)
    return lines


def _first_come(line: Iterable[Waiting]) -> int:
    return min(waiting.ticket for waiting in line)
