"""What a run's computing took, as an estimate that says what it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WATTS = {
    "cpu": (4.0, 40.0),  # a core of a server or laptop, and one of a desktop at full clock
    "mps": (5.0, 100.0),  # Apple's own: a laptop's, and the largest of a studio machine
    "other": (50.0, 1000.0),  # a small card at work, and the largest of a data centre
}
"""From common knowledge, not measured: the least and the most that one takes at work."""


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
    (8.0, 80.0)
    """
    threads = environment.get("threads")
    if not isinstance(threads, int) or threads < 1:
        return None
    device = str(environment.get("device"))
    kind = device if device in WATTS else "other"
    low, high = WATTS[kind]
    count = threads if kind == "cpu" else 1
    cores = f"core{'' if threads == 1 else 's'}"
    what = {"cpu": cores, "mps": "Apple GPU"}.get(kind, "GPU")
    basis = (
        f"an estimate, not a measurement: {seconds:,.0f} s on {count} {what}, at {low:g} to "
        f"{high:,g} W each, without the rest of the machine"
    )
    hours = seconds / 3600
    return Energy(low * count * hours, high * count * hours, basis)
