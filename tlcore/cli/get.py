"""`get`: a data set or weights from the hub, with size and licence said before."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import add_verb
from tlcore.cli.output import print_json, print_table, printable

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.hub.downloads import Recorder
    from tlcore.hub.things import Thing

_BETWEEN_LINES = 1.0


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "get",
        get,
        "fetch a data set or weights from the hub; without a name, list what teaches something",
        "get cifar10",
        "get resnet18",
        "get AI-Lab-Makerere/beans",
        "get --report C",
    )
    verb.add_argument("name", metavar="NAME", nargs="?", help="a card, a backbone, or owner/name")
    verb.add_argument("--report", metavar="R", help="all that the recipes of a report need: A to E")
    verb.add_argument("--revision", metavar="COMMIT", default="", help="a commit; else the newest")
    text = "check what is here, and fetch what is damaged"
    verb.add_argument("--again", action="store_true", help=text)
    verb.add_argument("--config", metavar="PART", default="", help="which part of the data set")


def get(given: Namespace) -> int:
    """Fetch what is named, or list what could be."""
    from tlcore.hub.things import named

    if given.report:
        return _get_all(_needed_by(given.report), given)
    if not given.name:
        return _list(as_json=given.json)
    thing = named(given.name, revision=given.revision, config=given.config)
    return _get_all([thing], given)


def _list(*, as_json: bool) -> int:
    from dataclasses import asdict

    from tlcore.data.sources.curated import CARDS
    from tlcore.hub.things import of_card

    if as_json:
        print_json([{**asdict(card), "here": of_card(card).is_here} for card in CARDS])
        return 0
    titles = ("name", "here", "title", "pictures", "classes", "MB", "licence", "good for")
    print_table(titles, [
        (c.name, "yes" if of_card(c).is_here else "no", c.title, c.pictures, c.classes,
         c.megabytes, c.licence.partition(":")[0], c.good_for.replace("**", ""))
        for c in CARDS
    ])  # fmt: skip
    print("\nAny other data set of pictures works too: python -m tlcore get OWNER/NAME")
    return 0


def _needed_by(report: str) -> Sequence[Thing]:
    """All that a report's recipes need and that is not here."""
    from tlcore.errors import FetchError
    from tlcore.hub.things import lacking
    from tlcore.recipe import presets

    found = [p.recipe for p in presets.presets() if p.report.lower() == report.lower()]
    if not found:
        known = sorted({p.report for p in presets.presets() if p.report})
        raise FetchError(f"There is no report {report!r}", remedy=f"There are {', '.join(known)}.")
    return lacking(found)


def _get_all(things: Sequence[Thing], given: Namespace) -> int:
    done = [_get(thing, again=given.again) for thing in things]
    if given.json:
        print_json(done)
    elif not things:
        print("everything is here already")
    return 0


def _get(thing: Thing, *, again: bool) -> dict[str, Any]:
    """One after the other; whoever comes second waits for the first."""
    from tlcore.hub import downloads

    if thing.is_here and not again:
        _say(f"{thing.name}: is here already")
        return {"name": thing.name, "repo": thing.repo, "fetched": False}
    with downloads.recording(thing) as recorder:
        if recorder is not None:
            return _fetch(thing, recorder)
    return _wait_for(thing)


def _fetch(thing: Thing, recorder: Recorder) -> dict[str, Any]:
    from tlcore.errors import FetchError
    from tlcore.hub import faults, fetch

    meter = fetch.Meter(_Told(thing, recorder).tell)

    def give_up() -> None:
        """From a thread: the one that waits for the hub can't be reached any more."""
        import os

        fetch.sweep(thing)
        error = faults.stalled()
        recorder.end("failed", error)
        print(f"Error: {error}", file=sys.stderr, flush=True)
        os._exit(1)

    end_watch = meter.watch(give_up)
    try:
        offer = fetch.ask(thing)
        _say(f"{thing.name}: {offer.bytes / 1e6:,.1f} MB, licence {offer.licence or 'unknown'}, "
             f"{offer.thing.repo} at {offer.thing.revision[:12]}")  # fmt: skip
        recorder.begin(offer.thing, offer.bytes)
        fetch.fetch(offer, meter)
    except FetchError as error:
        fetch.sweep(thing)
        recorder.end("failed", error)
        raise
    finally:
        end_watch()
    recorder.end("done")
    _say(f"{thing.name}: is here")
    return {
        "name": thing.name, "repo": offer.thing.repo, "revision": offer.thing.revision,
        "config": offer.thing.config, "bytes": offer.bytes, "licence": offer.licence or None,
        "fetched": True,
    }  # fmt: skip


class _Told:
    """Keeps the progress where pages look, and says a line on stderr now and then."""

    def __init__(self, thing: Thing, recorder: Recorder) -> None:
        self._thing, self._recorder, self._next = thing, recorder, 0.0

    def tell(self, done: int) -> None:
        """So many bytes are here."""
        self._recorder.tell(done)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _BETWEEN_LINES
            _say(f"{self._thing.name}: {self._recorder.download.words}")


def _wait_for(thing: Thing) -> dict[str, Any]:
    """Somebody else fetches it: say how far they are, and end as they do."""
    from tlcore.errors import FetchError
    from tlcore.hub import downloads

    while downloads.goes_on(thing):
        if found := downloads.look(thing):
            _say(f"{thing.name}: somebody is getting it: {found.words}")
        time.sleep(_BETWEEN_LINES)
    found = downloads.look(thing)
    if not thing.is_here:
        raise FetchError((found and found.what) or "The download was ended", remedy="Try again.")
    return {"name": thing.name, "repo": thing.repo, "fetched": False}


def _say(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)
