"""Answers questions about pictures: `python -m tlcore.nn.inference.answer HOME`, one process for
each home.

Whoever asks first starts it (`tlcore.inference.process`). It has torch and the latest few
networks in memory, so that pages need neither; it computes on the CPU, so that no run on a GPU
suffers by it, and gives way to every other process. It ends when nobody has asked for some
minutes, or when its code or its home is no longer what it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tlcore import paths
from tlcore.inference.process import lock_of
from tlcore.nn.inference.server import opened
from tlcore.runs.lock import locked

IDLE = 600.0
"""Seconds without a question."""

LOOK = 2.0
GRACE = 0.5
NICENESS = 5  # before the runs, after the pages
_FIRST_TO_GO = 1000


class Watch:
    """Whether there is any use in going on.

    Args:
        home: Whose networks are asked.
        idle: Seconds without a question after which there is none.
    """

    def __init__(self, home: Path, idle: float) -> None:
        self._home, self._idle = home, idle
        self._asked = time.monotonic()
        self._lock = _stamp(lock_of(home))
        self._code = _code()

    def note_question(self) -> None:
        """Somebody has asked."""
        self._asked = time.monotonic()

    def goes_on(self) -> bool:
        """False once nobody asks any more, or what is here has been replaced."""
        if time.monotonic() - self._asked > self._idle:
            return False
        return _stamp(lock_of(self._home)) == self._lock and _code() == self._code


def serve(home: Path, *, idle: float = IDLE) -> None:
    """Be the answering process of the home, if there is none."""
    with locked(lock_of(home)) as mine:
        if not mine:
            return
        watch = Watch(home, idle)
        with opened(home) as door:
            from tlcore.nn.inference.handlers import Desk  # torch, for seconds; the door is open

            desk = Desk(home)
            door.ready = True
            while watch.goes_on():
                if door.answer_next(desk.answer, within=LOOK):
                    watch.note_question()
        while door.answer_next(desk.answer, within=GRACE):
            pass  # nobody is sent away who came in before the door was closed


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until there is no use in it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path, help="the state folder whose networks are asked")
    parser.add_argument("--idle", type=float, default=IDLE, help="seconds until it ends")
    given = parser.parse_args(arguments)
    _give_way()
    serve(given.home.absolute(), idle=given.idle)
    return 0


def _give_way() -> None:
    """Let pages go first, and be the first to go when memory runs out."""
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    with suppress(OSError):  # see tlcore.nn.worker
        Path("/proc/self/autogroup").write_text(str(NICENESS))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_FIRST_TO_GO))


def _code() -> Mapping[str, int]:
    """What the code here looks like from outside; a moment's work."""
    files = (*(paths.PACKAGE / "nn").rglob("*.py"), *_ASKING.glob("*.py"))
    return {str(file): _stamp(file) for file in files}


def _stamp(file: Path) -> int:
    """Changes whenever the file is replaced, written to or removed."""
    try:
        status = file.stat()
    except OSError:
        return 0
    return hash((status.st_ino, status.st_mtime_ns if file.suffix == ".py" else 0))


_ASKING = paths.PACKAGE / "inference"

if __name__ == "__main__":
    sys.exit(main())
