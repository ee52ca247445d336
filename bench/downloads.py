"""What goes wrong when something is fetched, each fault made on purpose, and what came of it:
`python bench/downloads.py --write`.

A hub on loopback misbehaves; `python -m tlcore get` runs as people run it. After each fault
somebody tries to read the data set, then the fault is taken away and it is got again.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.faulting.table import stamp
from tests.data.sources.hub_sets import parquet, table
from tests.hub.stub import Repository, Stub, serving
from tlcore import paths
from tlcore.data.load import open_dataset
from tlcore.data.sources.repository import cache_of, find
from tlcore.errors import ThawError
from tlcore.hub import downloads
from tlcore.hub.things import named
from tlcore.recipe import Data, Input

PAGE = paths.PROJECT / "docs" / "measured" / "DOWNLOADS.md"
REPO, COMMIT, NEWER = "school/pets", "ab" * 20, "cd" * 20
PICTURES = 400
_SOON = 90.0

_HEAD = """\
# What goes wrong when something is fetched, and what came of it

Made by `python bench/downloads.py --write`: a hub on loopback has a data set of {megabytes:.1f} MB
in two files and misbehaves, `python -m tlcore get` fetches from it, and whoever likes reads the
data set afterwards. *Read* is what a recipe then finds: all {pictures} training pictures, or
nothing. *Again* is the same command once the fault is gone. A fault that isn't overcome ends with
code 1 and a sentence, and with what to do, which is left out here.

**{rows} faults: {half} half sets were read, {left} parts of files were left lying, {again} of
{rows} came whole afterwards.**

| # | fault | code, seconds | what was said | read | again |
|--:|---|---|---|---|---|
"""


@dataclass
class Trial:
    """One fault, from a fresh home.

    Attributes:
        stub: The hub.
        home: Of the lab and of the hub's tools.
    """

    stub: Stub
    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Somebody types `get`."""
        command = [sys.executable, "-m", "tlcore", "get", REPO, *words]
        return subprocess.Popen(
            command, cwd=paths.PROJECT, env={**os.environ, **self.settings}, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def get(self, *words: str) -> tuple[int, str]:
        """The same, to its end: the code, and what was said."""
        process = self.begin(*words)
        _, said = process.communicate(timeout=_SOON)
        return process.returncode, said

    def wait_for(self, share: float) -> None:
        """Until so much of it is here."""
        until = time.monotonic() + _SOON
        while time.monotonic() < until:
            found = downloads.look(named(REPO))
            if found and found.total and found.share >= share:
                return
            time.sleep(0.02)
        raise TimeoutError("nothing came")


Act = Callable[[Trial], tuple[int, str]]


@dataclass(frozen=True)
class Fault:
    """A row of the table: what is done, by faults of the stub or in another way."""

    name: str
    faults: dict[str, Any] = field(default_factory=dict)
    act: Act = lambda trial: trial.get()


def files(count: int = PICTURES) -> dict[str, bytes]:
    """A data set of two files."""
    sides = {"train": count, "test": count // 4}
    return {
        f"data/{side}-00000-of-00001.parquet": parquet(table([0, 1] * (n // 2), side=32))
        for side, n in sides.items()
    }


def killed_at(share: float) -> Act:
    """`kill -9` once so much is here."""

    def act(trial: Trial) -> tuple[int, str]:
        process = trial.begin()
        trial.wait_for(share)
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        return process.returncode, said

    return act


def cancelled(trial: Trial) -> tuple[int, str]:
    """The button."""
    downloads.start(named(REPO))
    trial.wait_for(0.3)
    downloads.cancel(named(REPO))
    found = downloads.look(named(REPO))
    return 1, f"Error: {found.state if found else 'nothing is noted'}"


def two_at_once(trial: Trial) -> tuple[int, str]:
    """Two people, one command."""
    both = [trial.begin(), trial.begin()]
    said = [process.communicate(timeout=_SOON)[1] for process in both]
    asked = sum(n for path, n in trial.stub.requests.items() if path.startswith("GET /datasets/")
                and "train-" in path)  # fmt: skip
    code = max(process.returncode for process in both)
    return code, f"Error: the file was sent {asked} time" if asked == 1 else said[0]


def two_homes(trial: Trial) -> tuple[int, str]:
    """Two labs that share the cache of the hub's tools."""
    first = trial.begin()
    trial.settings["TL_HOME"] = str(trial.home / "other")
    second = trial.begin()
    said = [process.communicate(timeout=_SOON)[1] for process in (first, second)]
    return max(first.returncode, second.returncode), "".join(said)


def changed_while_pinned(trial: Trial) -> tuple[int, str]:
    """Somebody pushes another version; the recipe names the commit."""
    trial.get()
    trial.stub.repositories[f"datasets/{REPO}"] = Repository(files(100), commit=NEWER)
    return trial.get("--revision", COMMIT)


def changed_midway(trial: Trial) -> tuple[int, str]:
    """The newest is asked for, and another one is pushed while it comes."""
    process = trial.begin()
    trial.wait_for(0.2)
    trial.stub.repositories[f"datasets/{REPO}"] = Repository(files(100), commit=NEWER)
    _, said = process.communicate(timeout=_SOON)
    return process.returncode, said


def gone_midway(trial: Trial) -> tuple[int, str]:
    """The hub answers everything else with trouble from some moment on."""
    process = trial.begin()
    trial.wait_for(0.2)
    trial.stub.faults |= {"cut": 0, "cuts": 10**6}
    _, said = process.communicate(timeout=_SOON)
    return process.returncode, said


def with_settings(**settings: str) -> Act:
    """Other variables."""

    def act(trial: Trial) -> tuple[int, str]:
        before, trial.settings = trial.settings, {**trial.settings, **settings}
        result = trial.get()
        trial.settings = before
        return result

    return act


def disk_of(megabytes: float, *, told: bool) -> Act:
    """A cache on a small disk: it says so before, or is filled by somebody else meanwhile."""

    def act(trial: Trial) -> tuple[int, str]:
        place = trial.home / "hub"
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={int(megabytes * 1e6)}", "none",
                        str(place)], check=True)  # fmt: skip
        try:
            if told:
                return trial.get()
            return with_settings(PYTHONPATH=str(_asks_no_disk(trial.home)))(trial)
        finally:
            subprocess.run(["umount", str(place)], check=False)

    return act


def _asks_no_disk(home: Path) -> Path:
    """As if the disk had been empty when it was asked, and somebody else filled it since."""
    folder = home / "patch"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        "import shutil\nshutil.disk_usage = lambda path: type('Usage', (), {'free': 10**12})\n"
    )
    return folder


def damaged_since(trial: Trial) -> tuple[int, str]:
    """A byte of the disk turns, long after."""
    trial.get()
    path = next((cache_of(REPO) / "snapshots").rglob("train-*.parquet")).resolve()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return 0, "Error: (nothing is said until it is read)"


def tidied_since(trial: Trial) -> tuple[int, str]:
    """Somebody deletes a file of the cache by hand."""
    trial.get()
    next((cache_of(REPO) / "snapshots").rglob("test-*.parquet")).unlink()
    return trial.get()


def faults() -> Iterator[Fault]:
    """All of them."""
    size = len(files()["data/train-00000-of-00001.parquet"])
    for tenth in range(1, 10):
        yield Fault(f"cut once at {tenth * 10} %", {"cut": size * tenth // 10, "cuts": 1})
    yield Fault("cut ever again at 50 %", {"cut": size // 2, "cuts": 10**6})
    yield Fault("the hub is gone from 20 % on", {"pause": 0.05}, gone_midway)
    yield Fault("other bytes than promised", {"wrong": True})
    yield Fault("a slow drip (64 kB a second)", {"pause": 0.25})
    yield Fault("nothing comes any more", {"pause": 3600.0}, with_settings(TL_STALLED="5"))
    yield Fault("401, gated", {"status": 401, "code": "GatedRepo", "where": "file"})
    yield Fault("401, private or unknown", {"status": 401, "code": "RepoNotFound"})
    yield Fault("403", {"status": 403, "where": "file"})
    yield Fault("404, no such data set", {"status": 404, "code": "RepoNotFound"})
    yield Fault("404, no such file", {"status": 404, "code": "EntryNotFound", "where": "file"})
    yield Fault("404, no such commit", act=lambda trial: trial.get("--revision", "0" * 40))
    yield Fault("407, the proxy asks who it is", {"status": 407})
    yield Fault("429 once", {"status": 429, "where": "file", "times": 1})
    yield Fault("429 for ever", {"status": 429, "where": "file"})
    yield Fault("500", {"status": 500, "where": "api"})
    yield Fault("503 once", {"status": 503, "where": "file", "times": 1})
    yield Fault("503 for ever", {"status": 503, "where": "file"})
    yield Fault("a circle of redirects", {"circle": True})
    yield Fault("somebody's log-in page", {"page": True})
    yield Fault("no network", act=with_settings(HF_ENDPOINT="http://127.0.0.1:9"))
    yield Fault("HF_HUB_OFFLINE", act=with_settings(HF_HUB_OFFLINE="1"))
    proxy = {
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "",
    }
    yield Fault("a proxy that isn't there", act=with_settings(**proxy))
    yield Fault("the host of the files is blocked", {"elsewhere": "http://127.0.0.1:9"})
    yield Fault("the disk is too small", act=disk_of(1, told=True))
    yield Fault("the disk becomes full midway", act=disk_of(0.9, told=False))
    for share in (0.1, 0.5, 0.9):
        yield Fault(f"killed at {share:.0%}", {"pause": 0.08}, killed_at(share))
    yield Fault("cancelled by the button", {"pause": 0.08}, cancelled)
    yield Fault("two at once", {"pause": 0.02}, two_at_once)
    yield Fault("two labs with one cache at once", {"pause": 0.02}, two_homes)
    yield Fault("changed upstream while pinned", act=changed_while_pinned)
    yield Fault("changed upstream while it comes", {"pause": 0.08}, changed_midway)
    yield Fault("a byte turns on the disk afterwards", act=damaged_since)
    yield Fault("a file is deleted by hand afterwards", act=tidied_since)


@contextmanager
def trial_of(fault: Fault) -> Iterator[Trial]:
    """A fresh home and a hub that misbehaves so."""
    home = Path(tempfile.mkdtemp(prefix="thaw-"))
    kept = dict(os.environ)
    stub = Stub({f"datasets/{REPO}": Repository(files(), commit=COMMIT)}, dict(fault.faults))
    try:
        with serving(stub):
            os.environ |= {"TL_HOME": str(home / "lab"), "HF_HOME": str(home),
                           "HF_ENDPOINT": stub.address, "HF_HUB_OFFLINE": "0"}  # fmt: skip
            yield Trial(stub, home)
    finally:
        os.environ.clear()
        os.environ.update(kept)
        shutil.rmtree(home, ignore_errors=True)


def read(revision: str) -> int:
    """How many training pictures a recipe finds; 0 where it is told that they aren't here."""
    with suppress(ThawError):
        data = Data(name="hub", repo=REPO, revision=revision)
        return len(open_dataset(data, Input(size=16)).train)
    return 0


def measured(fault: Fault) -> tuple[str, int, int, bool]:
    """The row, the half sets that were read, parts left lying, and whether it came afterwards."""
    with trial_of(fault) as trial:
        began = time.monotonic()
        code, said = fault.act(trial)
        seconds = time.monotonic() - began
        found = {revision: read(revision) for revision in (COMMIT, NEWER)}
        whole = {0, PICTURES, 100}
        left = len(list(cache_of(REPO).rglob("*.incomplete")))
        killed = code < 0 or "killed" in fault.name
        trial.stub.faults.clear()
        trial.get("--again") if "byte" in fault.name else trial.get()
        left = len(list(cache_of(REPO).rglob("*.incomplete"))) if killed else left
        here = find(REPO)
        again = here is not None and read(here.revision) in whole - {0}
    half = sum(count not in whole for count in found.values())
    shown = " and ".join(f"{count}" for count in found.values() if count) or "nothing"
    cells = (fault.name, f"{code}, {seconds:.0f} s", _sentence(said, code), shown,
             "whole" if again else "**no**")  # fmt: skip
    return " | ".join(cells), half, left, again


def _sentence(said: str, code: int) -> str:
    told = said.rpartition("Error: ")[2] if "Error: " in said else ""
    if not told:
        return "" if code == 0 else "(killed)"
    told = re.sub(r"/\S+", "…", told.split("\n  What to do:")[0]).strip()
    return told.replace("|", "\\|")[:140]


def main(given: Sequence[str] | None = None) -> None:
    """Make the faults, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--only", default="", help="only faults whose name holds this")
    options = parser.parse_args(given)
    rows: list[tuple[str, int, int, bool]] = []
    for fault in faults():
        if options.only in fault.name:
            rows.append(measured(fault))
            print(f"{len(rows)} | {rows[-1][0]}", flush=True)
    head = _HEAD.format(
        megabytes=sum(map(len, files().values())) / 1e6, pictures=PICTURES, rows=len(rows),
        half=sum(row[1] for row in rows), left=sum(row[2] for row in rows),
        again=sum(row[3] for row in rows),
    )  # fmt: skip
    lines = "".join(f"| {n} | {row[0]} |\n" for n, row in enumerate(rows, start=1))
    if options.write:
        PAGE.write_text(f"{head}{lines}\nMeasured {stamp()}.\n", encoding="utf-8")
    else:
        print(head)


if __name__ == "__main__":
    main()
