"""Running a row in a process of its own, which can be ended however it hangs."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

from bench.faulting.killed import load_torch
from bench.faulting.rows import Budget, Later, NotHere, Outcome, Result, Row, Verdict
from bench.faulting.trees import end_tree

AT_ONCE = 3
"""Rows of the quick run: some of them mostly wait."""

GRACE = 45.0
"""Seconds beyond its time that a row's last trial may take."""


def run_all(rows: Sequence[Row], *, quick: bool) -> Iterator[Result]:
    """Make the trials of all rows, one row after the other; in a hurry, some at once.

    This process loads torch for all of them and never uses it.
    """
    load_torch()
    if not quick:
        yield from (run(row, quick=False) for row in rows)
        return
    with ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("fork")) as pool:
        waiting = [(row, pool.submit(_in_a_hurry, row.number)) for row in rows]
        for row, came in waiting:
            yield Result(row, *came.result())


def _in_a_hurry(number: int) -> tuple[Verdict, int, str, float]:
    """All of a result but the row, whose check can't be sent from process to process."""
    from bench.faulting.all import ROWS

    result = run(next(row for row in ROWS if row.number == number), quick=True)
    return result.verdict, result.trials, result.found, result.seconds


def run(row: Row, *, quick: bool) -> Result:
    """Make a row's trials and judge them."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="thaw-faults-", ignore_cleanup_errors=True) as folder:
        count, seconds = (row.quick, row.quick_seconds) if quick else (row.full, row.seconds)
        came = _elsewhere(row, Budget(count, seconds, Path(folder), quick))
    seconds = time.monotonic() - began
    match came:
        case NotHere():
            return Result(row, "not here", 0, str(came), seconds)
        case Later():
            return Result(row, "later", 0, str(came), seconds)
        case Outcome(broken=()) if came.trials:
            return Result(row, "holds", came.trials, came.found, seconds)
        case Outcome():
            words = "; ".join([*came.broken[:3], came.found]) or "no trial was made"
            return Result(row, "FAILS", came.trials, words, seconds)
    return Result(row, "FAILS", 0, str(came), seconds)


def _elsewhere(row: Row, budget: Budget) -> Outcome | Exception:
    """What a forked process makes of it: this one has neither threads nor torch."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(row, budget, there))
    process.start()
    there.close()
    try:
        if here.poll(budget.seconds + GRACE):
            return here.recv()  # type: ignore[no-any-return]
        return TimeoutError(f"it hung for more than {GRACE:g} seconds")
    except EOFError:
        return RuntimeError("the process that made the trials died")
    finally:
        assert process.pid
        end_tree(process.pid)
        process.join()


def _report(row: Row, budget: Budget, to: Connection) -> None:
    os.setsid()
    os.environ["TL_HOME"] = str(budget.folder / "home")
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        came: object = row.check(budget)
    except (NotHere, Later) as error:
        came = error
    except Exception as error:  # noqa: BLE001 - a row that can't be judged doesn't hold
        last = traceback.extract_tb(error.__traceback__)[-1]
        came = RuntimeError(
            f"{type(error).__name__}: {str(error)[:300]} ({Path(last.filename).name}:{last.lineno})"
        )
    to.send(came)
