"""What each library weighs on this machine: `python bench/weigh.py`, for docs/DEPENDENCIES.md.

"Alone" is the library's own files, "with all" those of everything that it needs, of which much
is shared: the sums of the columns mean nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

MEGABYTE = 10**6


def megabytes(name: str) -> float:
    """The size of a library's own files."""
    files = [Path(str(file.locate())) for file in distribution(name).files or []]
    return sum(file.stat().st_size for file in files if file.exists()) / MEGABYTE


def needed(name: str, extras: frozenset[str], seen: set[str]) -> Iterator[str]:
    """The library and, once each, all that it needs here."""
    try:
        wants = distribution(name).requires or []
    except PackageNotFoundError:
        return
    if name not in seen:
        yield name
    seen.add(name)
    for line in wants:
        want = Requirement(line)
        asked = [{"extra": extra} for extra in extras or {""}]
        child = want.name.lower().replace("_", "-")
        wanted_here = want.marker is None or any(map(want.marker.evaluate, asked))
        if wanted_here and (child not in seen or want.extras):
            yield from needed(child, frozenset(want.extras), seen)


def main(path: str = "requirements.txt") -> None:
    """Print one line for each library that a requirements file names."""
    print(f"{'library':18}{'alone':>8}{'with all':>10}  MB")
    for line in Path(path).read_text().splitlines():
        if line[:1].isalpha():
            name = Requirement(line).name
            whole = sum(map(megabytes, needed(name.lower().replace("_", "-"), frozenset(), set())))
            print(f"{name:18}{megabytes(name):8.1f}{whole:10.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
