"""How long pages take in a large home: `python bench/large.py [RUNS] [CLASSES] [PICTURES]`.

Makes a home with so many runs (10,000), each of another recipe, one of them tested on ten pictures
of each of so many classes (1,000), and a folder of so many pictures (100,000) in as many classes;
then opens each page twice, and prints the processor seconds of both times, which a busy machine
stretches less. Before each part of Results, all that was kept is thrown away: the first time is of
whoever opens a run that nobody has looked at, on a server that has shown others. TL_CODE names
another checkout to measure.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, os.environ.get("TL_CODE") or str(Path(__file__).resolve().parent.parent))

from tests.runs import fake_run
from tlcore.access import LOCAL
from tlcore.analysis.predictions import Predictions
from tlcore.nn import worker
from tlcore.paths import PROJECT
from tlcore.recipe import Data, Recipe
from tlcore.recipe.text import to_json
from tlcore.runs.store import RunStore

TABS = (
    "Confusion",
    "Mistakes",
    "Classes",
    "Calibration",
    "Labels",
    "Map",
    "Robustness",
    "Training",
)


def fill(home: Path, runs: int, classes: int) -> str:
    """A home of so many runs; the newest has been tested on many classes."""
    store = RunStore(home)
    vars(fake_run)["predict"] = lambda right, n: wide(classes)
    worker.load_engine = lambda threads: (
        lambda *given, **named: fake_run.train(*given, test=10 * classes, **named)
    )
    first = store.submit(Recipe(name="wide", epochs=1), by=LOCAL).id
    attempt = store.claim(device="cpu", run=first)
    assert attempt is not None
    worker.work(store, attempt, threads=1)
    store.close()
    with closing(sqlite3.connect(home / "runs.sqlite")) as sql:
        names = [row[1] for row in sql.execute("PRAGMA table_info(run)")]
        own = ("number", "id", "name", "recipe", "recipe_id")
        kept = [name for name in names if name not in own]
        for number in range(1, runs):
            recipe = Recipe(name=f"run {number}", epochs=1, data=Data(split_seed=number))
            sql.execute(
                f"INSERT INTO run ({', '.join((*own[1:], *kept))}) "
                f"SELECT ?, ?, ?, ?, {', '.join(kept)} FROM run WHERE id = ?",
                (f"20260101-000000-{number:016x}", recipe.name, to_json(recipe), recipe.id, first),
            )
        sql.commit()
    return first


def wide(classes: int) -> Predictions:
    """Ten pictures of each class, seven of them called rightly."""
    dice = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), 10)
    called = np.where(
        dice.random(len(labels)) < 0.7, labels, dice.integers(0, classes, len(labels))
    )
    scores = dice.random((len(labels), classes)).astype(np.float32)
    scores[np.arange(len(labels)), called] += 0.3 * classes * dice.random(len(labels))
    return Predictions(
        ids=np.array([f"picture-{number}" for number in range(len(labels))]),
        labels=labels,
        probabilities=scores / scores.sum(axis=1, keepdims=True),
        classes=tuple(f"class {number:04}" for number in range(classes)),
    )


def pictures(folder: Path, count: int, classes: int) -> None:
    """Empty files under the names of pictures: they are counted and never opened."""
    for number in range(classes):
        (folder / f"class {number:04}").mkdir(parents=True)
    for number in range(count):
        (folder / f"class {number % classes:04}" / f"{number:06}.png").touch()


def timed(work: Callable[[], object]) -> float:
    """Processor seconds that it takes, as it says itself or by the clock."""
    began = time.process_time()
    said = work()
    return said if isinstance(said, float) else time.process_time() - began


def open_page(page: str, **address: str) -> float:
    """Seconds until it is drawn, for who comes from the first page."""
    from streamlit.testing.v1 import AppTest

    main_page = str(PROJECT / "tlcore" / "ui" / "main.py")
    drawn = AppTest.from_file(main_page, default_timeout=120)
    for name, value in address.items():
        drawn.query_params[name] = value
    drawn.run()
    began = time.process_time()
    drawn.switch_page(str(PROJECT / "pages" / f"{page}.py")).run()
    took = time.process_time() - began
    if drawn.exception:
        raise SystemExit(f"{page}: {drawn.exception[0].value}")
    return took


def main(runs: int = 10_000, classes: int = 1_000, count: int = 100_000) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TL_HOME"] = str(Path(folder) / "home")
        first = fill(Path(folder) / "home", runs, classes)
        pictures(Path(folder) / "pictures", count, classes)
        import streamlit as st

        from tlcore.advice.defaults import suited
        from tlcore.ui.train.cost_panel import counts_of

        data = Data(name="folder", path=str(Path(folder) / "pictures"))
        print("| what | first time, processor s | again |\n|---|---:|---:|")
        for page in ("runs", "results", "compare", "try_it", "bias"):
            _print(f"{page}, {runs:,} runs", partial(open_page, page))
        for tab in TABS:  # a server imports what draws them once
            open_page("results", run=first, part=tab)
        for tab in TABS:
            st.cache_resource.clear()
            what = f"Results, {tab}, {classes:,} classes"
            _print(what, partial(open_page, "results", run=first, part=tab))
        _print(f"{count:,} pictures counted", lambda: counts_of(data))
        time.sleep(11)
        _print("counted 11 s later", lambda: counts_of(data))
        _print("what suits them", lambda: suited(Recipe(data=data)))


def _print(what: str, work: Callable[[], object]) -> None:
    print(f"| {what} | {timed(work):.2f} | {timed(work):.2f} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
