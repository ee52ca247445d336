"""`run`, `resume` and `pretrain`: the verbs that train."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import RUN_HELP, Override, add_verb, changed, read_override
from tlcore.cli.output import print_json, printable, stop_when_asked

if TYPE_CHECKING:
    from tlcore.analysis.scores import ClassScore, TestReport
    from tlcore.cli.arguments import Parser, Verbs
    from tlcore.recipe import Recipe
    from tlcore.runs.records import Attempt, Run
    from tlcore.runs.store import RunStore


def finish(store: RunStore, recipe: Recipe, preset: str) -> str | None:
    """The id of a finished run of this recipe; None if it was interrupted before its end.

    A run that has finished is taken as it is, one that was left is gone on with; only where
    there is neither, a new one begins.
    """
    from tlcore.cli.run import begin, follow
    from tlcore.runs.states import State

    run = newest(store, recipe)
    if run is not None and run.state == State.FINISHED:
        return run.id
    attempt = again(store, run) if run is not None else begin(store, recipe, preset)
    return attempt.run if follow(store, attempt) else None


def newest(store: RunStore, recipe: Recipe) -> Run | None:
    """The latest run of a recipe that has finished or can be gone on with."""
    from tlcore.access import LOCAL
    from tlcore.runs.states import State
    from tlcore.runs.supervise import find_lost

    find_lost(store)
    found = [run for run in store.list(by=LOCAL, limit=100_000) if run.recipe_id == recipe.id]
    done = [run for run in found if run.state == State.FINISHED]
    left = [run for run in found if run.state == State.QUEUED or run.state.resumable]
    return next(iter((*done, *left)), None)


def again(store: RunStore, run: Run) -> Attempt:
    """The right to go on with a run that waits or was left."""
    from tlcore.access import LOCAL
    from tlcore.cli.run import claim
    from tlcore.runs.spawn import claiming
    from tlcore.runs.states import State

    with claiming(store.home):
        if run.state != State.QUEUED:
            store.resume(run.id, by=LOCAL)
        return claim(store, run.id)


INTERRUPTED = 130
WEAKEST = 3


def add_verbs(verbs: Verbs) -> None:
    """Describe the verbs of this module."""
    verb = add_verb(
        verbs,
        "run",
        run,
        "train and test what a recipe says",
        "run demo-transfer",
        "run my-recipe.yaml --set epochs=3 --set optimiser.rate=1e-2",
        "run demo-scratch --json > result.json",
        "run photos.zip --set epochs=5",
        "run cifar10-head-only --background",
    )
    _add_background(verb)
    about = "a recipe file, a preset's name, or a folder or zip of pictures in class folders"
    verb.add_argument("recipe", metavar="FILE|PRESET|PICTURES", help=about)
    verb.add_argument(
        "--set",
        dest="overrides",
        metavar="FIELD=VALUE",
        type=read_override,
        action="append",
        default=[],
        help="change a field of the recipe; may be given many times",
    )
    verb = add_verb(
        verbs,
        "resume",
        resume,
        "go on with a run that was paused, stopped or lost, or that failed",
        "resume 20261121-142233-3fa97c1e5b20d486",
    )
    _add_background(verb)
    verb.add_argument("run", metavar="RUN", help=RUN_HELP)
    verb = add_verb(
        verbs,
        "pretrain",
        pretrain,
        "train a backbone of the lab's own and keep its weights in the home",
        "pretrain pebble-shapes",
        "pretrain pebble-photo --background",
    )
    _add_background(verb)
    verb.add_argument("name", metavar="NAME", help="the backbone's name")


def _add_background(verb: Parser) -> None:
    about = "leave it to the background, where it outlives this terminal"
    verb.add_argument("--background", action="store_true", help=about)


def run(given: Namespace) -> int:
    """Begin a run, and follow it to its end unless it is for the background."""
    from tlcore.access import LOCAL
    from tlcore.runs.store import RunStore

    recipe, preset = find_recipe(given.recipe, given.overrides)
    store = RunStore()
    if given.background:
        return leave(store, store.submit(recipe, by=LOCAL, preset=preset), given)
    return _finish(store, begin(store, recipe, preset), given)


def resume(given: Namespace) -> int:
    """Go on with a run from the last state that was saved."""
    from tlcore.access import LOCAL
    from tlcore.runs.spawn import claiming
    from tlcore.runs.store import RunStore
    from tlcore.runs.supervise import find_lost

    store = RunStore()
    find_lost(store)
    with claiming(store.home):
        found = store.get(given.run, by=LOCAL)
        if found.state != "queued":
            found = store.resume(given.run, by=LOCAL)
        attempt = None if given.background else claim(store, found.id)
    return _finish(store, attempt, given) if attempt else leave(store, found, given)


def pretrain(given: Namespace) -> int:
    """Pre-train a backbone; what has been done of it already is not done again."""
    if given.background:
        return _leave_pretraining(given)
    seconds = pretrain_here(given.name)
    if seconds is None:
        return INTERRUPTED
    if given.json:
        print_json({"name": given.name, "seconds": seconds})
    else:
        print(f"{printable(given.name)} is ready, after {seconds:.1f} s.")
    return 0


def pretrain_here(name: str) -> float | None:
    """Pre-train a backbone, keep its weights in the home, and say how many seconds it took; None
    if it was interrupted."""
    from tlcore import paths
    from tlcore.access import LOCAL
    from tlcore.nn.pretrain import save_backbone
    from tlcore.recipe.presets import find
    from tlcore.runs.results import read_result, read_test
    from tlcore.runs.store import RunStore

    store, preset = RunStore(), f"pretrain-{name}"
    run = finish(store, find(preset).recipe, preset)
    if run is None:
        return None
    result, kept = read_result(store, run, by=LOCAL), store.artifact(run, "best", by=LOCAL)
    if kept is None:
        raise _without_network(run)
    accuracy = read_test(store, run, by=LOCAL).accuracy
    save_backbone(kept, paths.home() / "weights" / f"{name}.safetensors", accuracy)
    return float(result["seconds"])


def find_recipe(text: str, overrides: Sequence[Override]) -> tuple[Recipe, str]:
    """The recipe of a file or preset with its overrides, and the preset's name if it is one.

    A folder of class folders, or a zip of one, gets the recipe that suits its pictures. What ends
    like a file or lies in a folder is a recipe's file, everything else a preset.
    """
    from tlcore.recipe.changes import changes_since
    from tlcore.recipe.presets import find
    from tlcore.recipe.text import from_fields, from_file, read, to_fields, version_of

    if os.path.isdir(text) or text.endswith(".zip"):
        return _recipe_for(text, overrides), ""
    is_file = os.sep in text or text.endswith((".yaml", ".yml", ".json"))
    recipe, preset = (from_file(text), "") if is_file else (find(text).recipe, text)
    for change in changes_since(version_of(read(text)), recipe) if is_file else ():
        print(f"Since {text} was written: {change}", file=sys.stderr)
    if overrides:
        recipe = from_fields(changed(to_fields(recipe), overrides), where=f"{text} with --set")
    return recipe, preset


def _recipe_for(pictures: str, overrides: Sequence[Override]) -> Recipe:
    """The recipe that suits these pictures, but for what was asked for."""
    from tlcore.advice.defaults import size_warning, suited
    from tlcore.recipe.text import from_fields

    fields = {"data": {"name": "folder", "path": pictures}}
    recipe = from_fields(changed(fields, overrides), where=f"{pictures} with --set")
    found = suited(recipe, typed=[path for path, _ in overrides])
    for line in filter(None, (found.why, size_warning(found.recipe))):
        print(printable(line), file=sys.stderr)
    return found.recipe


def begin(store: RunStore, recipe: Recipe, preset: str) -> Attempt:
    """Submit a run, and claim it before anybody else can."""
    from tlcore.access import LOCAL
    from tlcore.runs.spawn import claiming

    with claiming(store.home):
        return claim(store, store.submit(recipe, by=LOCAL, preset=preset).id)


def follow(store: RunStore, attempt: Attempt) -> dict[str, Any] | None:
    """Work on a run here, and give its result; None if it was left without one."""
    from tlcore.access import LOCAL
    from tlcore.cli.progress import Progress
    from tlcore.machine import threads_of_a_run
    from tlcore.nn.worker import work
    from tlcore.runs.launchers import Inline
    from tlcore.runs.results import read_result

    print(f"run {attempt.run}", file=sys.stderr)
    before = store.artifact(attempt.run, "result", by=LOCAL)
    try:
        with stop_when_asked() as interrupted:
            here = partial(work, show=Progress(), interrupted=interrupted)
            Inline(store, here).submit(attempt, threads_of_a_run())
    except KeyboardInterrupt:
        pass
    if store.artifact(attempt.run, "result", by=LOCAL) != before:
        return read_result(store, attempt.run, by=LOCAL)
    found = store.get(attempt.run, by=LOCAL)
    hint = f"Go on with: python -m tlcore resume {found.id}"
    print(f"\n{found.reason.capitalize()}. {hint}", file=sys.stderr)
    return None


def leave(store: RunStore, run: Run, given: Namespace) -> int:
    """Leave a waiting run to the background."""
    from tlcore.access import LOCAL
    from tlcore.runs.dispatcher import ensure_dispatcher

    ensure_dispatcher(store.home)
    place = store.position(run.id, by=LOCAL)
    if given.json:
        print_json({"run": run.id, "state": run.state, "position": place})
    else:
        print(f"{run.id} will be run in the background. See it with: python -m tlcore runs")
    return 0


def claim(store: RunStore, run: str) -> Attempt:
    """The right to work on a run that waits."""
    from tlcore.errors import RunError
    from tlcore.machine import slots
    from tlcore.runs.identity import own

    attempt = store.claim(device=next(iter(slots())), worker=own(), run=run)
    if attempt is None:
        remedy = "See how it goes with: python -m tlcore runs"
        raise RunError("Another process has begun this run already", where=run, remedy=remedy)
    return attempt


def _leave_pretraining(given: Namespace) -> int:
    from tlcore.access import LOCAL
    from tlcore.recipe.presets import find
    from tlcore.runs.states import State
    from tlcore.runs.store import RunStore

    store, preset = RunStore(), f"pretrain-{given.name}"
    recipe = find(preset).recipe
    run = newest(store, recipe) or store.submit(recipe, by=LOCAL, preset=preset)
    if run.state.resumable:
        run = store.resume(run.id, by=LOCAL)
    print(
        f"Once it has finished, keep its weights with: python -m tlcore pretrain {given.name}",
        file=sys.stderr,
    )
    return leave(store, run, given) if run.state == State.QUEUED else 0


def _without_network(run: str) -> Exception:
    from tlcore.errors import RunError

    remedy = "Delete the run, then pretrain again."
    return RunError("The network of this run is gone", where=run, remedy=remedy)


def _finish(store: RunStore, attempt: Attempt, given: Namespace) -> int:
    from tlcore.access import LOCAL
    from tlcore.runs.results import read_test

    result = follow(store, attempt)
    if given.json:
        state = store.get(attempt.run, by=LOCAL).state
        print_json(result or {"run": attempt.run, "state": state})
    elif result:
        _print_test(attempt.run, read_test(store, attempt.run, by=LOCAL))
    return 0 if result else INTERRUPTED


def _print_test(run: str, test: TestReport) -> None:
    accuracy = test.accuracy
    warning = f" ({accuracy.warning})" if accuracy.warning else ""
    print(f"run        {run}")
    print(
        f"accuracy   {accuracy.value:.1%}, 95 % interval {accuracy.low:.1%} to "
        f"{accuracy.high:.1%}, on {test.n:,} test pictures{warning}"
    )
    print(f"macro      F1 {test.f1:.3f}, precision {test.precision:.3f}, recall {test.recall:.3f}")
    print(f"loss       {test.loss:.3f}, calibration error {test.calibration_error:.3f}")
    print(f"weakest    {_weakest(test.classes)}")
    if test.absent:
        absent = printable(", ".join(test.absent))
        print(f"left out   {absent}: no test pictures, so the macro scores are without them")


def _weakest(classes: Sequence[ClassScore]) -> str:
    """The classes found least often."""
    found = [(c.recall, printable(c.name)) for c in classes if c.recall is not None]
    found.sort(key=itemgetter(0))
    return ", ".join(f"{name} {recall:.0%}" for recall, name in found[:WEAKEST])
