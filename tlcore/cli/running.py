"""`run`, `resume` and `pretrain`: the verbs that train."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import add_verb
from tlcore.cli.interrupt import stop_when_asked
from tlcore.cli.output import print_json, printable
from tlcore.cli.overrides import Override, changed, read_override

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.recipe import Recipe
    from tlcore.runs.folder import RunFolder

INTERRUPTED = 130
WEAKEST = 3


def add_verbs(verbs: Verbs) -> None:
    """Describe the verbs of this module."""
    verb = add_verb(
        verbs,
        "run",
        run,
        "train and test what a recipe says",
        "run demo-transfer",
        "run my-recipe.yaml --set epochs=3 --set optimiser.rate=1e-2",
        "run demo-scratch --json > result.json",
    )
    verb.add_argument("recipe", metavar="FILE|PRESET", help="a recipe file, or a preset's name")
    verb.add_argument(
        "--set",
        dest="overrides",
        metavar="FIELD=VALUE",
        type=read_override,
        action="append",
        default=[],
        help="change a field of the recipe; may be given many times",
    )
    verb = add_verb(
        verbs,
        "resume",
        resume,
        "go on with a run that was interrupted or failed",
        "resume 20261121-142233-3fa9",
    )
    verb.add_argument("run", metavar="RUN", help="the run's id")
    verb = add_verb(
        verbs,
        "pretrain",
        pretrain,
        "train a backbone of the lab's own and keep its weights in the home",
        "pretrain pebble-shapes",
    )
    verb.add_argument("name", metavar="NAME", help="the backbone's name")


def run(given: Namespace) -> int:
    """Begin a run and follow it to its end."""
    from tlcore.runs.folder import RunFolder

    recipe, preset = find_recipe(given.recipe, given.overrides)
    return _finish(RunFolder.create(recipe, preset=preset), given)


def resume(given: Namespace) -> int:
    """Go on with a run from the last state that was saved."""
    from tlcore.errors import RunError
    from tlcore.runs.folder import RunFolder

    folder = RunFolder.open(given.run)
    if folder.state() == "finished":
        remedy = f"See what came out with: python -m tlcore compare {folder.id}"
        raise RunError("This run has finished already", where=folder.id, remedy=remedy)
    return _finish(folder, given)


def pretrain(given: Namespace) -> int:
    """Pre-train a backbone."""
    seconds = pretrain_here(given.name)
    if given.json:
        print_json({"name": given.name, "seconds": seconds})
    else:
        print(f"{printable(given.name)} is ready, after {seconds:.1f} s.")
    return 0


def pretrain_here(name: str) -> float:
    """Pre-train a backbone, show how it goes, and say how many seconds it took."""
    from tlcore.cli.progress import Progress
    from tlcore.events import Finished
    from tlcore.nn.pretrain import pretrain

    show, seconds = Progress(), 0.0
    for event in pretrain(name):
        show(event)
        if isinstance(event, Finished):
            seconds = event.seconds
    return seconds


def find_recipe(text: str, overrides: Sequence[Override]) -> tuple[Recipe, str]:
    """The recipe of a file or preset with its overrides, and the preset's name if it is one.

    What ends like a file or lies in a folder is a file, everything else a preset.
    """
    from tlcore.presets import find
    from tlcore.recipe_text import from_fields, from_file, to_fields

    is_file = os.sep in text or text.endswith((".yaml", ".yml", ".json"))
    recipe, preset = (from_file(text), "") if is_file else (find(text).recipe, text)
    if overrides:
        recipe = from_fields(changed(to_fields(recipe), overrides), where=f"{text} with --set")
    return recipe, preset


def train_in(folder: RunFolder) -> dict[str, Any] | None:
    """Train from where the run stands, and give its result; None if it was interrupted."""
    from tlcore.cli.progress import Progress
    from tlcore.runs.follow import follow

    print(f"run {folder.id}", file=sys.stderr)
    try:
        from tlcore.nn.engine import train

        state = folder.last if folder.last.exists() else None
        with stop_when_asked() as stop:
            events = train(folder.recipe(), resume=state)
            result = follow(folder, events, show=Progress(), stop=stop)
    except KeyboardInterrupt:
        result = None
    if result is None:
        hint = f"Interrupted. Go on with: python -m tlcore resume {folder.id}"
        print(f"\n{hint}", file=sys.stderr)
    return result


def _finish(folder: RunFolder, given: Namespace) -> int:
    result = train_in(folder)
    if given.json:
        print_json(result or {"run": folder.id, "state": "interrupted"})
    elif result:
        _print_result(result)
    return 0 if result else INTERRUPTED


def _print_result(result: dict[str, Any]) -> None:
    report = result["report"]
    accuracy = report["accuracy"]
    warning = f" ({accuracy['warning']})" if accuracy["warning"] else ""
    print(f"run        {result['run']}")
    print(
        f"accuracy   {accuracy['value']:.1%}, 95 % interval {accuracy['low']:.1%} to "
        f"{accuracy['high']:.1%}, on {report['n']:,} test pictures{warning}"
    )
    print(
        f"macro      F1 {report['f1']:.3f}, precision {report['precision']:.3f}, "
        f"recall {report['recall']:.3f}"
    )
    print(f"loss       {report['loss']:.3f}, calibration error {report['calibration_error']:.3f}")
    print(f"weakest    {_weakest(report['classes'])}")
    if report["absent"]:
        absent = printable(", ".join(report["absent"]))
        print(f"left out   {absent}: no test pictures, so the macro scores are without them")


def _weakest(classes: list[dict[str, Any]]) -> str:
    """The classes found least often."""
    present = sorted((c for c in classes if c["support"]), key=lambda c: c["recall"])
    return ", ".join(f"{printable(c['name'])} {c['recall']:.0%}" for c in present[:WEAKEST])
