"""`robust`: what networks keep of their accuracy when pictures get worse."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import RUN_HELP, add_verb
from tlcore.cli.output import print_json, print_table, printable, stop_when_asked

if TYPE_CHECKING:
    from tlcore.analysis.robustness import Case, Robustness
    from tlcore.cli.arguments import Verbs
    from tlcore.runs.store import RunStore

PICTURES = 500
"""Enough for two points either way in a mean, and for an answer within minutes."""

INTERRUPTED = 130

_RUN = "20261121-142233-3fa97c1e5b20d486"
_OTHER = "20261121-143010-77c2a0914fe6d35b"


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "robust",
        robust,
        "measure how runs bear noise, blur, weather and digital harm",
        f"robust {_RUN}",
        f"robust {_RUN} {_OTHER} --severities 1,3,5",
        f"robust {_RUN} --corruptions noise,fog,jpeg --pictures 1000",
    )
    verb.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        help=RUN_HELP,
    )
    text = f"how many of its test pictures ({PICTURES}); another number begins anew"
    verb.add_argument("--pictures", metavar="N", type=_count, default=PICTURES, help=text)
    text = "how strong, from 1 to 5 (all)"
    verb.add_argument("--severities", metavar="1,3,5", type=_severities, help=text)
    text = "which ones, by name or family (all)"
    verb.add_argument("--corruptions", metavar="NAMES", type=_corruptions, help=text)


def robust(given: Namespace) -> int:
    """Measure what isn't known yet, and print what is."""
    from tlcore.analysis.robustness import CORRUPTIONS, SEVERITIES, Case
    from tlcore.runs.store import RunStore

    store = RunStore()
    names, severities = given.corruptions or CORRUPTIONS, given.severities or SEVERITIES
    cases = [Case(name, severity) for name in names for severity in severities]
    found: dict[str, Robustness] = {}
    with stop_when_asked() as asked:
        for run in dict.fromkeys(given.runs):
            measured = _measured(store, run, cases, given.pictures, asked)
            if measured is None:
                print("Stopped. What was measured is kept: the same command goes on from there.",
                      file=sys.stderr)  # fmt: skip
                return INTERRUPTED
            found[run] = measured
    if given.json:
        print_json({"runs": _fields(found)})
    else:
        _print(store, found)
    return 0


def _measured(
    store: RunStore, run: str, cases: list[Case], most: int, asked: Callable[[], bool]
) -> Robustness | None:
    """What is known of these cases in the end; None if somebody wanted to stop before that."""
    from tlcore.access import LOCAL
    from tlcore.inference.client import network_of
    from tlcore.nn.robustness import measure
    from tlcore.runs.robustness import read_robustness

    with closing(measure(store, run, by=LOCAL, cases=cases, most=most)) as measuring:
        for step in measuring:
            _tell(step)
            if asked() and step.done < step.total:
                return None
    path, folder = network_of(store, run, by=LOCAL), store.folder(run, by=LOCAL).path
    known = read_robustness(folder, path.name)
    return known.only(cases) if known else None


def _tell(step: Any) -> None:
    """A line on stderr that moves on a terminal, and stays where it doesn't."""
    from tlcore.formatting import rate

    case = f"{step.case.corruption} {step.case.severity}"
    line = f"{step.done}/{step.total}  {case}: {rate(step.accuracy)}"
    moves = sys.stderr.isatty()
    end = "" if moves and step.done < step.total else "\n"
    print(f"\r\x1b[2K{line}" if moves else line, end=end, file=sys.stderr, flush=True)


def _print(store: RunStore, found: dict[str, Robustness]) -> None:
    """A table for each run, a sentence, and how the others differ from the first."""
    from tlcore.access import LOCAL
    from tlcore.analysis.decision import TURN
    from tlcore.analysis.robustness import describe, describe_difference, difference

    first, confidence = next(iter(found)), _confidence(found)
    names = {run: printable(store.get(run, by=LOCAL).name or run) for run in found}
    for run, each in found.items():
        print(f"{names[run]}  {run}\n")
        print_table(("corruption", "family", *map(str, each.severities), "mean"), _rows(each))
        print(f"\n{describe(each)}\n")
        gap = difference(found[first], each, confidence=confidence) if run != first else None
        if gap is not None:
            print(f"{describe_difference(gap, names[run], names[first])} {TURN}\n")
        elif run != first:
            print("Not compared with the first: it was tested on other pictures.\n")


def _confidence(found: dict[str, Robustness]) -> float:
    """Of a difference: all that are held against the first pay for one another (Bonferroni)."""
    from tlcore.analysis.intervals import CONFIDENCE

    return 1 - (1 - CONFIDENCE) / max(1, len(found) - 1)


def _rows(found: Robustness) -> list[tuple[str, ...]]:
    """A row for each corruption: in whole percent, and the mean with its interval."""
    from tlcore.analysis.robustness import mean_accuracy, table
    from tlcore.formatting import in_percent, rate

    rows: dict[str, list[Any]] = {}
    for row in table(found):
        rows.setdefault(row.case.corruption, []).append(row)
    return [
        (
            name,
            each[0].case.family,
            *(in_percent(row.accuracy.value) for row in each),
            rate(mean_accuracy(found.only(row.case for row in each))),
        )
        for name, each in rows.items()
    ]


def _fields(found: dict[str, Robustness]) -> list[dict[str, Any]]:
    from tlcore.analysis import robustness

    first, confidence = next(iter(found.values())), _confidence(found)
    return [
        {
            "run": run,
            "pictures": len(each.clean),
            "clean": asdict(robustness.accuracy_of(each.clean, each.belonging)),
            "mean": asdict(robustness.mean_accuracy(each)),
            "relative": asdict(kept) if (kept := robustness.relative(each)) else None,
            "families": {name: asdict(i) for name, i in robustness.by_family(each).items()},
            "severities": {str(s): asdict(i) for s, i in robustness.by_severity(each).items()},
            "table": [
                {**row.case._asdict(), "family": row.case.family, **asdict(row.accuracy)}
                for row in robustness.table(each)
            ],
            "difference": asdict(gap) if gap else None,
        }
        for run, each in found.items()
        for gap in [
            robustness.difference(first, each, confidence=confidence) if each is not first else None
        ]
    ]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of pictures")
    return int(text)


def _severities(text: str) -> tuple[int, ...]:
    """Each once, in rising order.

    >>> _severities("5,1,1")
    (1, 5)
    """
    parts = {part.strip() for part in text.split(",")}
    if not parts <= set("12345"):
        raise ArgumentTypeError(f"{text!r} are no severities; write some of 1,2,3,4,5")
    return tuple(sorted(map(int, parts)))


def _corruptions(text: str) -> tuple[str, ...]:
    """Names and families, as names.

    >>> _corruptions("fog,noise")
    ('gaussian-noise', 'shot-noise', 'impulse-noise', 'fog')
    """
    from tlcore.analysis.robustness import CORRUPTIONS, FAMILIES

    wanted: set[str] = set()
    for part in (part.strip() for part in text.split(",")):
        if part not in CORRUPTIONS and part not in FAMILIES:
            known = ", ".join((*FAMILIES, *CORRUPTIONS))
            raise ArgumentTypeError(f"there is no corruption {part!r}; there are {known}")
        wanted.update(FAMILIES.get(part, (part,)))
    return tuple(name for name in CORRUPTIONS if name in wanted)
