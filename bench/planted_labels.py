"""Wrong labels planted in the photo sets at hand, and how many of them the label check finds:

    TL_DATA=DATA TL_WEIGHTS=WEIGHTS PYTHONPATH=. python bench/planted_labels.py --cache FOLDER \\
        --write docs/measured/LABELS.md

The folder is that of `bench/first_recipe.py`, whose parts of the photo sets these are. cleanlab
(requirements-dev.txt) judges the very same probabilities, by its defaults.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray

from bench.first_recipe import AT, BEST, Found, features, photo_sets, write_between
from tlcore.analysis.label_errors import find_suspects, may_doubt
from tlcore.analysis.predictions import Predictions
from tlcore.nn.labels import out_of_fold

SHARES = (0.01, 0.05, 0.2)
DRAWS = 5

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Catch:
    """What one check flagged.

    Attributes:
        planted: Wrong labels that were planted.
        flagged: Labels that were called wrong.
        caught: Those of the flagged that had been planted.
    """

    planted: int
    flagged: int
    caught: int

    @property
    def precision(self) -> float:
        return self.caught / max(1, self.flagged)

    @property
    def recall(self) -> float:
        return self.caught / self.planted


def planted(labels: Rows, classes: int, share: float, draw: int) -> tuple[Rows, Rows]:
    """The labels with a share of wrong ones, and the rows of these."""
    chance = np.random.default_rng([draw, round(1000 * share)])
    count = max(1, round(share * len(labels)))
    rows = np.sort(chance.permutation(len(labels))[:count])
    noisy = labels.copy()
    noisy[rows] = (labels[rows] + chance.integers(1, classes, count)) % classes
    return noisy, rows


def judged(found: Found, share: float, draw: int) -> tuple[Predictions, Rows]:
    """What is said of every picture once such labels are planted."""
    values = torch.from_numpy(np.concatenate([found["train"], found["test"]]))
    labels = np.concatenate([found["train labels"], found["test labels"]]).astype(np.int64)
    classes = int(labels.max()) + 1
    noisy, rows = planted(labels, classes, share, draw)
    said = out_of_fold(values, torch.from_numpy(noisy), classes).numpy()
    ids, names = (np.array([str(n) for n in range(count)]) for count in (len(labels), classes))
    return Predictions(ids, noisy, said, tuple(names.tolist())), rows


def by_the_lab(table: Predictions, rows: Rows) -> Catch:
    """As the page Data flags them."""
    flagged = np.array([suspect.row for suspect in find_suspects(table)], dtype=np.int64)
    return Catch(len(rows), len(flagged), int(np.isin(flagged, rows).sum()))


def by_cleanlab(table: Predictions, rows: Rows) -> Catch:
    """As cleanlab does unless told otherwise."""
    flagged = np.flatnonzero(find_label_issues(table.labels, table.probabilities, n_jobs=1))
    return Catch(len(rows), len(flagged), int(np.isin(flagged, rows).sum()))


def table(cache: Path) -> Iterator[str]:
    """A line for each photo set and share of wrong labels."""
    yield (
        "| photo set | pictures | network right | planted | flagged | of these planted "
        "| of the planted found | cleanlab: flagged | of these planted | of the planted found |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for photos in photo_sets():
        found = features(photos, BEST, AT[-1], cache)
        for share in SHARES:
            draws = [judged(found, share, draw) for draw in range(DRAWS)]
            line = _line(photos.title, share, draws)
            print(line, flush=True)
            yield line


def _line(title: str, share: float, draws: list[tuple[Predictions, Rows]]) -> str:
    right = np.mean([table.correct.mean() for table, _ in draws])
    doubts = all(may_doubt(table) for table, _ in draws)
    ours, theirs = (
        [judge(table, rows) for table, rows in draws] for judge in (by_the_lab, by_cleanlab)
    )
    cells = (*_cells(ours), *_cells(theirs))
    note = "" if doubts else " (the page doubts none)"
    count = f"{ours[0].planted} ({100 * share:.0f} %)"
    start = f"| {title} | {len(draws[0][0])} | {100 * right:.0f} %{note} | {count}"
    return f"{start} | {' | '.join(cells)} |"


def _cells(catches: list[Catch]) -> tuple[str, str, str]:
    return (
        f"{np.mean([each.flagged for each in catches]):.0f}",
        _spread([each.precision for each in catches]),
        _spread([each.recall for each in catches]),
    )


def _spread(shares: list[float]) -> str:
    low, middle, high = (100 * each for each in (min(shares), np.mean(shares), max(shares)))
    return f"{middle:.0f} % ({low:.0f} to {high:.0f})"


def main() -> None:
    """Plant, check and write."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--cache", type=Path, required=True)
    reader.add_argument("--write", type=Path)
    given = reader.parse_args()
    torch.set_num_threads(1)
    lines = list(table(given.cache))
    if given.write:
        write_between(given.write, "planted", lines)


if __name__ == "__main__":
    main()
