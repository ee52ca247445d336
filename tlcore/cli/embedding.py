"""`embed`: a map of a run's test pictures as its network sees them, before and after training."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import RUN_HELP, add_verb
from tlcore.cli.output import print_json, printable

if TYPE_CHECKING:
    from tlcore.analysis.embedding import Embedding
    from tlcore.cli.arguments import Verbs
    from tlcore.runs.store import RunStore

_RUN = "20261121-142233-3fa97c1e5b20d486"
_BETWEEN_LINES = 1.0
_BETWEEN_LOOKS = 0.5


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "embed",
        embed,
        "map a run's test pictures as its network sees them",
        f"embed {_RUN}",
        f"embed {_RUN} --pictures 500",
    )
    verb.add_argument("run", metavar="RUN", help=RUN_HELP)
    text = "how many of its test pictures (2000)"
    verb.add_argument("--pictures", metavar="N", type=_count, default=2000, help=text)


def embed(given: Namespace) -> int:
    """Make the map, keep it with the run, and say how well the classes are parted in it."""
    from tlcore.access import LOCAL
    from tlcore.inference import embed as making
    from tlcore.runs.store import RunStore

    store, progress = RunStore(), _Progress()
    with _in_turn(store, given.run):
        found = making.embed(store, given.run, by=LOCAL, most=given.pictures, tell=progress.tell)
        path = making.keep(store, given.run, found, by=LOCAL)
    said = _measured(store, given.run, found)
    if given.json:
        print_json({"run": given.run, "file": str(path), "pictures": len(found), **said})
    else:
        _print(found, said)
        print(f"map        {printable(path)}")
    return 0


class _Progress:
    """A line on stderr every now and then; the page that started this reads the last one."""

    def __init__(self) -> None:
        self._next = 0.0

    def tell(self, name: str, done: int, total: int) -> None:
        """How many pictures have gone through."""
        if time.monotonic() >= self._next or done == total:
            self._next = time.monotonic() + _BETWEEN_LINES
            print(f"{name}: {done:,} of {total:,} pictures", file=sys.stderr, flush=True)


@contextmanager
def _in_turn(store: RunStore, run: str) -> Iterator[None]:
    """One map at a time, for each holds many pictures in memory; and one of each run."""
    from tlcore.access import LOCAL
    from tlcore.errors import RunError
    from tlcore.runs.jobs import MAP
    from tlcore.runs.lock import locked

    with locked(MAP.of(store.folder(run, by=LOCAL).path).lock) as mine:
        if not mine:
            raise RunError("Somebody is making this map already", where=run, remedy="Wait for it.")
        while True:
            with locked(store.home / "map.lock") as our_turn:
                if our_turn:
                    yield
                    return
            print("waits for another map", file=sys.stderr, flush=True)
            time.sleep(_BETWEEN_LOOKS)


def _measured(store: RunStore, run: str, found: Embedding) -> dict[str, Any]:
    """How many of each picture's nearest ones have its label, with intervals."""
    from tlcore.access import LOCAL
    from tlcore.analysis import embedding
    from tlcore.runs.results import read_predictions

    said_of = read_predictions(store, run, by=LOCAL)
    labels, groups = said_of.labels[found.rows], said_of.belonging
    belonging = None if groups is None else groups[found.rows]
    after = embedding.purity(found.after.components, labels)
    mean = embedding.mean_purity(after, belonging)
    said = {"chance": embedding.by_chance(labels), "after": asdict(mean)}
    if found.before is None:
        return {**said, "before": None, "gain": None, "why_not": found.why_not}
    before = embedding.purity(found.before.components, labels)
    said["before"] = asdict(embedding.mean_purity(before, belonging))
    return {**said, "gain": asdict(embedding.gained(before, after, belonging)), "why_not": ""}


def _print(found: Embedding, said: dict[str, Any]) -> None:
    from tlcore.analysis.embedding import NEIGHBOURS
    from tlcore.analysis.intervals import Interval
    from tlcore.formatting import gain, in_percent, rate

    print(f"pictures   {len(found):,}")
    print(f"of the {NEIGHBOURS} nearest pictures of each, so many have its label:")
    before = rate(Interval(**said["before"])) if said["before"] else printable(found.why_not)
    print(f"before     {before}")
    print(f"after      {rate(Interval(**said['after']))}")
    if said["gain"]:
        print(f"gain       {gain(Interval(**said['gain']))}")
    print(f"by chance  {in_percent(said['chance'])}")


def _count(text: str) -> int:
    if not text.isdecimal() or not 10 <= int(text) <= 20_000:
        raise ArgumentTypeError(f"{text!r} must be a number of pictures from 10 to 20000")
    return int(text)
