"""`runs`, `queue`, `pause`, `stop` and `cancel`: how runs are doing, and what they should do."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from tlcore.cli.arguments import RUN_HELP, add_verb
from tlcore.cli.output import print_json, print_table, printable

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.runs.records import Request, Run
    from tlcore.runs.store import RunStore

EXAMPLE = "20261121-142233-3fa97c1e5b20d486"
NEWEST = 20
LINES_OF_LOG = 15

_ABOUT: dict[Request, str] = {
    "pause": "let a run save its state after this step, to be resumed later",
    "stop": "let a run end after this step, and test the best network so far",
    "cancel": "end a run as it is, and test nothing",
}


def add_verbs(verbs: Verbs) -> None:
    """Describe the verbs of this module."""
    about = "list runs and what became of them, or tell all about one"
    verb = add_verb(verbs, "runs", runs, about, "runs", f"runs {EXAMPLE}", "runs --newest 100")
    verb.add_argument("run", metavar="RUN", nargs="?", help=RUN_HELP)
    text = f"how many to list (usually {NEWEST})"
    verb.add_argument("--newest", metavar="N", type=_count, default=NEWEST, help=text)
    about = "show what is at work and what waits, and see to it that it goes on"
    add_verb(verbs, "queue", queue, about, "queue", "queue --json")
    for what, about in _ABOUT.items():
        verb = add_verb(verbs, what, ask, about, f"{what} {EXAMPLE}")
        verb.add_argument("run", metavar="RUN", help=RUN_HELP)
        verb.set_defaults(what=what)


def runs(given: Namespace) -> int:
    """List runs, or show one."""
    from tlcore.access import LOCAL
    from tlcore.runs.store import RunStore
    from tlcore.runs.supervise import find_lost

    store = RunStore()
    find_lost(store)
    if given.run:
        _show(store, given.run, as_json=given.json)
        return 0
    found = store.list(by=LOCAL, limit=given.newest)
    if given.json:
        print_json({"runs": [asdict(run) for run in found]})
    else:
        titles = ("run", "name", "learns", "state", "epochs", "begun", "seconds", "why")
        print_table(titles, [_cells(run, _learns(store, run)) for run in found])
    return 0


def queue(given: Namespace) -> int:
    """Show the queue, and start a dispatcher if there is anything to do for one."""
    from tlcore.access import LOCAL
    from tlcore.machine import slots
    from tlcore.runs.dispatcher import ensure_dispatcher
    from tlcore.runs.states import State
    from tlcore.runs.store import RunStore

    store = RunStore()
    active = store.active()
    waiting = store.list(by=LOCAL, states=[State.QUEUED], limit=-1)
    places = {run.id: store.position(run.id, by=LOCAL) for run in waiting}
    in_order = sorted(waiting, key=lambda run: places[run.id] or 0)
    if active or waiting:
        ensure_dispatcher(store.home)
    if given.json:
        rows = [{**asdict(run), "position": places.get(run.id)} for run in (*active, *in_order)]
        print_json({"slots": dict(slots()), "runs": rows})
        return 0
    rooms = ", ".join(f"{device} takes {count}" for device, count in slots().items())
    print(f"runs at once: {rooms}")
    titles = ("place", "run", "name", "owner", "state", "device", "epochs")
    print_table(titles, [_waiting(run, places.get(run.id)) for run in (*active, *in_order)])
    return 0


def ask(given: Namespace) -> int:
    """Ask a run's worker for something; what nobody works on is cancelled at once."""
    from tlcore.access import LOCAL
    from tlcore.runs.dispatcher import ensure_dispatcher
    from tlcore.runs.store import RunStore
    from tlcore.runs.supervise import find_lost

    store = RunStore()
    find_lost(store)
    run = store.ask(given.run, given.what, by=LOCAL)
    if run.state.active:
        ensure_dispatcher(store.home)  # it insists, if the worker doesn't hear
    if given.json:
        print_json(asdict(run))
    else:
        print(f"{run.id} is {run.state}{f': {printable(run.reason)}' if run.reason else ''}")
    return 0


def _show(store: RunStore, run: str, *, as_json: bool) -> None:
    """All that there is to know of one run."""
    from tlcore.access import LOCAL

    found, history = store.get(run, by=LOCAL), store.history(run, by=LOCAL)
    folder = store.folder(run, by=LOCAL)
    if as_json:
        fields = {**asdict(found), "history": [asdict(change) for change in history]}
        print_json({**fields, "folder": str(folder.path), "log": folder.end_of_log()})
        return
    print(f"name      {printable(found.name)}")
    print(f"state     {found.state}{f': {printable(found.reason)}' if found.reason else ''}")
    print(f"epochs    {found.epoch} of {found.epochs}")
    print(f"folder    {folder.path}")
    for change in history:
        why = f": {printable(change.why)}" if change.why else ""
        print(f"{_moment(change.at)}  attempt {change.attempt}  {change.after}{why}")
    for line in folder.end_of_log().splitlines()[-LINES_OF_LOG:]:
        print(f"  log | {printable(line)}")


def _learns(store: RunStore, run: Run) -> str:
    """From what, with what, and how."""
    from tlcore.access import LOCAL
    from tlcore.recipe.summary import summary_of
    from tlcore.runs.rows import upload_name

    recipe = store.recipe(run.id, by=LOCAL)
    return summary_of(recipe, upload=upload_name(recipe, run.owner.id)).line


def _cells(run: Run, learns: str) -> tuple[object, ...]:
    end = run.ended or time.time()
    return (
        run.id,
        run.name,
        learns,
        run.state,
        f"{run.epoch}/{run.epochs}",
        run.started and _moment(run.started),
        run.started and f"{end - run.started:.0f}",
        run.reason.partition("\n")[0] or None,
    )


def _waiting(run: Run, place: int | None) -> tuple[object, ...]:
    name = run.name
    owner = run.owner.name or run.owner.id[:8]
    return place, run.id, name, owner, run.state, run.device or None, f"{run.epoch}/{run.epochs}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} must be a number from 1 on")
    return int(text)
