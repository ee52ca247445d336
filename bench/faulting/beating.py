"""A worker that only beats: `python -m bench.faulting.beating HOME for-ever|then-write`."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.faulting.clocks import write_all
from tlcore.errors import RunError
from tlcore.runs.identity import own
from tlcore.runs.recorder import Pulse
from tlcore.runs.store import RunStore


def main(home: str, then: str) -> None:
    """Claim, begin, tell the run, and beat until a line or the end comes in."""
    store = RunStore(Path(home))
    attempt = store.claim(device="cpu", worker=own())
    assert attempt
    store.begin(attempt, own(), {})
    pulse = Pulse(store, attempt)
    with pulse:
        print(attempt.run, flush=True)
        sys.stdin.readline()
    if then == "then-write":
        print(write_all(store, attempt))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RunError as error:
        sys.exit(str(error))
