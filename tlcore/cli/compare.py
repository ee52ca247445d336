"""`compare`: finished runs side by side, what was reported beside what was measured."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import RUN_HELP, add_verb
from tlcore.cli.output import print_json, print_table

if TYPE_CHECKING:
    from tlcore.analysis.scores import TestReport
    from tlcore.cli.arguments import Verbs
    from tlcore.recipe.presets import Preset
    from tlcore.runs.store import RunStore

_TITLES = (
    "run", "name", "accuracy", "95 % interval", "F1", "reported", "epochs", "seconds",
    "trainable", "against the first",
)  # fmt: skip


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "compare",
        compare,
        "put finished runs side by side",
        "compare 20261121-142233-3fa97c1e5b20d486 20261121-143010-77c2a0914fe6d35b",
    )
    verb.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        help=RUN_HELP,
    )


def compare(given: Namespace) -> int:
    """Print a table of runs."""
    from tlcore.runs.store import RunStore

    rows = rows_of(RunStore(), given.runs)
    if given.json:
        print_json({"runs": rows})
        return 0
    print_table(_TITLES, [_cells(row) for row in rows])
    if len(rows) > 1:
        print("\nagainst the first: difference in accuracy, in percentage points, with its 95 %")
        print("interval; only where both were tested on the same pictures.")
    for row in rows[1:]:
        if row["verdict"]:
            print(f"\n{row['run']} against the first: {row['verdict']}")
    if any(row["reported"] for row in rows):
        print("\nreported: by the report's authors, on their machines; not measured here.")
    if any(row["reported"] and not row["as_reported"] for row in rows):
        print("*: the recipe was changed before it was run here.")
    return 0


def rows_of(store: RunStore, runs: Sequence[str]) -> list[dict[str, Any]]:
    """One row a run: what it measured, what was reported, how it differs from the first."""
    from tlcore.access import LOCAL
    from tlcore.runs.result import decide_among, story_of
    from tlcore.runs.results import other_seeds, read_result

    results = [read_result(store, run, by=LOCAL) for run in runs]
    stories = [
        story_of(store, run, by=LOCAL, seeds=other_seeds(store, run, by=LOCAL)) for run in runs
    ]
    return [
        _row(result, story.test)
        | {
            "difference": asdict(decision.gained) if decision else None,
            "verdict": decision.text if decision else "",
        }
        for result, story, decision in zip(results, stories, decide_among(stories), strict=True)
    ]


def in_points(gain: dict[str, Any]) -> str:
    """A difference of two shares, with its interval.

    >>> in_points({"value": 0.1, "low": 0.026, "high": 0.17})
    '+10.0 (+2.6 to +17.0)'
    """
    value, low, high = (100 * gain[name] for name in ("value", "low", "high"))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def _row(result: dict[str, Any], test: TestReport) -> dict[str, Any]:
    preset = _preset(result["preset"])
    return {
        "run": result["run"],
        "name": _name(result, preset),
        "accuracy": asdict(test.accuracy),
        "f1": test.f1,
        "reported": dict(preset.reported) if preset else {},
        "as_reported": preset is not None and preset.recipe.id == result["recipe"],
        "epochs": result["epochs"],
        "seconds": result["seconds"],
        "trainable": result["trainable"],
    }


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    accuracy, gain = row["accuracy"], row["difference"]
    return (
        row["run"],
        row["name"],
        f"{accuracy['value']:.1%}",
        f"{accuracy['low']:.1%} to {accuracy['high']:.1%}",
        f"{row['f1']:.3f}",
        _reported(row),
        row["epochs"],
        f"{row['seconds']:.1f}",
        row["trainable"],
        gain and in_points(gain),
    )


def _name(result: dict[str, Any], preset: Preset | None) -> str:
    """What a person calls the run; a preset's own title is too long for a table."""
    if preset and result["name"] in ("", preset.title):
        return preset.name
    return str(result["name"] or result["preset"] or result["recipe"])


def _preset(name: str) -> Preset | None:
    """The preset that a run began as, if there still is one of that name."""
    from tlcore.recipe.presets import presets

    return next((preset for preset in presets() if preset.name == name), None)


def _reported(row: dict[str, Any]) -> str | None:
    """With a star where the recipe was changed before it was run."""
    accuracy = row["reported"].get("test_accuracy")
    return None if accuracy is None else f"{accuracy:.1%}{'' if row['as_reported'] else ' *'}"
