"""`recipes`: what comes with the lab to be run, and what each trains before it is run."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import add_verb
from tlcore.cli.output import print_json, print_table, printable

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.recipe import Data, Recipe
    from tlcore.recipe.presets import Preset
    from tlcore.schedule.plan import PhaseCount


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "recipes",
        recipes,
        "list the recipes that come with the lab, or print one as a recipe file",
        "recipes",
        "recipes c-resnet50 > mine.yaml",
    )
    verb.add_argument("name", metavar="NAME", nargs="?", help="a recipe of the lab's")


def recipes(given: Namespace) -> int:
    """List the presets, or print one."""
    from tlcore.recipe.presets import find, presets

    if given.name:
        show = _print_json if given.json else _print
        show(find(given.name))
        return 0
    if given.json:
        print_json([_fields(preset) for preset in presets()])
        return 0
    titles = ("name", "report", "what", "reported", "can run here")
    print_table(titles, [
        (p.name, p.report or None, p.title, _reported(p), _lacks(p.recipe)) for p in presets()
    ])  # fmt: skip
    print("\nreported: test accuracy as the report's authors give it; not measured here.")
    return 0


def phases_of(recipe: Recipe) -> tuple[PhaseCount, ...] | None:
    """What each phase trains; None where that is only known once the data or network is there."""
    from tlcore.catalog import outline_for
    from tlcore.schedule.plan import Plan

    classes = class_count(recipe.data)
    outline = outline_for(recipe.model, classes, recipe.input.size) if classes else None
    return Plan(recipe.schedule, outline, recipe.epochs).counts() if outline else None


def class_count(data: Data) -> int | None:
    """How many classes a recipe's data have; None where only its files know."""
    from tlcore.data.drawn.silhouettes import SOURCE, TARGET

    match data.name:
        case "shapes":
            counts = {"source": len(SOURCE), "target": len(TARGET)}
            return counts.get(data.shapes.classes, sum(counts.values()))
        case "cifar100":
            return 100 if data.labels == "fine" else 20
        case "folder" | "hub":
            return None
        case _:
            return 10


def _print_json(preset: Preset) -> None:
    print_json(_fields(preset))


def _print(preset: Preset) -> None:
    """A recipe file, with all that is known about it as comments."""
    from tlcore.recipe.text import to_yaml

    origin = f" (report {preset.report})" if preset.report else ""
    print(f"# {printable(preset.title)}{origin}")
    for name, value in preset.reported.items():
        print(f"# reported {name.replace('_', ' ')}: {value:g}")
    for text in preset.differs:
        print(f"# differs: {printable(text)}")
    for phase in phases_of(preset.recipe) or ():
        print(
            f"# phase {phase.phase + 1}, {phase.epochs} epochs: thawed {phase.thawed}, "
            f"{phase.trainable:,} of {phase.total:,} parameters train"
        )
    print(to_yaml(preset.recipe), end="")


def _fields(preset: Preset) -> dict[str, Any]:
    from tlcore.recipe.text import to_fields

    phases = phases_of(preset.recipe)
    return {
        "name": preset.name,
        "title": preset.title,
        "report": preset.report or None,
        "reported": dict(preset.reported),
        "differs": list(preset.differs),
        "recipe": to_fields(preset.recipe),
        "recipe_id": preset.recipe.id,
        "phases": [asdict(phase) for phase in phases] if phases else None,
        "lacks": _missing(preset.recipe),
    }


def _reported(preset: Preset) -> str | None:
    accuracy = preset.reported.get("test_accuracy")
    return None if accuracy is None else f"{accuracy:.1%}"


def _lacks(recipe: Recipe) -> str:
    missing = _missing(recipe)
    return "yes" if not missing else f"needs {' and '.join(missing)}"


def _missing(recipe: Recipe) -> list[str]:
    """What is not on this machine; a network may still bring the weights."""
    from tlcore import catalog
    from tlcore.data.cards import card_of

    missing = [] if card_of(recipe.data).here else [recipe.data.repo or recipe.data.name]
    if recipe.model.weights == "pretrained" and not catalog.here(recipe.model.backbone):
        missing.append(f"weights of {recipe.model.backbone}")
    return missing
