"""Measurements as a book would hold them."""

from tlcore.analysis.intervals import wilson
from tlcore.studies.reproduce.book import Measurement


def measurement(row, accuracy, *, seed=0, labels=None, pictures=10_000, seconds=60.0, curve=(0.5,)):
    """One run that got that share of its test pictures right."""
    found = wilson(round(accuracy * pictures), pictures)
    return Measurement(
        row=row,
        seed=seed,
        labels=labels,
        accuracy=found.value,
        low=found.low,
        high=found.high,
        pictures=pictures,
        curve=tuple(curve),
        seconds=seconds,
        hardware="a machine, 1 of 2 cores",
        commit="0123456789",
        date="2026-01-01 00:00",
    )
