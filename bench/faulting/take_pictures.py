"""Checks each picture: `python -m bench.faulting.take_pictures FILE...`"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.support.hostile.footprint import swallow
from tlcore.data.decode import check_picture


def take(path: Path) -> str:
    check_picture(path.read_bytes())
    return "opened"


if __name__ == "__main__":
    swallow(take, sys.argv[1:])
