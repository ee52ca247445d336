"""Rows 26 and 34: what the pages show and bear, on a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from bench.faulting.rows import Budget, NotHere, Outcome, Row
from bench.support.archives import finished
from bench.support.literally import NAMES, PAGES, faults
from bench.watching import percentile, watch, watched_lab
from tests.browser.conftest import Lab
from tlcore.access import LOCAL
from tlcore.doctor import BROWSERS
from tlcore.runs.store import RunStore

_SLOWEST_RERUN = 1.0


def check_names(budget: Budget) -> Outcome:
    """A run is given one name after the other, and every page is looked at."""
    broken: list[str] = []
    with _browser() as page, _served(budget) as (lab, store):
        run = finished(store)
        for number in budget.trials():
            name, which = NAMES[number // len(PAGES)], PAGES[number % len(PAGES)]
            if budget.quick:
                which = "runs"
            store.rename(run, name, by=LOCAL)
            broken += faults(page, lab.url, run, name, [which])
    names = -(-budget.made // (1 if budget.quick else len(PAGES)))
    found = (
        f"{names} names, each looked at in Chromium: {len(broken)} times one was not shown as it "
        "is, ran, or asked for anything"
    )
    return Outcome(budget.made, found, tuple(broken))


def check_crowd(budget: Budget) -> Outcome:
    """As many people as there are trials watch one of two runs at once."""
    with watched_lab(budget.folder, jobs=2) as (lab, store, runs):
        seconds = 4.0 if budget.quick else 40.0
        seen = watch(lab, store, runs, budget.count, seconds).seen
        states = [str(store.get(run, by=LOCAL).state) for run in runs]
    slowest = percentile(seen["reruns"], 0.95)
    broken = [*seen["errors"]]
    broken += [f"a rerun takes {slowest:.1f} s (p95)"] * (slowest >= _SLOWEST_RERUN)
    broken += [f"the runs are {states}"] * (states != ["running"] * 2)
    found = (
        f"{len(seen['errors'])} errors; a rerun {1e3 * slowest:.0f} ms (p95 of "
        f"{len(seen['reruns'])}), a tick {1e3 * percentile(seen['polls'], 0.95):.0f} ms (p95 of "
        f"{len(seen['polls']):,}); both runs go on"
    )
    return Outcome(budget.count, found, tuple(broken))


@contextmanager
def _browser() -> Iterator[Page]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise NotHere("no Chromium on this machine")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=found, args=arguments)
        yield opened.new_page()
        opened.close()


@contextmanager
def _served(budget: Budget) -> Iterator[tuple[Lab, RunStore]]:
    lab = Lab(budget.folder / "served")
    store = RunStore(lab.home)
    try:
        yield lab, store
    finally:
        store.close()
        lab.close()


ROWS = (
    Row(
        26,
        "names with HTML, Markdown pictures, bidi marks, addresses",
        "shown as they are; no page asks a beacon for anything",
        check_names,
        full=len(NAMES) * len(PAGES),
        quick=1,
        seconds=200,
        quick_seconds=20,
    ),
    Row(
        34,
        "thirty people at once, beside two runs",
        "no error; a rerun takes less than a second (p95)",
        check_crowd,
        full=30,
        quick=10,
        seconds=120,
        quick_seconds=20,
    ),
)
