"""What a GPU makes of the lab: `python bench/gpu.py --write docs/measured/GPU.md`, in ten minutes.

For whoever has one: how fast it learns and looks, how near that is to what its matrix products can
do, whether its numbers are the CPU's, and how long report C takes. It runs on a CPU too, where
`--toy` makes everything small.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/gpu.py`

from bench.race.limit import measure_limit, operations_of
from tlcore.errors import ThawError
from tlcore.events import EpochDone, StepDone, Tested
from tlcore.nn.device import choose_device, describe
from tlcore.nn.engine import train
from tlcore.recipe import Recipe
from tlcore.recipe.presets import presets
from tlcore.recipe.text import from_fields
from tlcore.schedule.phases import PRESETS

WORKS = (("resnet50", 224, 64), ("mobilenetv2_100", 96, 64))
"""Backbone, size of its pictures, batch."""
TOY_WORKS = (("pebble-shapes", 32, 16),)
PASSES = 3
"""A step that learns costs about three passes forward: one there, two back."""
CLOSE = 0.02
"""Of a loss in float32: other kernels round otherwise, and every step makes that larger."""


def learning(works: Sequence[tuple[str, int, int]], pictures: int) -> Iterator[list[str]]:
    """Speed and share of the ceiling, learning all of it and looking through frozen blocks."""
    for backbone, size, batch in works:
        limit = measure_limit(backbone, size)
        per_picture = operations_of(backbone, size)
        looked = limit.batch / limit.seconds
        recipe = _recipe("full", backbone, size, batch, pictures, epochs=2)
        learned = [e for e in train(recipe) if isinstance(e, EpochDone)][-1].images_per_second
        for what, speed, passes in (
            ("frozen blocks look", looked, 1),
            ("all learn", learned, PASSES),
        ):
            share = speed * per_picture * passes / limit.operations
            yield [backbone, str(size), what, f"{speed:,.0f}", f"{share:.0%}", _most_memory()]


def _recipe(
    preset: str, backbone: str, size: int, batch: int, pictures: int, epochs: int, **more: Any
) -> Recipe:
    shapes = {"per_class": pictures // 10, "test_per_class": 2, "size": 32}
    return from_fields(
        {
            "data": {"name": "shapes", "shapes": shapes},
            "input": {"size": size},
            "model": {"backbone": backbone, "weights": "none"},
            "schedule": {"preset": preset},
            "epochs": epochs,
            "batch": batch,
            **more,
        }
    )


def _most_memory() -> str:
    """Of the card, since it was last asked."""
    device = choose_device()
    if device.type != "cuda":
        return "-"
    most = torch.cuda.max_memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    return f"{most / 10**9:.1f} GB"


def likeness(schedules: Sequence[str]) -> Iterator[list[str]]:
    """Each schedule on a CPU and on the device, in float32: by how much the losses differ."""
    for preset in schedules:
        phases = {"phases": [{"thaw": "all", "epochs": 1}, {"thaw": "head", "epochs": 1}]}
        schedule = {"preset": preset, **(phases if preset == "custom" else {})}
        recipe = from_fields(
            {
                "data": {"name": "shapes", "shapes": {"per_class": 6, "test_per_class": 3}},
                "input": {"size": 32},
                "model": {"backbone": "pebble-shapes"},
                "schedule": schedule,
                "optimiser": {"name": "sgd", "rate": 0.001},
                "epochs": 2,
                "batch": 16,
                "precision": "float32",
            }
        )
        here = [event.loss for event in train(recipe) if isinstance(event, StepDone)]
        again = [event.loss for event in train(recipe) if isinstance(event, StepDone)]
        before = os.environ.get("TL_DEVICE")
        os.environ["TL_DEVICE"] = "cpu"
        there = [event.loss for event in train(recipe) if isinstance(event, StepDone)]
        os.environ.pop("TL_DEVICE")
        if before is not None:
            os.environ["TL_DEVICE"] = before
        off = max(abs(one - other) for one, other in zip(here, there, strict=True))
        yield [preset, f"{off:.1e}", "yes" if off <= CLOSE else "**no**",
               "yes" if here == again else "**no**"]  # fmt: skip


def report(name: str, toy: bool) -> Iterator[list[str]]:
    """How long a report's recipe takes, and what it comes to."""
    [preset] = [each for each in presets() if each.name == name]
    recipe = preset.recipe.model_copy(update={"epochs": 1}) if toy else preset.recipe
    began = time.perf_counter()
    try:
        tested = next(event for event in train(recipe) if isinstance(event, Tested))
    except ThawError as error:
        yield [name, "not run", error.what.splitlines()[0][:90]]
        return
    accuracy = tested.report.accuracy
    yield [name, f"{time.perf_counter() - began:.0f} s", f"{accuracy.value:.1%}"]


def table(titles: Sequence[str], lines: Iterator[list[str]]) -> str:
    """As Markdown, told line by line meanwhile."""
    made = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    for line in lines:
        made.append(f"| {' | '.join(line)} |")
        print(made[-1], file=sys.stderr, flush=True)
    return "\n".join(made)


def page(*, toy: bool) -> str:
    """All tables."""
    found, began = describe(), time.perf_counter()
    schedules = ("head-only", "gradual") if toy else tuple(PRESETS)
    speeds = table(
        ("backbone", "size", "what", "pictures a second", "of the matrix ceiling", "memory"),
        learning(TOY_WORKS if toy else WORKS, 60 if toy else 2560),
    )
    likes = table(
        ("schedule", "losses differ by", f"at most {CLOSE}", "the same when run again"),
        likeness(schedules),
    )
    reports = table(
        ("recipe", "took", "accuracy"), report("shapes-probe" if toy else "c-resnet50", toy)
    )
    seconds = time.perf_counter() - began
    return (
        "# On a GPU\n\n"
        f"Made by `python bench/gpu.py{' --toy' if toy else ''} --write docs/measured/GPU.md` in "
        f"{seconds:.0f} s on {found['device_name']} ({found['device']}, {found['precision']} by "
        f"itself, torch {found['torch']}).\n\n"
        "The ceiling is the fastest square matrix product measured just before; learning counts as "
        f"{PASSES} passes forward.\n\n{speeds}\n\n"
        f"## Are its numbers the CPU's?\n\nIn float32, step by step.\n\n{likes}\n\n"
        f"## A report's recipe\n\n{reports}\n"
    )


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--toy", action="store_true", help="everything small: does it run at all?")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["TL_HOME"] = home
        text = page(toy=given.toy)
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
