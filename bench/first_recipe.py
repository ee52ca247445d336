"""Which recipe a newcomer's photos should begin with, measured on the photo sets at hand:

    TL_DATA=DATA TL_WEIGHTS=WEIGHTS PYTHONPATH=. python bench/first_recipe.py --cache FOLDER \\
        --write docs/DEFAULTS.md

`--only head` or `--only backbones` makes one of its tables. What each backbone makes of each
picture at each size is computed once and kept in the folder. On
that an exact head is solved, and, for the best backbone, held against scikit-learn's logistic
regression with its strength tuned by five folds.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegressionCV

from tlcore import catalog, paths
from tlcore.analysis.intervals import wilson
from tlcore.data import load
from tlcore.nn.device import choose_device, choose_precision
from tlcore.nn.engine.exact import judge, known, parted, strengths
from tlcore.nn.engine.frozen import Frozen, batch_for
from tlcore.nn.networks.build import build
from tlcore.nn.preprocessing import preparation_for
from tlcore.recipe import Data, Input, Model
from tlcore.studies.reproduce.book import commit

STRENGTH = 0.1
BEST, AT = "tf_efficientnet_lite0", (32, 64, 96, 128, 160)
OTHERS = (
    ("mobilenetv1_100", 128),
    ("resnet18", 128),
    ("mobilenetv2_100", 128),
    ("mobilenetv2_035", 128),
    ("squeezenet1_1", 128),
    ("mobilenetv1_025", 128),
    ("pebble-photo", 32),
    ("pebble-photo", 64),
    ("pebble-photo", 96),
)


@dataclass(frozen=True)
class Photos:
    """A photo set, and how much of it is looked at."""

    title: str
    data: Data


Found = dict[str, NDArray[Any]]


def photo_sets() -> tuple[Photos, ...]:
    """Those at hand: few labels a class, as a newcomer has."""
    folder = paths.data_folders()[0]
    ants, flowers = (
        Data(name="folder", path=str(folder / f"{name}.zip"), validation=0.0)
        for name in ("hymenoptera_ants_bees", "flowers5_128")
    )
    cifar10, cifar100 = Data(name="cifar10", validation=0.0), Data(name="cifar100", validation=0.0)
    return (
        Photos("ants and bees", _part(ants, 40, 120)),
        Photos("five flowers", _part(flowers, 30, 250)),
        Photos("CIFAR-10", _part(cifar10, 20, 300)),
        Photos("CIFAR-100", _part(cifar100, 4, 200)),
    )


def _part(data: Data, labels: int, test: int) -> Data:
    return data.model_copy(update={"labels_per_class": labels, "limit_test": test})


def features(photos: Photos, backbone: str, size: int, cache: Path) -> Found:
    """What the backbone makes of all of them, kept for the next time."""
    place = cache / f"{photos.title.replace(' ', '-')}.{backbone}.{size}.npz"
    if not place.exists():
        computed: Any = _computed(photos, backbone, size)
        np.savez(place, **computed)
    return dict(np.load(place))


def _computed(photos: Photos, backbone: str, size: int) -> Found:
    splits, device = load(photos.data, Input(size=size)), choose_device()
    network = build(Model(backbone=backbone), 2, size, seed=0).eval()
    network.to(device).to(memory_format=torch.channels_last)
    prepare = preparation_for(Input(size=size), network.trained_with, splits.train)
    frozen = Frozen(network, len(network.stages), size, choose_precision("auto", device))
    found: Found = {}
    for side, pictures in (("train", splits.train), ("test", splits.test)):
        batches = torch.arange(len(pictures)).split(batch_for(size, device))
        rows = [frozen(prepare(torch.from_numpy(pictures.pixels[b.numpy()]))) for b in batches]
        found[side] = torch.cat(rows).float().cpu().numpy()
        found[f"{side} labels"] = pictures.labels
    return found


def hits(found: Found, strength: float = STRENGTH) -> NDArray[np.bool_]:
    """Which test pictures an exact head calls rightly."""
    tensors = {name: torch.from_numpy(values) for name, values in found.items()}
    classes = int(max(found["train labels"].max(), found["test labels"].max())) + 1
    head = known(tensors["train"], tensors["train labels"], classes).solve(strength)
    right: NDArray[np.bool_] = (
        head.logits(tensors["test"]).argmax(1).numpy() == found["test labels"]
    )
    return right


def as_a_run(found: Found) -> NDArray[np.bool_]:
    """As the default recipe does it: five folds choose the strength, then all are learned from."""
    features, labels = (torch.from_numpy(found[name]) for name in ("train", "train labels"))
    folds = parted(features, labels, int(labels.max()) + 1)
    return hits(found, min(strengths(11), key=lambda strength: judge(folds, strength)[0]))


def by_scikit_learn(found: Found) -> NDArray[np.bool_]:
    """The usual way: standardised, ten strengths, five folds (fewer of classes with fewer)."""
    train, mean = found["train"], found["train"].mean(0)
    spread = train.std(0) + 1e-6
    folds = int(min(5, np.bincount(found["train labels"]).min()))
    peer = LogisticRegressionCV(Cs=10, cv=folds, max_iter=300, tol=1e-3)
    peer.fit((train - mean) / spread, found["train labels"])
    right: NDArray[np.bool_] = peer.predict((found["test"] - mean) / spread) == found["test labels"]
    return right


def table(sets: tuple[Photos, ...], cache: Path) -> Iterator[str]:
    """Every backbone on every set."""
    titles = " | ".join(photos.title for photos in sets)
    yield f"| backbone | px | {titles} |"
    yield "|---|---|" + "---|" * len(sets)
    for backbone, size in (*((BEST, size) for size in reversed(AT)), *OTHERS):
        card = catalog.lookup(backbone)
        cells = [_percent(hits(features(photos, backbone, size, cache))) for photos in sets]
        line = f"| {card.title if card else backbone} | {size} | {' | '.join(cells)} |"
        print(line, flush=True)
        yield line


def _percent(right: NDArray[np.bool_]) -> str:
    found = wilson(int(right.sum()), len(right))
    return f"{100 * found.value:.1f} [{100 * found.low:.0f}, {100 * found.high:.0f}]"


def against(sets: tuple[Photos, ...], cache: Path) -> Iterator[str]:
    """The default recipe's head against scikit-learn's, on the same features."""
    yield "| photo set | test pictures | default | scikit-learn | difference, points |"
    yield "|---|---|---|---|---|"
    every = []
    for photos in sets:
        found = features(photos, BEST, AT[-1], cache)
        ours, theirs = as_a_run(found), by_scikit_learn(found)
        every.append((ours, theirs))
        line = _row(photos.title, ours, theirs)
        print(line, flush=True)
        yield line
    yield _row("all", *(np.concatenate(side) for side in zip(*every, strict=True)))


def _row(title: str, ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> str:
    apart = 100 * (ours.astype(float) - theirs.astype(float))
    mean, margin = apart.mean(), 1.96 * apart.std() / np.sqrt(len(apart))
    told = f"{mean:+.1f} [{mean - margin:+.1f}, {mean + margin:+.1f}]"
    return f"| {title} | {len(ours)} | {_percent(ours)} | {_percent(theirs)} | {told} |"


TABLES = {"head": against, "backbones": table}
"""What can be written, each between marks of its own."""


def main() -> None:
    """Measure what isn't measured yet, and write the tables."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--cache", type=Path, required=True)
    reader.add_argument("--write", type=Path)
    reader.add_argument("--only", choices=TABLES, help="one table; the others stay as they are")
    given = reader.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for name in [given.only] if given.only else TABLES:
        lines = list(TABLES[name](photo_sets(), given.cache))
        if given.write:
            write_between(given.write, name, lines)


def write_between(page: Path, name: str, lines: Sequence[str]) -> None:
    """Put a table between its marks, with what it was made by."""
    before, begin, rest = page.read_text().partition(f"<!-- {name} -->")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    if not (begin and end):
        raise SystemExit(f"{page} has no place for the table {name}: add its two marks.")
    stamp = f"At commit {commit()}, torch {torch.__version__}."
    page.write_text("\n".join([before + begin, "", stamp, "", *lines, "", end + after]))


if __name__ == "__main__":
    main()
