"""What a run's computing took, as an estimate that says what it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WATTS_A_CORE = (4.0, 12.0)
"""A busy core of a laptop, and of a server with its share of memory and fans."""
WATTS_A_GPU = (50.0, 700.0)
"""A small card at work, and the largest of a data centre."""


@dataclass(frozen=True)
class Energy:
    """Between two numbers, and why.

    Attributes:
        low: Watt-hours.
        high: Watt-hours.
        basis: What was assumed.
    """

    low: float
    high: float
    basis: str


def estimate_energy(environment: Mapping[str, Any], seconds: float) -> Energy | None:
    """From time and hardware; None if it isn't known what it ran on.

    >>> energy = estimate_energy({"device": "cpu", "threads": 2}, seconds=3600)
    >>> energy.low, energy.high
    (8.0, 24.0)
    """
    threads = environment.get("threads")
    if not isinstance(threads, int) or threads < 1:
        return None
    gpu = environment.get("device") != "cpu"
    count, (low, high) = (1, WATTS_A_GPU) if gpu else (threads, WATTS_A_CORE)
    what = "GPU" if gpu else f"core{'' if threads == 1 else 's'}"
    basis = (
        f"an estimate, not a measurement: {seconds:,.0f} s on {count} {what}, at {low:g} to "
        f"{high:g} W each"
    )
    hours = seconds / 3600
    return Energy(low * count * hours, high * count * hours, basis)
