"""Row 3: the power is cut while runs are written.

A child of this process works on a store that lies on a disk of its own, and tells through a pipe
what has been acknowledged. The disk is shut down at a random moment, so that nothing more of what
is in memory reaches it; then it is mounted again, as after a reboot, and looked at.

As a module: `python -m bench.faulting.power FOLDER COUNT SECONDS careful|careless`, as root, in a
namespace of its own. The careless writer neither forces anything to disk nor seals it: it shows
that the cuts would be noticed.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import termios
import time
from array import array
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any

from bench.faulting.mounts import Disk, in_a_namespace
from bench.faulting.rows import Budget, Outcome, Row
from bench.support.lives import submit, work
from tlcore.access import LOCAL
from tlcore.errors import ThawError
from tlcore.runs.records import Metric
from tlcore.runs.store import RunStore

_BYTES = 200_000
_CONTROL = 20


@dataclass
class Tally:
    """What the cuts did.

    Attributes:
        cuts: How many there were.
        acknowledged: Commits that had been acknowledged before them.
        lost: How many of these were gone afterwards.
        corrupt: Published files or databases that were damaged afterwards.
    """

    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    corrupt: int = 0


def check(budget: Budget) -> Outcome:
    """The lab's own store, and then a careless one for comparison."""
    seconds = budget.seconds
    careful = _cuts(budget, budget.count, seconds * 0.8, "careful")
    careless = _cuts(budget, max(3, min(_CONTROL, budget.count // 5)), seconds * 0.2, "careless")
    found = (
        f"{careful.corrupt} corrupt, {careful.lost} of {careful.acknowledged:,} acknowledged "
        f"commits lost; without forcing to disk: {careless.corrupt} corrupt and {careless.lost} of "
        f"{careless.acknowledged:,} lost in {careless.cuts} cuts"
    )
    broken = [f"{careful.lost} commits lost"] * bool(careful.lost)
    broken += [f"{careful.corrupt} corrupt"] * bool(careful.corrupt)
    if careless.cuts and not careless.lost + careless.corrupt:
        broken.append("the cuts harmed nobody, so they prove nothing")
    return Outcome(careful.cuts, found, tuple(broken))


def _cuts(budget: Budget, count: int, seconds: float, how: str) -> Tally:
    came = in_a_namespace(
        "bench.faulting.power", budget.folder / how, count, seconds, how, seconds=seconds + 40
    )
    return Tally(**came)


def cut_often(folder: Path, count: int, seconds: float, how: str) -> Tally:
    """Cut the power again and again, and look each time."""
    disk, tally, chance = Disk(folder / "image", folder / "disk", 256), Tally(), random.Random(how)
    deadline = time.monotonic() + seconds
    while tally.cuts < count and time.monotonic() < deadline:
        disk.mount()
        shutil.rmtree(disk.folder / "home", ignore_errors=True)  # of the last cut
        told = _until_the_cut(disk, how, 0.05 + chance.random() * 0.4)
        disk.unmount()
        disk.mount()
        _compare(disk.folder / "home", told, tally, how)
        disk.unmount()
    return tally


def _until_the_cut(disk: Disk, how: str, seconds: float) -> list[dict[str, Any]]:
    """What a writer was told that it had, before the cut.

    What it is told while the cut is made doesn't count: ext4 may answer a wait for the disk with
    success when the journal was ended in its midst (1 of 300 times), which no real cut could.
    """
    reading, writing = os.pipe()
    if (writer := os.fork()) == 0:
        os.close(reading)
        with suppress(BaseException):  # after the cut everything fails
            {"careful": _write_on, "careless": _write_carelessly}[how](
                disk.folder / "home", writing
            )
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        first = pipe.read(1)
        time.sleep(seconds)
        told = first + (_waiting(pipe) if first else b"")
        disk.cut()
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
    return [json.loads(line) for line in told.splitlines(keepends=True) if line.endswith(b"\n")]


def _waiting(pipe: RawIOBase) -> bytes:
    """All that lies in a pipe."""
    length = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, length)
    return pipe.read(length[0]) or b""


def _write_on(home: Path, tell: int) -> None:
    """Submit, work, note and publish without end. Whatever returned is told."""
    store = RunStore(home)
    waits = submit(store)
    attempt = work(store)
    _tell(tell, runs=[waits, attempt.run])
    for step in range(10**9):
        store.record(attempt, metrics=[Metric("loss", 0, step, 0.5)])
        _tell(tell, run=attempt.run, steps=step + 1)
        if step % 5 == 0:
            draft = store.folder(attempt.run, by=LOCAL).drafts(1) / "last"
            draft.write_bytes(random.Random(step).randbytes(_BYTES))
            place = store.publish(attempt, "last", draft)
            _tell(tell, run=attempt.run, file=place.name, step=step)


def _write_carelessly(home: Path, tell: int) -> None:
    """The same without the care: a rename and a commit that nothing forces to disk."""
    home.mkdir()
    sql = sqlite3.connect(home / "careless.sqlite", isolation_level=None)
    sql.execute("PRAGMA journal_mode = WAL")
    sql.execute("PRAGMA synchronous = NORMAL")
    sql.execute("CREATE TABLE point (step INTEGER)")
    _tell(tell, runs=[])
    for step in range(10**9):
        sql.execute("INSERT INTO point VALUES (?)", (step,))
        _tell(tell, run="", steps=step + 1)
        if step % 5 == 0:
            (home / "draft").write_bytes(random.Random(step).randbytes(_BYTES))
            os.replace(home / "draft", home / "last")
            _tell(tell, run="", file="last", step=step)


def _tell(pipe: int, **what: Any) -> None:
    os.write(pipe, f"{json.dumps(what)}\n".encode())


def _compare(home: Path, told: list[dict[str, Any]], tally: Tally, how: str) -> None:
    steps = max((each["steps"] for each in told if "steps" in each), default=0)
    files = [each for each in told if "file" in each][-2:]
    runs = [run for each in told for run in each.get("runs", [])]
    tally.cuts += 1
    tally.acknowledged += steps + len(runs) + sum("file" in each for each in told)
    look = _look if how == "careful" else _look_at_careless
    look(home, runs, steps, files, tally)


def _look(
    home: Path, runs: list[str], steps: int, files: list[dict[str, Any]], tally: Tally
) -> None:
    """Every run, every point and both last files are there, and whole."""
    store = None
    try:
        store = RunStore(home)
        with store._database.reading() as sql:
            (sound,) = sql.execute("PRAGMA integrity_check").fetchone()
        tally.corrupt += sound != "ok"
        there = {run.id for run in store.list(by=LOCAL, limit=-1)}
        tally.lost += len(set(runs) - there)
        if not (run := files[-1]["run"] if files else (runs or [""])[-1]):
            return
        tally.lost += max(0, steps - len(store.metrics(run, by=LOCAL)))
        kept = store.checkpoints(run, by=LOCAL)
        tally.corrupt += sum(not each.is_whole() for each in kept)
        newest = max((_number(each.path.name) for each in kept), default=0)
        tally.lost += bool(files) and newest < _number(files[-1]["file"])
    except ThawError:
        tally.corrupt += 1
    finally:
        if store:
            store.close()


def _look_at_careless(
    home: Path, runs: list[str], steps: int, files: list[dict[str, Any]], tally: Tally
) -> None:
    try:
        with closing(sqlite3.connect(home / "careless.sqlite")) as sql:
            (there,) = sql.execute("SELECT count(*) FROM point").fetchone()
        tally.lost += max(0, steps - int(there))
    except sqlite3.Error:
        tally.lost += steps
    file = home / "last"
    content = file.read_bytes() if file.exists() else b""
    tally.corrupt += bool(files) and len(content) != _BYTES


def _number(name: str) -> int:
    """Of a published file: `last-12.safetensors`."""
    return int(name.partition("-")[2].partition(".")[0])


ROWS = (
    Row(
        3,
        "the power is cut while runs are written (ext4, EXT4_IOC_SHUTDOWN)",
        "no file corrupt, no acknowledged commit lost",
        check,
        full=100,
        quick=5,
        seconds=150,
    ),
)

if __name__ == "__main__":
    place, count, seconds, how = sys.argv[1:]
    Path(place).mkdir(parents=True)
    print(json.dumps(asdict(cut_often(Path(place), int(count), float(seconds), how))))
