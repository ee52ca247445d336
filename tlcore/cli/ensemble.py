"""`ensemble`: what finished runs would say together, and what that gains."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import RUN_HELP, add_verb
from tlcore.cli.compare import in_points
from tlcore.cli.output import print_json, print_table

if TYPE_CHECKING:
    from tlcore.analysis.ensemble import Vote
    from tlcore.analysis.intervals import Interval
    from tlcore.cli.arguments import Verbs

_RUN = "20261121-142233-3fa97c1e5b20d486"
_OTHER = "20261121-143010-77c2a0914fe6d35b"


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    about = "let finished runs vote, from what they said of the same test pictures"
    verb = add_verb(verbs, "ensemble", ensemble, about, f"ensemble {_RUN} {_OTHER}")
    verb.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        help=RUN_HELP,
    )


def ensemble(given: Namespace) -> int:
    """Print what they say together, and what each says alone."""
    from tlcore.access import LOCAL
    from tlcore.analysis.ensemble import verdict, vote
    from tlcore.errors import RunError
    from tlcore.runs.results import read_predictions
    from tlcore.runs.store import RunStore

    if len(set(given.runs)) < len(given.runs):
        raise RunError("A run is named twice", remedy="Each run has one vote.")
    store = RunStore()
    found = vote([read_predictions(store, run, by=LOCAL) for run in given.runs])
    if given.json:
        print_json(_fields(found, given.runs))
        return 0
    rows = [_row(run, each) for run, each in zip(given.runs, found.members, strict=True)]
    print_table(("", "accuracy", "95 % interval"), [*rows, _row("all together", found.accuracy)])
    print(f"\nover the best alone     {in_points(asdict(found.over_best))} points")
    print(f"over one on average     {in_points(asdict(found.over_mean))} points")
    print(f"\n{verdict(found)}")
    return 0


def _row(name: str, found: Interval) -> tuple[str, str, str]:
    return name, f"{found.value:.1%}", f"{found.low:.1%} to {found.high:.1%}"


def _fields(found: Vote, runs: list[str]) -> dict[str, Any]:
    return {
        "runs": runs,
        "n": len(found.together),
        "accuracy": asdict(found.accuracy),
        "members": [asdict(each) for each in found.members],
        "best": runs[found.best],
        "over_best": asdict(found.over_best),
        "mcnemar": asdict(found.test),
        "over_mean": asdict(found.over_mean),
        "split": found.split,
    }
