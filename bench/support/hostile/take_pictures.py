"""Opens spoilt pictures: `python -m bench.support.hostile.take_pictures COUNT SEED`, one line of
JSON.

A process of its own, because a reader written in C may not raise but crash.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

from bench.support.hostile.footprint import peak
from bench.support.hostile.pictures import mutations
from tlcore.data.decode import check_picture, open_picture, quietly
from tlcore.errors import DataError


def take(content: bytes) -> str:
    """Whether it opened; what was checked must open, too."""
    try:
        check_picture(content)
    except DataError:
        return "refused"
    try:
        image = open_picture(content, needed=32)
    except DataError:
        return "checked, and then refused"
    return "opened" if image.mode == "RGB" else f"opened as {image.mode}"


def main(count: int, seed: int) -> None:
    outcomes: Counter[str] = Counter()
    slowest, before = 0.0, peak()
    with quietly():
        for content in mutations(count, seed):
            began = time.perf_counter()
            outcomes[take(content)] += 1
            slowest = max(slowest, time.perf_counter() - began)
    print(json.dumps({"outcomes": outcomes, "slowest": slowest, "megabytes": peak() - before}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
