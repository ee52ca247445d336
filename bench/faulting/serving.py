"""A stand-in for the server: `python -m bench.faulting.serving HOME RUN`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tlcore.access import LOCAL
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.store import RunStore


def main(home: str, run: str) -> None:
    """See to a dispatcher, tell how many events there are, and go on watching."""
    store = RunStore(Path(home))
    ensure_dispatcher(store.home)
    print(len(store.events(run, by=LOCAL)), flush=True)
    while True:
        store.metrics(run, by=LOCAL)
        time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
