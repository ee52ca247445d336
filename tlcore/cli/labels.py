"""`labels`: which labels are probably wrong, before anything is trained."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING

from tlcore.cli.arguments import add_verb
from tlcore.cli.output import print_json, print_table, printable

if TYPE_CHECKING:
    from tlcore.analysis.predictions import Predictions
    from tlcore.cli.arguments import Verbs

_SHOWN = 30
_BETWEEN_LINES = 1.0


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    about = "say which labels look wrong, before anything is trained"
    verb = add_verb(verbs, "labels", labels, about, "labels photos.zip", "labels demo-transfer")
    about = "a folder or zip of pictures, a recipe file or a preset's name"
    verb.add_argument("pictures", metavar="PICTURES|FILE|PRESET", help=about)


def labels(given: Namespace) -> int:
    """Check every label, and list the most doubtful ones first."""
    from tlcore import paths
    from tlcore.nn.labels import check_labels
    from tlcore.runs.label_check import CHECK, asked_in, keep, question_for
    from tlcore.runs.lock import locked

    folder = paths.cache() / "labels" / os.path.basename(given.pictures)
    if (folder / "question.json").is_file():  # asked by a page
        with locked(CHECK.of(folder).lock) as mine:
            if mine:
                keep(folder, check_labels(asked_in(folder), tell=_Progress().tell))
        return 0
    from tlcore.cli.run import find_recipe

    recipe, _ = find_recipe(given.pictures, [])
    _tell(check_labels(question_for(recipe), tell=_Progress().tell), as_json=given.json)
    return 0


class _Progress:
    """A line on stderr every now and then; the page that started this reads the last one."""

    def __init__(self) -> None:
        self._next = 0.0

    def tell(self, done: int, total: int) -> None:
        """How many pictures have been looked at."""
        if time.monotonic() >= self._next or done == total:
            self._next = time.monotonic() + _BETWEEN_LINES
            print(f"looked at {done:,} of {total:,} pictures", file=sys.stderr, flush=True)


def _tell(found: Predictions, *, as_json: bool) -> None:
    from tlcore.analysis.label_errors import find_suspects

    suspects = find_suspects(found)
    classes = found.classes
    rows = [
        (str(found.ids[each.row]), classes[each.given], classes[each.likely], each.quality)
        for each in suspects
    ]
    if as_json:
        names = ("picture", "label", "likely", "quality")
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        print_json({"pictures": len(found), "suspects": listed})
        return
    print(f"{len(rows):,} of {len(found):,} labels look wrong; many of these may be right.")
    if rows:
        shown = [(*map(printable, row[:3]), f"{row[3]:.2f}") for row in rows[:_SHOWN]]
        print_table(("picture", "label", "rather", "quality"), shown)
