"""Rows 28 to 31: names, ids and people who want more than is theirs."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.faulting.rows import Budget, Outcome, Row
from bench.support.lives import RECIPE, bring_to, publish, work
from tlcore.access import LOCAL, PUBLIC, Owner, Rules, anonymous
from tlcore.errors import NotAllowed, QuotaExceeded, RecipeError, RunError
from tlcore.recipe import Recipe
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

Call = Callable[[RunStore, str, Owner], Any]

READS: dict[str, Call] = {
    "get": lambda store, run, by: store.get(run, by=by),
    "position": lambda store, run, by: store.position(run, by=by),
    "recipe": lambda store, run, by: store.recipe(run, by=by),
    "folder": lambda store, run, by: store.folder(run, by=by),
    "events": lambda store, run, by: store.events(run, by=by),
    "metrics": lambda store, run, by: store.metrics(run, by=by),
    "history": lambda store, run, by: store.history(run, by=by),
    "artifact": lambda store, run, by: store.artifact(run, "last", by=by),
    "checkpoints": lambda store, run, by: store.checkpoints(run, by=by),
}
CHANGES: dict[str, Call] = {
    "pause": lambda store, run, by: store.ask(run, "pause", by=by),
    "stop": lambda store, run, by: store.ask(run, "stop", by=by),
    "cancel": lambda store, run, by: store.ask(run, "cancel", by=by),
    "resume": lambda store, run, by: store.resume(run, by=by),
    "rename": lambda store, run, by: store.rename(run, "mine", by=by),
    "delete": lambda store, run, by: store.delete(run, by=by),
    "restore": lambda store, run, by: store.restore(run, by=by),
    "forget": lambda store, run, by: store.forget(run, by=by),
}
_ELSEWHERE = (
    "../../etc", "..%2f..%2fetc", "/etc/passwd", "....//", "\\..\\..", "file:///etc/passwd",
    "'; DROP TABLE run; --", "' OR 1=1 --", "<script>", "![](http://127.0.0.1/x)", "\0", "\u202e",
    "%", "_", "*", "20261121-142233-", "None", "\uff10" * 8, "\n", "{run}/../{run}", "{run}\n",
    "{run} ", " {run}", "{run}%00", "./{run}", "{run}/", "{run}' --",
)  # fmt: skip
_REACHING = (
    "hf-hub:x/y", "hf_hub:x/y", "local-dir:/etc", "../resnet18", "/etc/passwd", "resnet18.evil",
    "resnet18\n", " resnet18", "timm/resnet18", "http://127.0.0.1:9/x", "resnet18@x", "RESNET18 ",
    "resnet18.a1_in1k.x", "resnet18;id", "%72esnet18", "\uff52esnet18", "resnet18\u200b",
    "__init__",
)  # fmt: skip


def check_names(budget: Budget) -> Outcome:
    """In a lab that is open to anybody, only exact names of the catalogue are taken."""
    os.environ["TL_PUBLIC"] = "1"
    store, let = RunStore(), []
    store.set_rules(Rules(), by=LOCAL)
    for number in budget.trials():
        if _takes(store, field := ("backbone", "weights")[number % 2], text := _reach(number)):
            let.append(f"{field} {text!r}")
    return Outcome(budget.made, f"{len(let)} of them taken", tuple(let))


def _takes(store: RunStore, field: str, text: str) -> bool:
    try:
        recipe = RECIPE.model_copy(update={"model": RECIPE.model.model_copy(update={field: text})})
        store.submit(recipe, by=anonymous())
    except RecipeError:
        return False
    return True


def _reach(number: int) -> str:
    text = _REACHING[number % len(_REACHING)]
    return text if number < 2 * len(_REACHING) else _spoilt(text, number)


def check_ids(budget: Budget) -> Outcome:
    """Whatever isn't the id of a run that is there finds nothing, in words."""
    store = RunStore()
    there = bring_to(store, State.FINISHED)
    before = _files(store.home)
    found = []
    for number in budget.trials():
        text = _tampered(number, there)
        for name, call in {**READS, **CHANGES}.items():
            try:
                call(store, text, LOCAL)
            except RunError as error:
                if type(error) is RunError:
                    continue
            found.append(f"{name} took {text[:40]!r}")
    if _files(store.home) != before:
        found.append("files changed")
    calls = len(READS) + len(CHANGES)
    words = f"{len(found)} of {budget.made * calls:,} calls found anything"
    return Outcome(budget.made, words, tuple(found))


def _tampered(number: int, run: str) -> str:
    text = _ELSEWHERE[number % len(_ELSEWHERE)].replace("{run}", run)
    return (
        text
        if number < len(_ELSEWHERE)
        else _spoilt(random.Random(number).choice([text, run]), number)
    )


def _spoilt(text: str, number: int) -> str:
    """Another text that is nearly this one."""
    chance = random.Random(number)
    place = chance.randrange(len(text))
    new = chance.choice("/.\\%\0'\"é 0f-\n" * 2 + text)
    made = text[:place] + new * chance.choice([1, 1, 2, 50]) + text[place + 1 :]
    return made if made != text else f"{made}x"


def check_others(budget: Budget) -> Outcome:
    """Two people, every function of the store, runs in every state, shown and hidden."""
    leaks: list[str] = []
    trials = 0
    for hidden in (True, False):
        store = RunStore(budget.folder / str(hidden))
        store.set_rules(Rules(show_others=not hidden), by=LOCAL)
        ada, ben = anonymous(name="Ada"), anonymous(name="Ben")
        for state in State:
            if state == State.LOST or budget.left() < 0:
                continue
            made, tried = _leaks(store, bring_to(store, state, by=ada), ada, ben, hidden=hidden)
            leaks, trials = leaks + made, trials + tried
    return Outcome(trials, f"{len(leaks)} leaks", tuple(leaks))


def _leaks(
    store: RunStore, run: str, ada: Owner, ben: Owner, *, hidden: bool
) -> tuple[list[str], int]:
    before = store.get(run, by=LOCAL)
    leaks = []
    for name, call in {**(READS if hidden else {}), **CHANGES}.items():
        try:
            call(store, run, ben)
        except RunError as error:
            if hidden == (not isinstance(error, NotAllowed)) and (hidden or run in str(error)):
                continue
            leaks.append(f"{name} of a run that is {before.state} said {error}")
        else:
            leaks.append(f"{name} of a run that is {before.state}")
    if hidden and any(each.owner == ada for each in store.list(by=ben, limit=-1)):
        leaks.append("list shows it")
    if store.get(run, by=LOCAL) != before:
        leaks.append(f"a run that is {before.state} was changed")
    return leaks, len(CHANGES) + (len(READS) + 1 if hidden else 0)


def check_floods(budget: Budget) -> Outcome:
    """One person asks again and again, from eight threads at once; another still gets theirs."""
    os.environ["TL_PUBLIC"] = "1"
    store, ada = RunStore(), anonymous()
    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(lambda _: _is_taken(store, ada), range(budget.count)))
    folders = len(list((store.home / "runs").iterdir()))
    allowed = (PUBLIC.running or 0) + (PUBLIC.queued or 0)
    broken = []
    if taken != allowed or folders != allowed:
        broken.append(f"{taken} taken and {folders} folders, and {allowed} are allowed")
    if not _is_taken(store, anonymous()):
        broken.append("somebody else was refused")
    broken += _too_much_is_refused(RunStore(budget.folder / "full"))
    found = f"{taken} taken, {budget.count - taken} refused in words; bytes and a full disk too"
    return Outcome(budget.count, found, tuple(broken))


def _is_taken(store: RunStore, by: Owner) -> bool:
    try:
        store.submit(Recipe(), by=by)
    except QuotaExceeded:
        return False
    return True


def _too_much_is_refused(store: RunStore) -> list[str]:
    """Whoever's files fill what is theirs gets no more, and nobody does on a full disk."""
    ben, broken = anonymous(), []
    store.set_rules(Rules(bytes=1000), by=LOCAL)
    publish(store, work(store, by=ben), "last", "x" * 1000)
    if _is_taken(store, ben):
        broken.append("a person's bytes aren't bounded")
    store.set_rules(Rules(free_bytes=10**18), by=LOCAL)
    if _is_taken(store, LOCAL):
        broken.append("the disk may be filled")
    return broken


def _files(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.glob("runs/**/*") if path.is_file()}


ROWS = (
    Row(
        28,
        "a model's or a weight file's name that leads elsewhere (hf-hub:, local-dir:, paths)",
        "where anybody may ask, only exact names of the catalogue are taken",
        check_names,
        full=500,
        quick=60,
    ),
    Row(
        29,
        "an id that is none: paths, quotes, near misses",
        "no function of the store finds or changes anything",
        check_ids,
        full=500,
        quick=60,
    ),
    Row(
        30,
        "somebody asks for another person's runs, by every function",
        "nothing is told that isn't shown to all, and nothing is ever changed",
        check_others,
    ),
    Row(
        31,
        "one person submits 500 runs at once",
        "exactly the quota is taken (1 at work, 3 that wait); others still get theirs",
        check_floods,
        full=500,
        quick=60,
    ),
)
