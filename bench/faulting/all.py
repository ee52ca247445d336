"""Every row, in the order of their numbers."""

from __future__ import annotations

from bench.faulting import (
    clocks,
    crowds,
    disks,
    engine,
    homes,
    hostile,
    killed,
    memory,
    outside,
    pages,
    people,
    power,
    promised,
    queue,
    servers,
)
from bench.faulting.rows import Row

_FAMILIES = (
    killed, servers, power, clocks, queue, people, disks, engine, memory, hostile, outside,
    pages, promised, crowds, homes,
)  # fmt: skip

ROWS: tuple[Row, ...] = tuple(
    sorted((row for family in _FAMILIES for row in family.ROWS), key=lambda row: row.number)
)
