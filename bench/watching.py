"""Thirty people watch a run: what it costs them, the server and the run. For
docs/measured/WATCHING.md.

    --people 30     how many
    --seconds 60    how long they watch
    --pairs 15      how often they then look away and watch again, to see how training fares
    --write         write docs/measured/WATCHING.md

Everything runs on one machine, so the watchers take computing time that elsewhere they wouldn't.
The exit code is 0 if the 95th percentile of a tick is below 200 ms and training is slowed by less
than 5 %, or by less than can be told apart from noise.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
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
from tlcore.access import LOCAL
from tlcore.analysis.intervals import Interval, over_seeds
from tlcore.recipe.text import from_fields
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.store import RunStore

PAGE = PROJECT / "docs" / "measured" / "WATCHING.md"
LONGEST_TICK = 0.2
MOST_SLOWED = 0.05
SETTLING, STRETCH = 8.0, 6.0

HEAD = """\
# What watching costs

Written by `python bench/watching.py --write`: {people} people watch a run on the page Runs, each
with a session of their own and a chart that asks for new points, and everybody clicks something
every ten seconds, so that the whole page is drawn again. Then, clicking nothing, all of them look
away for six seconds and watch for six, again and again: training is compared in these. Run, server
and watchers share one machine, so the watchers' own computing time counts against the run here;
elsewhere it wouldn't.

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
        server: Share of a core that the server took.
    """

    watched: bool
    pace: float
    server: float


@dataclass(frozen=True)
class Found:
    """All that was measured.

    Attributes:
        people: How many watched.
        rounds: Unwatched and watched, in turn.
        seen: What the watchers saw (`bench.watchers.Seen`).
        lags: Seconds from an epoch's end, as it was written down, until a watcher had the point.
        memory: Bytes of the server before anybody came, and at the end.
        watchers: Share of a core that the watchers took while they watched.
    """

    people: int
    rounds: tuple[Round, ...]
    seen: dict[str, Any]
    lags: tuple[float, ...]
    memory: tuple[int, int]
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


def watch(
    lab: Lab, store: RunStore, runs: Sequence[str], people: int, seconds: float, pairs: int = 0
) -> Found:
    """Let people watch the first of the runs for a while; then let them look away and watch again,
    in turn, which says nothing about waiting: they all come back at once."""
    before = machine.memory_of(lab.process.pid) or 0
    with _watchers(lab, runs, people, seconds, "clicking") as watchers:
        seen = json.loads(watchers.communicate()[0])
    memory = (before, machine.memory_of(lab.process.pid) or 0)
    rounds = []
    with _watchers(lab, runs, people, SETTLING + 2 * pairs * STRETCH) as watchers:
        time.sleep(SETTLING if pairs else 0)
        for number in range(2 * pairs):
            watchers.send_signal(signal.SIGCONT if number % 2 else signal.SIGSTOP)
            rounds.append(_measure(lab, store, runs, bool(number % 2)))
        watchers.kill()
    own = seen["processor"] / seconds
    return Found(people, tuple(rounds), seen, _lags(store, runs[0], seen), memory, own)


def _watchers(
    lab: Lab, runs: Sequence[str], people: int, seconds: float, *more: str
) -> subprocess.Popen[bytes]:
    words = [lab.url, ",".join(runs), str(people), str(seconds), *more]
    command = [sys.executable, "-m", "bench.watchers", *words]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE)


def _measure(lab: Lab, store: RunStore, runs: Sequence[str], watched: bool) -> Round:
    steps, used = _steps(store, runs), _processor(lab.process.pid)
    time.sleep(STRETCH)
    pace = sum(
        (after - before) / (then - now)
        for (before, now), (after, then) in zip(steps, _steps(store, runs), strict=True)
    )
    return Round(watched, pace, (_processor(lab.process.pid) - used) / STRETCH)


def _lags(store: RunStore, run: str, seen: dict[str, Any]) -> tuple[float, ...]:
    events = store.events(run, by=LOCAL)
    ended = {event["epoch"]: event["at"] for event in events if event["event"] == "EpochDone"}
    return tuple(at - ended[epoch] for epoch, at in seen["epochs"])


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that this share of them doesn't exceed.

    >>> percentile([3, 1, 2, 4], 0.5), percentile([3, 1, 2, 4], 0.95)
    (2, 4)
    """
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def slowed(rounds: Sequence[Round]) -> Interval:
    """The share by which training is slower while it is watched: the mean over pairs of
    neighbouring rounds, with its 95 % interval."""
    pairs = zip(rounds[::2], rounds[1::2], strict=True)
    return over_seeds([1 - watched.pace / alone.pace for alone, watched in pairs])


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


def table(found: Found, load: str) -> str:
    """All of it, as Markdown."""

    def line(what: str, values: Sequence[float]) -> str:
        half, most, worst = (1e3 * percentile(values, share) for share in (0.5, 0.95, 1.0))
        return f"| {what} | {half:.0f} | {most:.0f} | {worst:.0f} | {len(values):,} |"

    seen, less = found.seen, slowed(found.rounds)
    paces = [
        fmean(each.pace for each in found.rounds if each.watched == watched)
        for watched in (False, True)
    ]
    server = fmean(each.server for each in found.rounds if each.watched)
    return "\n".join(
        [
            f"Measured: {stamp()}. Load of the machine when it began and ended: {load}.",
            "",
            "| milliseconds | half within | 95 % within | longest | n |",
            "|---|--:|--:|--:|--:|",
            line("a tick: the chart asks for what is new", seen["polls"]),
            *([line("a tick of the list", seen["lists"])] if seen["lists"] else []),
            line("a rerun of the whole page", seen["reruns"]),
            line(f"the page opened, {found.people} at once", seen["first"]),
            line("from written down to on the way to a screen", found.lags),
            "",
            f"- Errors: {len(seen['errors'])}.",
            f"- Training is slower by {less.value:.1%} (95 % interval {less.low:.1%} to "
            f"{less.high:.1%}, {less.n} pairs of stretches): {paces[0]:.1f} steps a second "
            f"unwatched, {paces[1]:.1f} watched.",
            f"- The server took {server:.0%} of a core while it was asked, the watchers "
            f"themselves {found.watchers:.0%}.",
            f"- Memory of the server: {found.memory[0] / 1e6:.0f} MB before anybody came, "
            f"{found.memory[1] / 1e6:.0f} MB with {found.people} sessions at the end.",
        ]
    )


def main(words: list[str]) -> int:
    """Measure, tell, and judge."""
    asked = _asked(words)
    before = _load()
    with (
        tempfile.TemporaryDirectory() as folder,
        watched_lab(Path(folder), asked.jobs) as (lab, store, runs),
    ):
        found = watch(lab, store, runs, asked.people, asked.seconds, asked.pairs)
    if found.seen["errors"]:
        print(*found.seen["errors"][:5], sep="\n", file=sys.stderr)
    told = table(found, f"{before} and {_load()}")
    print(told)
    if asked.write:
        PAGE.write_text(HEAD.format(people=asked.people) + told + "\n", encoding="utf-8")
    tick = percentile(found.seen["polls"], 0.95)
    return int(tick >= LONGEST_TICK or slowed(found.rounds).low >= MOST_SLOWED)


def _asked(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=30, help="how many watch")
    parser.add_argument("--jobs", type=int, default=1, help="how many runs train")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they watch")
    parser.add_argument("--pairs", type=int, default=15, help="of stretches without and with them")
    parser.add_argument("--write", action="store_true", help="write docs/measured/WATCHING.md")
    return parser.parse_args(words)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
