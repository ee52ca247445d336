"""How often the lab's verdicts err: `python bench/verdicts.py --write docs/measured/VERDICTS.md`.

Every sentence of bench/sentences.py is held against cases that are made up so that it would be
wrong, by the lab's own functions. Where there are several kinds of such cases, the worst counts.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/verdicts.py`

from bench.sentences import Sentence, sentences

FEWEST = 20
ERROR = 1.96


@dataclass(frozen=True)
class Counted:
    """How often a sentence was said though it was not so.

    Attributes:
        wrong: The share, in the kind of cases in which it is said the most often.
        trials: Cases of each kind.
    """

    wrong: float
    trials: int


def count(sentence: Sentence, trials: int) -> Counted:
    """Make up so many cases of each kind."""
    some = max(FEWEST, trials // sentence.cost)
    shares = [sum(map(says, range(some))) / some for says in sentence.says]
    return Counted(max(shares), some)


def holds(sentence: Sentence, found: Counted) -> bool:
    """Whether it is wrong no more often than it may be, but for the chance of so many cases."""
    slack = ERROR * math.sqrt(sentence.may * (1 - sentence.may) / found.trials)
    return found.wrong <= sentence.may + slack


def name_of(decider: object) -> str:
    """Where a function of the lab stands."""
    module = str(getattr(decider, "__module__", "")).removeprefix("tlcore.")
    return f"`{module}.{getattr(decider, '__qualname__', decider)}`"


def row(sentence: Sentence, found: Counted | None) -> str:
    """A line of the table; of what wasn't counted yet, too."""
    if found is None:
        measured: tuple[object, ...] = ("not counted yet", "", f"{sentence.may:g}")
    else:
        kinds = f"{len(sentence.says)} x " if len(sentence.says) > 1 else ""
        kept = "" if holds(sentence, found) else ", **not kept**"
        measured = (f"{found.wrong:.3f}", f"{kinds}{found.trials:,}", f"{sentence.may:g}{kept}")
    cells = (
        "<br>".join(each.strip(" ,;:").replace("{}", "…") for each in sentence.said),
        sentence.where,
        ", ".join(f"`{each}`" for each in sentence.written),
        name_of(sentence.decider),
        sentence.untrue,
        *measured,
    )
    return f"| {' | '.join(map(str, cells))} |"


def page(every: Sequence[Sentence], found: Sequence[Counted | None], trials: int) -> str:
    """The table as Markdown."""
    titles = (
        "sentence", "where it is read", "where it is written", "what decides", "made up",
        "wrong", "of", "may be",
    )  # fmt: skip
    lines = [
        f"| {' | '.join(titles)} |",
        "|---|---|---|---|---|---:|---:|---:|",
        *(row(each, counted) for each, counted in zip(every, found, strict=True)),
    ]
    counted = [(each, one) for each, one in zip(every, found, strict=True) if one]
    kept = sum(holds(each, one) for each, one in counted)
    return "\n".join(
        [
            "# How often a verdict is wrong",
            "",
            f"Made by `python bench/verdicts.py --trials {trials} --write "
            "docs/measured/VERDICTS.md`. Each sentence is held against made-up cases in which it "
            "is not so; *wrong* is how often it, or the one that says the opposite, was said all "
            "the same. Where there are several kinds of cases, the one that goes wrong the most "
            f"often counts, which makes the figure a little too high. {kept} of the {len(counted)} "
            f"that were counted, of {len(every)} in all, are wrong no more often than "
            "they may be, but for the chance of so many cases (a rate of "
            f"0.05 is off by {ERROR * math.sqrt(0.05 * 0.95 / trials):.3f} in 19 of 20 cases). "
            "Sentences that say only that something can't be told are listed in "
            "`bench/plain_words.py`; a test finds any other. Intervals are in "
            "[COVERAGE.md](COVERAGE.md).",
            "",
            *lines,
            "",
        ]
    )


def main() -> None:
    """Simulate, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--keep", type=Path, help="a file that takes each sentence as it is "
                        "counted, and from which a later call goes on")  # fmt: skip
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many")
    given = parser.parse_args()
    ends, every = time.monotonic() + 60 * given.minutes, list(sentences())
    kept = json.loads(given.keep.read_text()) if given.keep and given.keep.exists() else {}
    for each in every:
        if each.said[0] in kept or time.monotonic() > ends:
            continue
        found = count(each, given.trials)
        kept[each.said[0]] = (found.wrong, found.trials)
        print(row(each, found), flush=True)
        if given.keep:
            given.keep.write_text(json.dumps(kept, indent=0), encoding="utf-8")
    left = sum(each.said[0] not in kept for each in every)
    if left:
        print(f"{left} of {len(every)} sentences are left for another call.")
    if given.write:
        counted = [Counted(*kept[each.said[0]]) if each.said[0] in kept else None for each in every]
        given.write.write_text(page(every, counted, given.trials), encoding="utf-8")


if __name__ == "__main__":
    main()
