"""A store whose calls happen in other processes, never twice in a row in the same one.

What passes with it depends on nothing that a process remembers.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

from tlcore.errors import ThawError
from tlcore.runs.store import RunStore

PROJECT = Path(__file__).parent.parent.parent


class Processes:
    """Some processes, each ready to call any store."""

    def __init__(self, count: int = 2) -> None:
        command = [sys.executable, "-m", "tests.runs.elsewhere"]
        self._all = [
            subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(count)
        ]
        self._turns: Iterator[subprocess.Popen[bytes]] = cycle(self._all)

    def call(self, home: Path, name: str, given: dict[str, Any]) -> Any:
        """Have the next process call a store, and give or raise what comes of it."""
        process = next(self._turns)
        assert process.stdin
        assert process.stdout
        pickle.dump((home, name, given), process.stdin)
        process.stdin.flush()
        came = pickle.load(process.stdout)
        if isinstance(came, Exception):
            raise came
        return came

    def close(self) -> None:
        """They end when nobody can ask them any more."""
        with ExitStack() as stack:
            for process in self._all:
                stack.enter_context(process)
                assert process.stdin
                process.stdin.close()


class Elsewhere:
    """Looks like a store."""

    def __init__(self, home: Path, processes: Processes) -> None:
        self.home = home
        self._processes = processes

    def __getattr__(self, name: str) -> Any:
        def call(*positional: Any, **named: Any) -> Any:
            given = {"positional": positional, "named": named}
            return self._processes.call(self.home, name, given)

        return call


def serve() -> None:
    """Answer until nobody can ask any more."""
    stores: dict[Path, RunStore] = {}
    while True:
        try:
            home, name, given = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        store = stores.get(home) or stores.setdefault(home, RunStore(home))
        try:
            came = getattr(store, name)(*given["positional"], **given["named"])
        except (ThawError, ValueError) as error:
            came = error
        pickle.dump(came, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
