"""Rows 37 to 42: what one person may take, what is deleted, files of runs that are too long, and
homes that are moved, brought up to date by another version, or shared by two machines."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from bench.faulting.rows import Budget, Outcome, Row
from bench.support.archives import finished, put_together, taken_apart
from bench.support.lives import RECIPE, publish, start, submit, work
from bench.support.makers import two_classes
from tlcore import paths
from tlcore.access import LOCAL, Owner, Rules, anonymous
from tlcore.data.cache import shelves
from tlcore.data.load import open_dataset
from tlcore.data.uploads.files import Handed, empty_upload_bin, keep_upload
from tlcore.errors import QuotaExceeded, RunError, StoreError
from tlcore.recipe import Data, Input
from tlcore.runs import identity
from tlcore.runs.archive import MOST_LINES
from tlcore.runs.database import Database, kept_before
from tlcore.runs.dispatcher import Dispatcher, ensure_dispatcher
from tlcore.runs.identity import SYSTEM
from tlcore.runs.launchers.local import Local
from tlcore.runs.records import LEASE
from tlcore.runs.residence import Machine
from tlcore.runs.retention import delete_upload, drop_pictures, showing
from tlcore.runs.schema import MIGRATIONS
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.supervise import find_lost
from tlcore.runs.transfer import export_run, import_run

_NEXT = (*MIGRATIONS, ("CREATE TABLE bench (text TEXT) STRICT",))
_LINES = {
    "metrics.jsonl": '["x", 0, 0, 0.5, 1.0]\n',
    "events.jsonl": '{"event": "Note", "attempt": 1, "at": 0.0, "text": "x"}\n',
}


class _Time:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.wall, self.steady = time.time(), time.monotonic()
        self.clock = replace(SYSTEM, wall=lambda: self.wall, steady=lambda: self.steady)

    def pass_by(self, seconds: float) -> None:
        self.wall, self.steady = self.wall + seconds, self.steady + seconds


def check_quotas(budget: Budget) -> Outcome:
    """Take, delete for good, and take again: three of everything, whatever is deleted."""
    clock = _Time()
    store = RunStore(clock=clock.clock)
    store.set_rules(Rules(runs_each=3, imports=3, seconds=60 * LEASE), by=LOCAL)
    parcel = export_run(store, finished(store), budget.folder / "run.thaw", by=LOCAL)
    broken, refused = [], 0
    for number in budget.trials():
        way, by, taken = ("runs", "imports", "computing time")[number % 3], anonymous(), 0
        for _ in range(5):
            try:
                _take(store, way, parcel, clock, by)
                taken += 1
            except QuotaExceeded:
                refused += 1
        broken += [f"{taken} times {way}"] * (taken != 3)
        for run in store.list(by=by, binned=True, limit=-1):
            store.forget(run.id, by=by)
    found = f"{refused} of {2 * budget.made} attempts beyond the quota refused"
    return Outcome(budget.made, found, tuple(broken))


def _take(store: RunStore, way: str, parcel: Path, clock: _Time, by: Owner) -> None:
    """One more of it; all that is left of it in the end is deleted, for good where that is not
    what is tried."""
    if way == "runs":
        run = submit(store, by=by)
        store.ask(run, "cancel", by=by)
    elif way == "imports":
        run = import_run(store, parcel, by=by).id
    else:
        attempt = work(store, by=by)
        run = attempt.run
        for _ in range(21):
            clock.pass_by(LEASE)
            store.beat(attempt, progress=1)
        store.end(attempt, State.FINISHED, "done")
    store.delete(run, by=by)
    if way != "runs":  # whose number counts with the bin
        store.forget(run, by=by)


def check_deletion(budget: Budget) -> Outcome:
    """Pictures are handed in, decoded at two sizes, learned from, and deleted for good."""
    store, broken, decoded = RunStore(), [], 0
    for number in budget.trials():
        files = two_classes(3 + number % 5)
        by = anonymous()
        upload = keep_upload([Handed(*file) for file in files.items()], by=by)
        data = Data(name="folder", path=upload.path)
        for size in (16, 24):
            open_dataset(data, Input(size=size))
        decoded += len(shelves())
        attempt = start(store, store.submit(RECIPE.model_copy(update={"data": data}), by=by).id)
        store.begin(attempt, identity.own(), {})
        publish(store, attempt, "pictures", "pictures")
        store.end(attempt, State.FINISHED, "done")
        delete_upload(store, upload.id, by=by, anyway=True)
        empty_upload_bin(time.time(), by=by)
        broken += _left(store, attempt.run, upload.id, by)
    found = f"{decoded} decoded copies gone with their pictures; every run that shows some is named"
    return Outcome(budget.made, found, tuple(broken))


def _left(store: RunStore, run: str, upload: str, by: Owner) -> list[str]:
    """What should be gone, or told."""
    broken = ["decoded pictures stayed"] * bool(shelves())
    if [each.id for each in showing(store, [upload], by=by)] != [run]:
        broken.append("a run that shows them wasn't named")
    drop_pictures(store, run, by=by)
    kept = [*(paths.home() / "uploads").glob(f"{upload}*")]
    return broken + ["files of it stayed"] * bool(kept) + ["small pictures stayed"] * bool(
        store.artifact(run, "pictures", by=by)
    )  # fmt: skip


def check_long_files(budget: Budget) -> Outcome:
    """Files of runs with more lines than any run has, while somebody else writes."""
    store, slowest, broken = RunStore(), [0.0], []
    plain = export_run(store, finished(store), budget.folder / "plain.thaw", by=LOCAL)
    over = threading.Event()
    beside = threading.Thread(target=_write_beside, args=(RunStore(), slowest, over))
    beside.start()
    for number in budget.trials():
        files, name = taken_apart(plain), [*_LINES][number % 2]
        files[name] = _LINES[name].encode() * (MOST_LINES[name] * (2 + number % 4))
        try:
            import_run(store, put_together(budget.folder / "long.thaw", files), by=anonymous())
            broken.append(f"{len(files[name])} bytes of {name} were taken")
        except RunError:
            continue
    over.set()
    beside.join()
    broken += [f"somebody waited {slowest[0]:.1f} s"] * (slowest[0] > 1)
    found = f"{budget.made} refused; meanwhile somebody else waited {slowest[0]:.2f} s at most"
    return Outcome(budget.made, found, tuple(broken))


def _write_beside(store: RunStore, slowest: list[float], over: threading.Event) -> None:
    while not over.wait(0.02):
        began = time.monotonic()
        store.set_rules(Rules(), by=LOCAL)
        slowest[0] = max(slowest[0], time.monotonic() - began)


def check_moves(budget: Budget) -> Outcome:
    """Somebody asks for one run after another; at some moment the home is moved."""
    dice, broken, kept = random.Random(0), [], 0
    for number in budget.trials():
        home, moved = budget.folder / f"home-{number}", budget.folder / f"moved-{number}"
        acknowledged: list[str] = []
        said: list[bool] = []
        asks = threading.Thread(target=_ask, args=(RunStore(home), acknowledged, said))
        asks.start()
        while not acknowledged:
            time.sleep(0.001)
        time.sleep(dice.random() / 10)
        home.rename(moved)
        asks.join()
        there = {run.id for run in RunStore(moved).list(by=LOCAL, limit=-1)}
        kept += len(acknowledged)
        recipes = {file.parent.name for file in moved.glob("runs/*/recipe.yaml")}
        lost = {*acknowledged} - (there & recipes)
        broken += [f"{len(lost)} acknowledged runs were lost"] * bool(lost)
        broken += [f"it said: {said}"] * (said != [True])
        broken += ["a database was made at the old place"] * (home / "runs.sqlite").exists()
    found = f"all of {kept:,} acknowledged runs are in the moved home, and the next one was refused"
    return Outcome(budget.made, found, tuple(broken))


def _ask(store: RunStore, acknowledged: list[str], said: list[bool]) -> None:
    """Until the store refuses; whether it said why."""
    while True:
        try:
            acknowledged.append(submit(store))
        except StoreError as error:
            said.append("was moved" in error.what)
            return


def check_migrations(budget: Budget) -> Outcome:
    """Somebody writes; at some moment a newer lab opens the same home."""
    dice, broken, written = random.Random(0), [], 0
    for number in budget.trials():
        path = budget.folder / f"home-{number}" / "runs.sqlite"
        older, said = Database(path), [0, 0]
        writes = threading.Thread(target=_count, args=(older, said))
        writes.start()
        time.sleep(0.01 + dice.random() / 20)
        newer = Database(path, _NEXT)
        writes.join()
        written += said[0]
        before = Database(kept_before(path, len(_NEXT)))
        if (counted := _counted(newer)) != said[0]:
            broken.append(f"{counted} of {said[0]} writes kept")
        broken += ["it wasn't said"] * (not said[1])
        broken += ["the copy lacks some"] * (_counted(before) != said[0])
    found = (
        f"all of {written:,} writes kept, in the newer database and in the copy of what was before"
    )
    return Outcome(budget.made, found, tuple(broken))


def _count(opened: Database, said: list[int]) -> None:
    """Until it is refused: how often, and whether it was said why."""
    while True:
        try:
            with opened.writing() as sql:
                sql.execute("UPDATE ticket SET last = last + 1")
            said[0] += 1
        except StoreError as error:
            said[1] = int("Another version" in error.what)
            return


def _counted(opened: Database) -> int:
    with opened.reading() as sql:
        return int(sql.execute("SELECT last FROM ticket").fetchone()[0])


def check_machines(budget: Budget) -> Outcome:
    """Another machine works in the home; then it has gone."""
    store, broken = RunStore(), []
    for number in budget.trials():
        other = Machine(f"lab-{number}", f"{number}", "a boot of its own")
        attempt, waits = work(store), submit(store)
        there = RunStore(clock=replace(SYSTEM, boot=lambda: "another boot"))
        _says(store.home, other, 0.0)
        for act in (partial(find_lost, there), partial(ensure_dispatcher, store.home)):
            try:
                act()
                broken.append("it worked beside the other machine")
            except StoreError as error:
                broken += ["it wasn't named"] * (other.name not in error.what)
        Dispatcher(store, Local(store, warm=False)).work(idle=5.0)
        states = [store.get(run, by=LOCAL).state for run in (attempt.run, waits)]
        broken += [f"a run became {states}"] * (states != [State.RUNNING, State.QUEUED])
        _says(store.home, other, 60.0)
        broken += ["a run of a machine that has gone stays"] * (
            attempt.run not in {run.id for run in find_lost(there)}
        )
        store.ask(waits, "cancel", by=LOCAL)
    found = "0 runs started or held to be lost; taken over once the other one said nothing more"
    return Outcome(budget.made, found, tuple(broken))


def _says(home: Path, machine: Machine, seconds_ago: float) -> None:
    file = home / "machine.json"
    file.write_text(json.dumps(asdict(machine)))
    written = file.stat().st_mtime - seconds_ago
    os.utime(file, (written, written))


ROWS = (
    Row(
        37,
        "one person takes, deletes for good and takes again: runs, imports, computing time",
        "no more is had than the rules give, whatever was deleted",
        check_quotas,
        full=30,
        quick=3,
        seconds=240,
    ),
    Row(
        38,
        "pictures are deleted for good that were decoded and learned from",
        "no decoded pixel of them stays; runs that show some are named and let them go",
        check_deletion,
        full=50,
        quick=3,
    ),
    Row(
        39,
        "files of runs with up to five times as many lines as any run has",
        "refused before a line is parsed; nobody else waits for a second",
        check_long_files,
        full=40,
        quick=2,
    ),
    Row(
        40,
        "the home is moved while runs are asked for",
        "every acknowledged run is in the moved home; the next one is refused, in words",
        check_moves,
        full=100,
        quick=5,
    ),
    Row(
        41,
        "a newer lab brings a home up to date while an older one writes into it",
        "every write is kept, the older one says why it stops, and there is a way back",
        check_migrations,
        full=100,
        quick=5,
    ),
    Row(
        42,
        "a second machine opens the home while the first works (two boots)",
        "it starts no run and holds none to be lost, in words, until the first has gone",
        check_machines,
        full=50,
        quick=3,
    ),
)
