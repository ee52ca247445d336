"""`demo`: the same few pictures learned from scratch and by transfer, in under a minute."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import add_verb
from tlcore.cli.compare import in_points, rows_of
from tlcore.cli.output import print_json, print_table

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.runs.store import RunStore

SYSTEMS = ("scratch", "transfer")
INTERRUPTED = 130


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    about = "learn new shapes from scratch and by transfer, and show what the difference is"
    add_verb(verbs, "demo", demo, about, "demo", "demo --json")


def demo(given: Namespace) -> int:
    """Train both systems of the demo and print them side by side."""
    from tlcore.runs.store import RunStore

    began = time.perf_counter()
    store = RunStore()
    runs: list[str] = []
    for system in SYSTEMS:
        run = _train(store, f"demo-{system}")
        if run is None:
            return INTERRUPTED
        runs.append(run)
    rows = dict(zip(SYSTEMS, rows_of(store, runs), strict=True))
    _print(rows, time.perf_counter() - began, as_json=given.json)
    return 0


def _train(store: RunStore, preset: str) -> str | None:
    """Run a preset and give the run; None if it was interrupted."""
    from tlcore import catalog
    from tlcore.cli.run import begin, follow, pretrain_here
    from tlcore.recipe import presets

    recipe = presets.find(preset).recipe
    backbone = recipe.model.backbone
    if recipe.model.weights == "pretrained" and catalog.here(backbone) is None:
        print(
            f"{backbone} has no weights here yet: pre-training it first, for minutes",
            file=sys.stderr,
        )
        if pretrain_here(backbone) is None:
            return None
    attempt = begin(store, recipe, preset)
    return attempt.run if follow(store, attempt) else None


def _print(rows: dict[str, dict[str, Any]], seconds: float, *, as_json: bool) -> None:
    if as_json:
        print_json({**{system: _fields(row) for system, row in rows.items()}, "seconds": seconds})
        return
    print_table(
        ("", "accuracy", "95 % interval", "F1", "seconds", "run"),
        [_cells(system, row) for system, row in rows.items()],
    )
    gain = rows["transfer"]["difference"]
    if gain:
        print("\nOn the same test pictures, transfer is ahead by this many percentage points, with")
        print(f"the 95 % interval in brackets: {in_points(gain)}.")
    print(f"Both together took {seconds:.0f} s.")


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    accuracy = row["accuracy"]
    return {
        "accuracy": accuracy["value"],
        "interval": [accuracy["low"], accuracy["high"]],
        "f1": row["f1"],
        "seconds": row["seconds"],
        "trainable": row["trainable"],
        "run": row["run"],
    }


def _cells(system: str, row: dict[str, Any]) -> tuple[object, ...]:
    accuracy = row["accuracy"]
    return (
        system,
        f"{accuracy['value']:.1%}",
        f"{accuracy['low']:.1%} to {accuracy['high']:.1%}",
        f"{row['f1']:.3f}",
        f"{row['seconds']:.1f}",
        row["run"],
    )
