"""The lab at a piece of work: `python -m bench.race.with_thaw '{"work": ...}'`."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from safetensors.torch import save_file

from bench.race.works import BATCH, RATE, WORKS, Work
from tlcore import catalog, paths
from tlcore.events import EpochDone, Event, PhaseBegan, Started, Tested
from tlcore.nn.engine import train
from tlcore.nn.networks.build import build
from tlcore.recipe import Model, Recipe
from tlcore.recipe.text import from_fields

PARTS: dict[type[Event], str] = {
    Started: "reading",
    PhaseBegan: "frozen blocks",
    EpochDone: "learning",
    Tested: "testing",
}
"""What has come to its end with each of these events."""


def recipe_for(work: Work, asked: dict[str, Any]) -> Recipe:
    """The work as a recipe."""
    model = contestant(asked)
    outline = catalog.outline_for(model, asked["classes"], asked["size"])
    if outline is None:
        raise SystemExit(f"{model.backbone} is not in the catalogue, so its blocks aren't known")
    return from_fields(
        {
            "data": {"name": "folder", "path": asked["pictures"], "validation": 0},
            "input": {"size": asked["size"], "fit": "squash"},  # as all others do
            "model": {"backbone": model.backbone, "weights": model.weights},
            "schedule": {"preset": "custom", "phases": _phases(work, outline.blocks)},
            "optimiser": {"name": "adamw", "rate": RATE},
            "epochs": work.epochs,
            "batch": BATCH,
        }
    )


def contestant(asked: dict[str, Any]) -> Model:
    """The network that everybody trains: pre-trained if its weights are here. If not, random
    weights in a file stand in for them, which takes the same time and learns less."""
    backbone = asked["backbone"]
    if catalog.here(backbone):
        return Model(backbone=backbone)
    path = paths.home() / "stand-in.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = build(Model(backbone=backbone, weights="none"), 2, asked["size"], seed=0)
        save_file(fresh.backbone.state_dict(), path)
    return Model(backbone=backbone, weights=str(path))


def _phases(work: Work, blocks: tuple[str, ...]) -> list[dict[str, Any]]:
    phases: list[dict[str, Any]] = []
    for epoch in range(work.epochs):
        thawed = len(work.thawed(blocks, epoch))
        words = "all" if thawed == len(blocks) else f"last {thawed} blocks" if thawed else "head"
        if phases and phases[-1]["thaw"] == words:
            phases[-1]["epochs"] += 1
        else:
            phases.append({"thaw": words, "epochs": 1})
    return phases


def run(recipe: Recipe) -> tuple[float, dict[str, float]]:
    """The accuracy, and how many seconds each part of the work took."""
    parts = dict.fromkeys(PARTS.values(), 0.0)
    accuracy, before = 0.0, time.perf_counter()
    for event in train(recipe):
        if part := PARTS.get(type(event)):
            now = time.perf_counter()
            parts[part] += now - before
            before = now
        if isinstance(event, Tested):
            accuracy = event.report.accuracy.value
    return accuracy, parts


def main() -> None:
    """Do it, and print what it took."""
    asked = json.loads(sys.argv[1])
    recipe = recipe_for(WORKS[asked["work"]], asked)
    began = time.perf_counter()
    accuracy, parts = run(recipe)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "accuracy": accuracy, "parts": parts}))


if __name__ == "__main__":
    main()
