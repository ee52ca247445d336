"""The default recipe against peers with their defaults, on the photo sets at hand:

    TL_DATA=DATA TL_WEIGHTS=WEIGHTS PYTHONPATH=. python bench/photos.py --kept FOLDER \\
        --minutes 8 [--fastai PYTHON] [--write docs/measured/PHOTOS.md]

Each cell is a photo set with so many labels a class. The cheapest come first, and what was measured
is kept in the folder, so that the command can be given again until the table is whole. PYTHON is
an interpreter that knows fastai. A fresh TL_HOME makes the seconds those of a first run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegressionCV

from bench.first_recipe import write_between
from tlcore import catalog, paths
from tlcore.advice.defaults import suited
from tlcore.analysis.intervals import wilson
from tlcore.data import load
from tlcore.data.pictures import Pictures, Splits
from tlcore.events import Tested
from tlcore.nn.engine import train
from tlcore.nn.labels import features_of
from tlcore.recipe import Data, Recipe

Right = NDArray[np.bool_]

PEER = Path(__file__).parent / "peers" / "fine_tune_with_fastai.py"
FASTAI_BACKBONE = "resnet18"


@dataclass(frozen=True)
class Cell:
    """A photo set with a number of labels.

    Attributes:
        title: Of the set.
        data: All of it that is looked at.
        labels: How many a class; None for all.
    """

    title: str
    data: Data
    labels: int | None

    @property
    def name(self) -> str:
        return f"{self.title.replace(' ', '-')}.{self.labels or 'all'}"

    @property
    def recipe(self) -> Recipe:
        """Every default accepted."""
        return suited(Recipe(data=self.data)).recipe


def cells() -> Iterator[Cell]:
    """The cheapest first."""
    folder = paths.data_folders()[0]
    sets = (
        ("ants and bees", 2, {"name": "folder", "path": _zip(folder, "hymenoptera_ants_bees")}),
        ("five flowers", 5, {"name": "folder", "path": _zip(folder, "flowers5_128")}),
        ("CIFAR-10", 10, {"name": "cifar10"}),
        ("CIFAR-100", 100, {"name": "cifar100"}),
    )
    for labels in (20, 50, 200, None):
        for title, classes, fields in sets:
            limit = labels * classes if labels else None
            if labels and title == "ants and bees" and labels > 100:
                continue  # there are 121 of each, which is "all"
            limits = {"limit_train": limit, "limit_test": 250}
            yield Cell(title, Data.model_validate({**fields, **limits}), labels)


def _zip(folder: Path, name: str) -> str:
    return str(folder / f"{name}.zip")


def measured(cell: Cell, kept: Path, fastai: str) -> dict[str, Any]:
    """What was right, by whom, and in how many seconds; measured where it isn't yet."""
    place = kept / f"{cell.name}.json"
    found: dict[str, Any] = json.loads(place.read_text()) if place.exists() else {}
    recipe = cell.recipe
    if "lab" not in found:
        found |= {"lab": by_the_lab(recipe), "recipe": _words(recipe)}
    splits = load(recipe.data, recipe.input)
    found["pictures"] = len(splits.train) + len(splits.validation or ())
    if "scikit-learn" not in found:
        found["scikit-learn"] = by_scikit_learn(recipe, splits)
    if fastai and "fastai" not in found:
        found["fastai"] = by_fastai(splits, fastai)
    place.write_text(json.dumps(found))
    return found


def _words(recipe: Recipe) -> str:
    card = catalog.lookup(recipe.model.backbone)
    title = card.title if card else recipe.model.backbone
    return f"{title}, {recipe.input.size} px, {recipe.optimiser.name}"


def by_the_lab(recipe: Recipe) -> dict[str, Any]:
    """From nothing to a tested network."""
    began = time.perf_counter()
    (tested,) = [event for event in train(recipe) if isinstance(event, Tested)]
    return _told(tested.predictions.correct, time.perf_counter() - began)


def by_scikit_learn(recipe: Recipe, splits: Splits) -> dict[str, Any]:
    """On what the same backbone makes of the same pictures: standardised, ten strengths, five
    folds; the seconds are those of the regression alone."""
    sides = [side for side in (splits.train, splits.validation) if side is not None]
    values = [features_of(recipe, side, splits.train, _quietly).numpy() for side in sides]
    test = features_of(recipe, splits.test, splits.train, _quietly).numpy()
    known, labels = np.concatenate(values), np.concatenate([side.labels for side in sides])
    began = time.perf_counter()
    mean, spread = known.mean(0), known.std(0) + 1e-6
    folds = int(min(5, np.bincount(labels)[np.unique(labels)].min()))
    peer = LogisticRegressionCV(Cs=10, cv=folds, max_iter=300, tol=1e-3)
    peer.fit((known - mean) / spread, labels)
    right = peer.predict((test - mean) / spread) == splits.test.labels
    return _told(right, time.perf_counter() - began)


def _quietly(done: int, total: int) -> None:
    """Nobody looks."""


def by_fastai(splits: Splits, python: str) -> dict[str, Any]:
    """`fine_tune` in a process of its own, on the same pictures as files."""
    with tempfile.TemporaryDirectory() as folder:
        sides = [side for side in (splits.train, splits.validation) if side is not None]
        for number, side in enumerate(sides):
            _as_files(Path(folder) / "train", side, f"{number} ")
        _as_files(Path(folder) / "test", splits.test, "")
        weights = next(
            path for place in paths.weight_folders() for path in place.glob(f"{FASTAI_BACKBONE}.*")
        )
        command = [python, str(PEER), folder, str(weights)]
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    answer = json.loads(told.stdout.splitlines()[-1])
    right = np.array([answer["said"][str(row)] for row in range(len(splits.test))])
    return _told(right == splits.test.labels, answer["seconds"])


def _as_files(folder: Path, pictures: Pictures, prefix: str) -> None:
    for row, label in enumerate(pictures.labels.tolist()):
        place = folder / f"{label:03}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(pictures.pixels[row])).save(place / f"{prefix}{row}.png")


def _told(right: Right, seconds: float) -> dict[str, Any]:
    return {"right": right.astype(int).tolist(), "seconds": seconds}


def lines(kept: Path) -> Iterator[str]:
    """The table, as far as it was measured."""
    yield (
        "| photo set | labels a class | pictures | set by the defaults | default, % | seconds "
        "| scikit-learn, % | seconds | default less that | fastai, % | seconds "
        "| default less that |"
    )
    yield "|" + "---|" * 12
    for cell in cells():
        place = kept / f"{cell.name}.json"
        if place.exists():
            yield _line(cell, json.loads(place.read_text()))


def _line(cell: Cell, found: dict[str, Any]) -> str:
    parts = [cell.title, str(cell.labels or "all"), f"{found['pictures']:,}", found["recipe"]]
    ours = np.array(found["lab"]["right"], dtype=float)
    parts += [_percent(ours), f"{found['lab']['seconds']:.0f}"]
    for peer in ("scikit-learn", "fastai"):
        if peer not in found:
            parts += ["", "", ""]
            continue
        theirs = np.array(found[peer]["right"], dtype=float)
        seconds = f"{found[peer]['seconds']:.0f}"
        parts += [_percent(theirs), seconds, _difference(ours, theirs)]
    return f"| {' | '.join(parts)} |"


def _percent(right: NDArray[np.float64]) -> str:
    found = wilson(int(right.sum()), len(right))
    return f"{100 * found.value:.1f} [{100 * found.low:.0f}, {100 * found.high:.0f}]"


def _difference(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> str:
    apart = 100 * (ours - theirs)
    mean, margin = apart.mean(), 1.96 * apart.std() / np.sqrt(len(apart))
    return f"{mean:+.1f} [{mean - margin:+.1f}, {mean + margin:+.1f}]"


def main() -> None:
    """Measure as many cells as there is time for."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--kept", type=Path, required=True)
    reader.add_argument("--minutes", type=float, default=8)
    reader.add_argument("--fastai", default="", metavar="PYTHON")
    reader.add_argument("--largest", type=int, default=3000, help="labelled pictures of a cell")
    reader.add_argument("--write", type=Path)
    given = reader.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(os.cpu_count() or 1)
    given.kept.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * given.minutes
    for cell in cells():
        limit = cell.data.limit_train
        small = (limit is not None and limit <= given.largest) or cell.title == "ants and bees"
        if small and time.monotonic() < end:
            print(_line(cell, measured(cell, given.kept, given.fastai)), flush=True)
    if given.write:
        write_between(given.write, "photos", list(lines(given.kept)))


if __name__ == "__main__":
    main()
