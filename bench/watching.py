"""Thirty people watch a run: what it costs them, the server and the run. For docs/WATCHING.md.

    --people 30     how many
    --rounds 5      how often each of watched and unwatched is measured, in turn
    --seconds 20    how long each time
    --write         write docs/WATCHING.md

Everything runs on one machine, so the watchers take computing time that elsewhere they wouldn't.
The exit code is 0 if the 95th percentile of a tick is below 200 ms and training is slowed by less
than 5 %, or by less than can be told apart from noise.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/watching.py`

from bench.faulting.table import stamp
from bench.faulting.trees import PROJECT
from tests.browser.conftest import Lab
from tlcore import machine
from tlcore.analysis.intervals import over_seeds
from tlcore.recipe_text import from_fields
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.owners import LOCAL
from tlcore.runs.store import RunStore

PAGE = PROJECT / "docs" / "WATCHING.md"
LONGEST_TICK = 0.2
MOST_SLOWED = 0.05
SETTLING = 3.0

HEAD = """\
# What watching costs

Written by `python bench/watching.py --write`: {people} people watch a run on the page Runs, each
with a session of their own, a chart that asks for new points, a list that asks how runs stand, and
a rerun of the whole page every ten seconds. Runs, server and watchers share one machine, so the
watchers' own computing time counts against the run here; elsewhere it wouldn't.

The chart is the lab's own widget because of what was measured while choosing (Streamlit 1.67, two
curves of 1,000 points): a tick of Plotly takes a browser 129 ms, of `st.line_chart` 214 ms, of
Altair 135 ms, of ECharts 69 ms, each sends all points again, and each forgets its zoom when they
change. With 30 sessions `st.line_chart` takes 95 % of a core, half its ticks more than 1.3 s.
A widget that appends what a small route tells it causes no rerun at all.

"""

RECIPE: dict[str, Any] = {
    "name": "watched",
    "data": {"name": "shapes", "shapes": {"per_class": 40, "test_per_class": 5}},
    "model": {"backbone": "pebble-shapes"},
    "schedule": {"preset": "full"},
    "epochs": 10_000,
    "batch": 16,
}


@dataclass(frozen=True)
class Round:
    """One stretch of time.

    Attributes:
        watched: Whether anybody watched.
        pace: Steps a second of all runs together.
        seen: What the watchers saw (`bench.watchers.Seen`); empty if there were none.
        memory: Bytes of the server at its end.
        server: Share of a core that the server took.
        watchers: Share of a core that the watchers took.
    """

    watched: bool
    pace: float
    seen: dict[str, Any]
    memory: int
    server: float
    watchers: float


@contextmanager
def watched_lab(folder: Path, jobs: int = 1) -> Iterator[tuple[Lab, RunStore, list[str]]]:
    """A server, and runs that train until nobody needs them any more."""
    os.environ["TL_SLOTS"] = f"cpu={jobs}"
    lab = Lab(folder / "watched")
    store = RunStore(lab.home)
    try:
        runs = [store.submit(from_fields(RECIPE), by=LOCAL).id for _ in range(jobs)]
        ensure_dispatcher(lab.home)
        while any(store.get(run, by=LOCAL).epoch < 2 for run in runs):
            time.sleep(0.2)
        yield lab, store, runs
    finally:
        store.close()
        lab.close()


def measure(lab: Lab, store: RunStore, runs: Sequence[str], people: int, seconds: float) -> Round:
    """Let so many people watch the first of the runs for a while; nobody, for comparison."""
    command = [sys.executable, "-m", "bench.watchers", lab.url, runs[0], str(people), str(seconds)]
    watchers = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) if people else None
    time.sleep(SETTLING)
    began, steps, used = time.monotonic(), _steps(store, runs), _processor(lab.process.pid)
    time.sleep(max(1.0, seconds - SETTLING))
    lasted = time.monotonic() - began
    pace = sum(
        (after - before) / (then - now)
        for (before, now), (after, then) in zip(steps, _steps(store, runs), strict=True)
    )
    server, memory = _processor(lab.process.pid) - used, machine.memory_of(lab.process.pid) or 0
    seen = json.loads(watchers.communicate()[0]) if watchers else {}
    own = seen.get("processor", 0.0) / seconds
    return Round(people > 0, pace, seen, memory, server / lasted, own)


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that this share of them doesn't exceed.

    >>> percentile([3, 1, 2, 4], 0.5), percentile([3, 1, 2, 4], 0.95)
    (2, 4)
    """
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def all_of(rounds: Sequence[Round], what: str) -> list[float]:
    """What the watchers of all rounds saw of one kind."""
    return [value for each in rounds for value in each.seen.get(what, ())]


def lags(store: RunStore, run: str, rounds: Sequence[Round]) -> list[float]:
    """Seconds from an epoch's end, as it was written down, until each watcher had the point."""
    events = store.events(run, by=LOCAL)
    ended = {event["epoch"]: event["at"] for event in events if event["event"] == "EpochDone"}
    return [at - ended[epoch] for each in rounds for epoch, at in each.seen.get("epochs", ())]


def slowed(rounds: Sequence[Round]) -> tuple[float, float, float]:
    """The share by which training is slower while it is watched: the mean over pairs of
    neighbouring rounds, with its 95 % interval."""
    pairs = zip(rounds[::2], rounds[1::2], strict=True)
    found = over_seeds([1 - _pace(pair, True) / _pace(pair, False) for pair in pairs])
    return found.value, found.low, found.high


def _pace(pair: Sequence[Round], watched: bool) -> float:
    return next(each.pace for each in pair if each.watched == watched)


def _steps(store: RunStore, runs: Sequence[str]) -> list[tuple[float, float]]:
    """How many steps each run has made, and after how many of its seconds."""
    made = []
    for run in runs:
        last = store.metrics(run, by=LOCAL, names=("loss",))[-1]
        (started, *_) = (e for e in store.events(run, by=LOCAL) if e["event"] == "Started")
        in_an_epoch = -(-started["train_pictures"] // RECIPE["batch"])
        made.append((float(last.epoch * in_an_epoch + last.step), last.seconds))
    return made


def _processor(pid: int) -> float:
    """Seconds of computing time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(rounds: Sequence[Round], lag: Sequence[float], people: int, load: str) -> str:
    """What was found, as Markdown."""
    watched = [each for each in rounds if each.watched]
    polls, reruns, lists, first = (
        all_of(watched, what) for what in ("polls", "reruns", "lists", "first")
    )
    value, low, high = slowed(rounds)
    errors = all_of(watched, "errors")

    def milliseconds(values: Sequence[float]) -> str:
        half, most, worst = (percentile(values, share) for share in (0.5, 0.95, 1.0))
        return f"{1e3 * half:.0f} | {1e3 * most:.0f} | {1e3 * worst:.0f} | {len(values):,}"

    paces = [f"{each.pace:.1f}" for each in rounds]
    lines = [
        f"Measured: {stamp()}; load of the machine when it began and ended: {load}.",
        "",
        "| milliseconds | half within | 95 % within | longest | n |",
        "|---|--:|--:|--:|--:|",
        f"| a tick: the chart asks for what is new | {milliseconds(polls)} |",
        f"| a tick of the list | {milliseconds(lists)} |",
        f"| a rerun of the whole page | {milliseconds(reruns)} |",
        f"| the page opened, {people} at once | {milliseconds(first)} |",
        f"| from written down to on the way to a screen | {milliseconds(lag)} |",
        "",
        f"- Errors: {len(errors)}.",
        f"- Training is slower by {value:.1%} (95 % interval {low:.1%} to {high:.1%}); steps a "
        f"second, unwatched and watched in turn: {', '.join(paces)}.",
        f"- The server took {fmean(each.server for each in watched):.0%} of a core, the watchers "
        f"themselves {fmean(each.watchers for each in watched):.0%}, on the same machine.",
        f"- Memory of the server: {rounds[0].memory / 1e6:.0f} MB before anybody came, "
        f"{rounds[-1].memory / 1e6:.0f} MB at the end, after {len(first)} sessions.",
    ]
    return "\n".join(lines)


def main(words: list[str]) -> int:
    """Measure, tell, and judge."""
    asked = _asked(words)
    before = _load()
    with (
        tempfile.TemporaryDirectory() as folder,
        watched_lab(Path(folder), asked.jobs) as (lab, store, runs),
    ):
        rounds = []
        for number in range(2 * asked.rounds):
            rounds.append(measure(lab, store, runs, asked.people * (number % 2), asked.seconds))
            print(f"round {number + 1}: {rounds[-1].pace:.1f} steps/s", flush=True)
        lag = lags(store, runs[0], rounds)
    found = table(rounds, lag, asked.people, f"{before} and {_load()}")
    print(found)
    if asked.write:
        PAGE.write_text(HEAD.format(people=asked.people) + found + "\n", encoding="utf-8")
    tick = percentile(all_of(rounds, "polls"), 0.95)
    return int(tick >= LONGEST_TICK or slowed(rounds)[1] >= MOST_SLOWED)


def _asked(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=30, help="how many watch")
    parser.add_argument("--jobs", type=int, default=1, help="how many runs train")
    parser.add_argument("--rounds", type=int, default=5, help="watched and unwatched, each")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long a round lasts")
    parser.add_argument("--write", action="store_true", help="write docs/WATCHING.md")
    return parser.parse_args(words)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
