"""Freeze schedules: what trains at which epoch, at which rate, with which BatchNorm policy."""

from tlcore.schedule.phases import (
    Balance,
    FreezeSchedule,
    Phase,
    Preset,
)

__all__ = [
    "Balance",
    "FreezeSchedule",
    "Phase",
    "Preset",
]
