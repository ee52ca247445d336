"""Measuring a run's robustness in a process of its own, which goes on when nobody looks."""

from __future__ import annotations

from pathlib import Path
from subprocess import Popen

from tlcore.errors import RunError
from tlcore.runs.launch import start_apart
from tlcore.runs.lock import is_locked
from tlcore.runs.robustness import lock_of, log_of
from tlcore.runs.slots import threads_of_a_run

_END = 2000

_started: dict[Path, Popen[bytes]] = {}  # held until they end, so that they leave no zombies


def command_for(folder: Path, pictures: int | None = None) -> list[str]:
    """The module that measures this run, and its arguments.

    >>> command_for(Path("runs/a-run"), 200)
    ['tlcore', 'robust', 'a-run', '--pictures', '200']

    Args:
        folder: Of the run; its name is the run's id.
        pictures: How many of its test pictures; the usual number if nobody says.
    """
    return ["tlcore", "robust", folder.name, *(["--pictures", str(pictures)] if pictures else [])]


def start_measuring(home: Path, folder: Path, pictures: int | None = None) -> None:
    """Measure this run in the background, unless somebody does.

    Args:
        home: Whose run.
        folder: Of the run.
        pictures: As in `command_for`.
    """
    if is_measuring(folder):
        return
    log_of(folder).unlink(missing_ok=True)
    threads = {"OMP_NUM_THREADS": str(threads_of_a_run())}
    try:
        command = command_for(folder, pictures)
        _started[folder] = start_apart(command, home, log_of(folder), threads)
    except OSError as error:
        remedy = "Free some memory or disk space, then try again."
        raise RunError(f"No process can be started: {error.strerror}", remedy=remedy) from None


def is_measuring(folder: Path) -> bool:
    """Whether somebody measures this run, or is about to."""
    ours = _started.get(folder)
    return (ours is not None and ours.poll() is None) or is_locked(lock_of(folder))


def failure_of(folder: Path) -> str:
    """Why the last measurement that was started from here came to no good end; empty if it did, or
    still goes on."""
    ours = _started.get(folder)
    if ours is None or not ours.poll():
        return ""
    try:
        words = log_of(folder).read_text(encoding="utf-8", errors="replace")[-_END:]
    except OSError:
        words = ""
    return words.rpartition("Error: ")[2].strip() or f"it ended with code {ours.poll()}"
