"""What taking networks elsewhere costs, what voting and teaching gain: `python -m bench.ship`.

With `--write docs/guide/export.md` the tables go between the two marks of that page. Everything
is trained in the home that `TL_HOME` names; runs that are there already are not done again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tlcore import catalog
from tlcore.access import LOCAL
from tlcore.analysis.ensemble import vote
from tlcore.analysis.intervals import over_seeds
from tlcore.cli.run import finish
from tlcore.data.load import load
from tlcore.errors import ThawError
from tlcore.formatting import gain, in_percent, rate
from tlcore.nn.engine.saved_network import Keepsake
from tlcore.nn.export.graph import write_graph
from tlcore.nn.export.package import ship
from tlcore.nn.export.parity import answers, lab_answers, open_network
from tlcore.nn.networks.build import build
from tlcore.nn.preprocessing import preparation_for
from tlcore.recipe import Data, Input, Model, Recipe, Shapes
from tlcore.recipe.text import from_fields
from tlcore.runs.folder import describe_environment
from tlcore.runs.results import read_predictions, read_test
from tlcore.runs.store import RunStore
from tlcore.studies.distillation import alone, student_of
from tlcore.studies.reproduce.book import commit

MARKS = ("<!-- measured: begin -->", "<!-- measured: end -->")
PICTURES = 100
PARTS = ("parity", "int8", "ensemble", "distil")

SHAPES: Mapping[str, Any] = {
    "name": "shapes, pebble-shapes",
    "data": {"labels_per_class": 40},
    "schedule": {"preset": "lp-ft", "head_epochs": 5, "rate": 0.1},
    "optimiser": {"rate": 5e-3, "weight_decay": 0.05},
    "epochs": 15,
    "batch": 20,
}
CIFAR: Mapping[str, Any] = {
    "data": {"name": "cifar10", "labels_per_class": 50, "limit_test": 2000},
    "input": {"size": 96},
    "schedule": {"preset": "head-only"},
    "optimiser": {"rate": 2e-3},
    "epochs": 10,
}
TRAINED: tuple[Mapping[str, Any], ...] = (
    SHAPES,
    {**CIFAR, "name": "CIFAR-10, pebble-photo", "model": {"backbone": "pebble-photo"},
     "input": {"size": 32}},
    {**CIFAR, "name": "CIFAR-10, MobileNetV2", "model": {"backbone": "mobilenetv2_100"}},
    {**CIFAR, "name": "CIFAR-10, EfficientNet-Lite0",
     "model": {"backbone": "tf_efficientnet_lite0"}},
)  # fmt: skip
STUDENT = "scratch-plain"
MOVED = {"flip": True, "crop": 0.1}
FROZEN: Mapping[str, Any] = {"schedule": {"preset": "head-only"}}
"""How a teacher learns from labels that are partly wrong: it can't learn them by heart."""


def parity() -> Iterator[str]:
    """Every backbone of the catalogue, its weights random where none are here."""
    yield "| backbone | size, px | largest difference | called differently | file, MB | export, s |"
    yield "|---|---:|---:|---:|---:|---:|"
    for card in catalog.CARDS:
        size = max(64, -(-card.smallest // 32) * 32)
        yield _parity_row(card, size)


def _parity_row(card: catalog.Backbone, size: int) -> str:
    here = card.kind != "scratch" and catalog.here(card.name) is not None
    data = Data(shapes=Shapes(per_class=2, test_per_class=PICTURES // 10))
    splits = load(data, Input())
    model = Model(backbone=card.name, weights="pretrained" if here else "none")
    network = build(model, len(splits.classes), size, seed=0).eval()
    prepare = preparation_for(Input(size=size), network.trained_with, splits.train)
    kept = Keepsake(Recipe(), splits.classes, prepare, network)
    pixels = splits.test.pixels
    with tempfile.TemporaryDirectory() as folder:
        file, began = Path(folder) / "model.onnx", time.perf_counter()
        try:
            write_graph(kept, pixels.shape[1], file)
        except ThawError as error:
            return f"| {card.title} | {size} | {error.what} | | | |"
        seconds = time.perf_counter() - began
        ours, theirs = lab_answers(kept, pixels), answers(open_network(file), pixels)
        megabytes = file.stat().st_size / 1e6
    differ = int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum())
    largest = float(np.abs(ours - theirs).max())
    text = f"| {card.title}{'' if here else ' (random weights)'} | {size} | {largest:.1g} "
    return text + f"| {differ} of {len(pixels)} | {megabytes:.1f} | {seconds:.1f} |"


def eight_bits(store: RunStore) -> Iterator[str]:
    """What both ways to eight bits cost and gain."""
    yield "| network | way | n | float32 | int8 | difference | p | file, MB | speed |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|"
    for fields in TRAINED:
        try:
            run = _trained(store, from_fields(dict(fields)))
        except ThawError as error:
            yield f"| {fields['name']} | {error.what} | | | | | | | |"
            continue
        for way in ("static", "dynamic"):
            with tempfile.TemporaryDirectory() as folder:
                done = ship(store, run, Path(folder) / "taken", by=LOCAL, int8=way)
            found = done.eight
            assert found is not None
            yield (
                f"| {fields['name']} | {way} | {found.accuracy.n:,} | {rate(found.before)} | "
                f"{rate(found.accuracy)} | {gain(found.lost)} | {found.test.p:.2g} | "
                f"{found.bytes_before / 1e6:.2f} → {found.bytes / 1e6:.2f} | "
                f"{found.pace.ratio:.2f} × ({found.pace.before:,.0f} → {found.pace.after:,.0f}/s) |"
            )


def ensembles(store: RunStore, seeds: int) -> Iterator[str]:
    """Runs that differ in their seed, voting."""
    yield "| members | together | over the best alone | over one on average | p |"
    yield "|---|---:|---:|---:|---:|"
    for fields in (SHAPES, {**SHAPES, "data": {"labels_per_class": 10}, "name": "the same, ten"}):
        recipes = (from_fields({**fields, "seed": seed}) for seed in range(seeds))
        runs = [_trained(store, recipe) for recipe in recipes]
        found = vote([read_predictions(store, run, by=LOCAL) for run in runs])
        labels = fields["data"]["labels_per_class"]
        each = ", ".join(f"{100 * member.value:.1f}" for member in found.members)
        yield (
            f"| shapes, {labels} labels a class: {each} % | {rate(found.accuracy)} | "
            f"{gain(found.over_best)} | {gain(found.over_mean)} | {found.test.p:.2g} |"
        )


def distilled(
    store: RunStore, seeds: int, labels_per_class: Sequence[int], noise: float
) -> Iterator[str]:
    """A small network from scratch, with its teacher and without."""
    yield "| labels a class | wrong | teacher | student, taught | student, alone | gain |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for labels in labels_per_class:
        data = {"labels_per_class": labels, "shapes": {"label_noise": noise}}
        fields = {**SHAPES, **(FROZEN if noise else {}), "data": data, "augmentation": MOVED}
        teacher = _trained(store, from_fields(fields))
        network = store.artifact(teacher, "best", by=LOCAL)
        assert network is not None
        plain = student_of(store.recipe(teacher, by=LOCAL), network, STUDENT)
        pairs = [
            tuple(
                _accuracy(store, _trained(store, recipe.model_copy(update={"seed": seed})))
                for recipe in (plain, alone(plain))
            )
            for seed in range(seeds)
        ]
        taught, single, gained = (
            _over_seeds(values)
            for values in (
                [100 * pair[0] for pair in pairs],
                [100 * pair[1] for pair in pairs],
                [100 * (pair[0] - pair[1]) for pair in pairs],
            )
        )
        own = 100 * _accuracy(store, teacher)
        yield f"| {labels} | {in_percent(noise)} | {own:.1f} % | {taught} | {single} | {gained} |"


def _over_seeds(values: list[float]) -> str:
    found = over_seeds(values)
    return f"{found.value:.1f} [{found.low:.1f}, {found.high:.1f}]"


def _accuracy(store: RunStore, run: str) -> float:
    return float(read_test(store, run, by=LOCAL).accuracy.value)


def _trained(store: RunStore, recipe: Recipe) -> str:
    run = finish(store, recipe, "")
    if run is None:
        raise KeyboardInterrupt
    return run


def _written(page: Path, lines: list[str]) -> None:
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    text = "\n".join([before + MARKS[0], "", *lines, "", MARKS[1] + after])
    page.write_text(text, encoding="utf-8")


def main() -> None:
    """Measure, print, and write the tables if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--labels", type=int, nargs="*", default=(40, 80, 160))
    parser.add_argument("--noise", type=float, default=0.0, help="share of wrong training labels")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    facts, store = describe_environment("cpu", 0), RunStore()
    tables = {
        "parity": ("Parity", parity),
        "int8": ("Eight bits", lambda: eight_bits(store)),
        "ensemble": ("Votes", lambda: ensembles(store, given.seeds)),
        "distil": ("Teaching", lambda: distilled(store, given.seeds, given.labels, given.noise)),
    }
    lines = [
        f"Made by `python -m bench.ship --seeds {given.seeds} --write docs/guide/export.md` at "
        f"commit {commit()}, {facts['cores']} cores, {facts['processor']}, torch "
        f"{facts['libraries']['torch']}; other work went on meanwhile."
    ]
    for part in given.parts:
        title, measure = tables[part]
        lines += ["", f"### {title}", ""]
        print(f"\n{title}", flush=True)
        for line in measure():
            print(line, flush=True)
            lines.append(line)
    if given.write:
        _written(given.write, lines)


if __name__ == "__main__":
    main()
