"""Tries names that lead elsewhere: `python -m bench.faulting.reaching NAME...`, a line for each."""

from __future__ import annotations

import sys
from contextlib import suppress

from tlcore.errors import ThawError
from tlcore.nn.engine import train
from tlcore.recipe.text import from_fields

_SHAPES = {"name": "shapes", "shapes": {"per_class": 3, "test_per_class": 2, "size": 16}}


def main(names: list[str]) -> None:
    """Each name as a network, as weights and as a folder of pictures; the first event is enough."""
    for name in names:
        for fields in (
            {"data": _SHAPES, "model": {"backbone": name}},
            {"data": _SHAPES, "model": {"backbone": "pebble-shapes", "weights": name}},
            {"data": {"name": "folder", "path": name}},
        ):
            with suppress(ThawError):
                next(train(from_fields(fields)))
            print("tried", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
