"""A lab in use for long: `python -m bench.soak MINUTES [PEOPLE]` (60 minutes, 30 people).

A server and a dispatcher of rehearsed runs in a home of their own. PEOPLE sessions watch and rerun
the page Runs; meanwhile runs are submitted, paused, deleted and forgotten, pictures uploaded and
deleted, a run exported and imported, and every twenty seconds a worker or the dispatcher is killed.
The server's memory and open files are looked at every ten seconds. Prints what was done, what
failed, and both at the start (after a fifth of the time) and in the end: medians of a fifth each.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from tlcore.access import LOCAL
from tlcore.data.uploads.files import Handed, keep_upload
from tlcore.data.uploads.folder import drop_holders
from tlcore.errors import RunError, ThawError
from tlcore.paths import PROJECT
from tlcore.recipe import Recipe
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.transfer import export_run, import_run

LOOK, KILL = 10.0, 20.0
MOST_RUNS, MOST_WAITING = 60, 8
PAUSED = 0.1
"""How often whoever looks at a run that is at work pauses it."""
MEGABYTE = 10**6


@dataclass
class Done:
    """What was done and seen.

    Attributes:
        acts: How often each was done.
        errors: What went wrong, and how often.
        looks: Bytes of memory and open files of the server, each time that it was looked at.
    """

    acts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    looks: list[tuple[int, int]] = field(default_factory=list)


def main(minutes: float = 60.0, people: int = 30) -> int:
    """Use a lab for so long, and tell how it bore it."""
    done = Done()
    # a worker may still write when its home is cleared away
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        os.environ.update(TL_HOME=str(home), OMP_NUM_THREADS="1")
        store = RunStore(home)
        with _server(Path(folder)) as (server, url), _dispatcher(home) as dispatch:
            first = _first_run(store)
            end = time.monotonic() + 60 * minutes
            people_watch = _watchers(url, first, people, 60 * minutes)
            threads = [
                threading.Thread(target=_repeat, args=(act, end, done, pause))
                for act, pause in (
                    (lambda: _use_runs(store, first, done), 0.5),
                    (lambda: _use_uploads(done), 2.0),
                    (lambda: _use_transfer(store, first, Path(folder), done), 5.0),
                    (lambda: _kill(store, dispatch, done), KILL),
                    (lambda: _look(server.pid, done), LOOK),
                )
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seen = _seen(people_watch, done)
            if server.poll() is not None:
                done.errors["the server ended"] += 1
    return _tell(done, seen, minutes, people)


def _repeat(act: Callable[[], None], end: float, done: Done, pause: float) -> None:
    while time.monotonic() < end:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - counted and shown
            done.errors[f"{type(error).__name__}: {error}".splitlines()[0][:150]] += 1
        time.sleep(min(pause, max(0.0, end - time.monotonic())))


def _use_runs(store: RunStore, first: str, done: Done) -> None:
    """Ask for one, pause another, take up what is paused, delete what is old."""
    dice = random.choice
    if store.queued() < MOST_WAITING:
        store.submit(Recipe(name=dice(("slow", "quick")), epochs=dice((1, 20, 60))), by=LOCAL)
        done.acts["runs"] += 1
    with suppress(RunError):
        if (active := store.active()) and random.random() < PAUSED:
            store.ask(dice(active).id, "pause", by=LOCAL)
            done.acts["pauses"] += 1
    for run in store.list(by=LOCAL, states=[State.PAUSED, State.LOST]):
        with suppress(RunError):
            store.resume(run.id, by=LOCAL)
    for run in store.list(by=LOCAL, limit=-1)[MOST_RUNS:]:
        with suppress(RunError):  # it is at work
            if run.id != first:
                store.delete(run.id, by=LOCAL)
                store.forget(run.id, by=LOCAL)
                done.acts["runs deleted"] += 1


def _use_uploads(done: Done) -> None:
    """Hand pictures in, and delete them."""
    files = [
        Handed(f"{number}.png", _picture(), label=name)
        for name in ("cats", "dogs")
        for number in range(5)
    ]
    upload = keep_upload(files, by=LOCAL, name="Soak")
    drop_holders(upload.id, [LOCAL.id])
    done.acts["uploads"] += 1


def _picture() -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng().integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _use_transfer(store: RunStore, first: str, folder: Path, done: Done) -> None:
    """Give a run away that never began (a rehearsed network is no network), and take it in."""
    run = store.submit(store.recipe(first, by=LOCAL), by=LOCAL)
    with suppress(RunError):  # somebody may have begun it
        store.ask(run.id, "cancel", by=LOCAL)
    if store.get(run.id, by=LOCAL).state != State.STOPPED:
        return
    file = folder / "run.thaw"
    file.unlink(missing_ok=True)
    taken = import_run(store, export_run(store, run.id, file, by=LOCAL), by=LOCAL)
    for each in (run.id, taken.id):
        store.delete(each, by=LOCAL)
        store.forget(each, by=LOCAL)
    done.acts["imports"] += 1


def _kill(store: RunStore, dispatch: Callable[[], subprocess.Popen[bytes]], done: Done) -> None:
    """A worker, or else the dispatcher, without a word."""
    workers = [worker for run in store.active() if (worker := store.worker(run.id))]
    if workers and random.random() < 0.6:
        with suppress(ProcessLookupError):
            os.kill(random.choice(workers).pid, signal.SIGKILL)
            done.acts["workers killed"] += 1
        return
    dispatch()
    done.acts["dispatchers killed"] += 1


def _look(pid: int, done: Done) -> None:
    status = Path(f"/proc/{pid}/status").read_text()
    memory = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    done.looks.append((1024 * int(memory.split()[1]), files))


@contextmanager
def _server(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
        "--server.port", str(port), "--server.address", "127.0.0.1",
    ]  # fmt: skip
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _until_it_answers(server, f"{url}/_stcore/health")
        yield server, url
    finally:
        server.terminate()
        server.wait()


def _until_it_answers(server: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.5)
    raise ThawError("The server doesn't answer")


@contextmanager
def _dispatcher(home: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """One that is there; asked again, it is killed and another one started."""
    running: list[subprocess.Popen[bytes]] = []
    command = [sys.executable, "-m", "tests.runs.rehearsal", "dispatcher", "--idle", "100000"]

    def again() -> subprocess.Popen[bytes]:
        for each in running:
            each.kill()
            each.wait()
        with (home / "soak.log").open("ab") as log:
            running[:] = [subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log)]
        return running[0]

    again()
    try:
        yield again
    finally:
        running[0].kill()
        running[0].wait()


def _first_run(store: RunStore) -> str:
    """One that has come to its end, to be watched and given away."""
    run = store.submit(Recipe(name="quick", epochs=2), by=LOCAL).id
    deadline = time.monotonic() + 180
    while store.get(run, by=LOCAL).state != State.FINISHED:
        if time.monotonic() > deadline:
            raise ThawError("The first run didn't finish")
        time.sleep(0.2)
    return run


def _watchers(url: str, run: str, people: int, seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.watchers", url, run, str(people), f"{seconds:g}"]
    return subprocess.Popen([*command, "clicking"], cwd=PROJECT, stdout=subprocess.PIPE)


def _seen(people: subprocess.Popen[bytes], done: Done) -> dict[str, list[float]]:
    """What the people saw; some of them may still wait for a page."""
    try:
        said, _ = people.communicate(timeout=120)
        seen = json.loads(said)
    except (subprocess.TimeoutExpired, ValueError):
        people.kill()
        people.wait()
        done.errors["the watchers didn't come to an end"] += 1
        return {"reruns": [], "polls": []}
    done.errors.update(f"a watcher: {error}"[:150] for error in seen["errors"])
    return dict(seen)


def _tell(done: Done, seen: dict[str, list[float]], minutes: float, people: int) -> int:
    print(f"{minutes:g} minutes, {people} people: {dict(done.acts)}")
    for what in ("reruns", "polls"):
        times = sorted(seen[what])
        if times:
            late = times[int(0.95 * (len(times) - 1))]
            print(f"{what}: {len(times):,}, median {median(times):.2f} s, p95 {late:.2f} s")
    fifth = max(1, len(done.looks) // 5)
    for name, place, unit in (("memory, MB", 0, MEGABYTE), ("open files", 1, 1)):
        values = [look[place] / unit for look in done.looks]
        start, end = median(values[fifth : 2 * fifth] or values), median(values[-fifth:])
        print(f"{name}: {start:.0f} at the start, {end:.0f} in the end, {max(values):.0f} at most")
    for error, times_seen in done.errors.items():
        print(f"ERROR {times_seen} times {error}")
    print(f"{sum(done.errors.values())} errors")
    return int(bool(done.errors))


if __name__ == "__main__":
    asked = [*sys.argv[1:3], *("60", "30")[len(sys.argv[1:3]) :]]
    sys.exit(main(float(asked[0]), int(asked[1])))
