"""`sweep`: one recipe, and seeds, rates, schedules or backbones to vary: one thing in the queue."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import add_verb
from tlcore.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tlcore.analysis.sweep import Setting, Verdict
    from tlcore.cli.arguments import Verbs
    from tlcore.runs.store import RunStore
    from tlcore.runs.sweeps import Sweep

_ID = "3fa97c1e5b20"


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "sweep",
        sweep,
        "train one recipe with seeds, rates, schedules or backbones varied, and judge the best",
        "sweep cifar10-head-only --seeds 3 --rates 0.001,0.01,0.1",
        "sweep shapes-probe --schedules head-only,last-blocks,full --seeds 3",
        "sweep",
        f"sweep {_ID}",
        f"sweep {_ID} --stop",
    )
    verb.add_argument("what", metavar="RECIPE|SWEEP", nargs="?", default="",
                      help="a preset or a recipe's file to begin; a sweep's id to see it; "
                      "nothing lists them")  # fmt: skip
    verb.add_argument("--seeds", metavar="N", type=int, default=1, help="seeds of each (usually 1)")
    verb.add_argument("--rates", type=_list_of(float), default=(), help="learning rates, by commas")
    verb.add_argument("--schedules", type=_list_of(str), default=(), help="freeze presets")
    verb.add_argument("--backbones", type=_list_of(str), default=(), help="networks to start from")
    verb.add_argument("--name", default="", help="what it is called")
    verb.add_argument("--stop", action="store_true", help="cancel what has not ended yet")


def sweep(given: Namespace) -> int:
    """Begin one, or tell of those that are there."""
    from tlcore.access import LOCAL
    from tlcore.runs.store import RunStore
    from tlcore.runs.sweeps import sweeps

    store = RunStore()
    there = sweeps(store, by=LOCAL)
    if not given.what:
        return _listed(there, given)
    known = next((each for each in there if each.id.startswith(given.what)), None)
    if known is None or not _is_id(given.what):
        return _begun(store, given)
    if given.stop:
        from tlcore.runs.sweeps import stop

        print(f"{stop(store, known, by=LOCAL)} of {len(known.runs)} runs are being stopped.")
        return 0
    return _told(store, known, given)


def _is_id(text: str) -> bool:
    return len(text) >= 4 and all(letter in "0123456789abcdef" for letter in text)


def _list_of(kind: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    def read(text: str) -> tuple[Any, ...]:
        try:
            return tuple(kind(part.strip()) for part in text.split(",") if part.strip())
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is no list of numbers, such as 0.01,0.1") from None

    return read


def _begun(store: RunStore, given: Namespace) -> int:
    from tlcore.access import LOCAL
    from tlcore.cli.run import find_recipe
    from tlcore.runs.dispatcher import ensure_dispatcher
    from tlcore.runs.sweeps import submit, variants

    recipe, preset = find_recipe(given.what, ())
    wanted = variants(
        recipe,
        seeds=given.seeds,
        rates=given.rates,
        schedules=given.schedules,
        backbones=given.backbones,
    )
    made = submit(store, recipe, wanted, by=LOCAL, name=given.name or preset)
    ensure_dispatcher(store.home)
    if given.json:
        print_json({"sweep": made, "runs": len(wanted)})
    else:
        print(f"{len(wanted)} runs will be trained in the background, one after another.")
        print(f"See how they do with: python -m tlcore sweep {made}")
    return 0


def _listed(there: tuple[Sweep, ...], given: Namespace) -> int:
    if given.json:
        print_json([_facts(each) for each in there])
    elif there:
        rows = [(e.id, e.name, f"{e.ended} of {len(e.runs)}", e.finished) for e in there]
        print_table(("sweep", "name", "ended", "finished"), rows)
    else:
        print("There are no sweeps yet. Begin one: python -m tlcore sweep shapes-probe --seeds 3")
    return 0


def _facts(found: Sweep) -> dict[str, Any]:
    runs = [{"setting": s, "run": run.id, "state": run.state} for s, run in found.runs]
    return {"sweep": found.id, "name": found.name, "runs": runs}


def _told(store: RunStore, found: Sweep, given: Namespace) -> int:
    from tlcore.access import LOCAL
    from tlcore.analysis.sweep import in_words, judge
    from tlcore.runs.sweeps import tried

    verdict = judge(tried(store, found, by=LOCAL))
    if given.json:
        print_json({**_facts(found), "verdict": asdict(verdict) if verdict else None})
        return 0
    print(f"{found.name}: {found.ended} of {len(found.runs)} runs have ended.\n")
    if verdict is None:
        for setting, run in found.runs:
            print(f"{run.id}  {run.state:<9}  {setting}")
        return 0
    print_table(("", "runs", "accuracy", "95 % interval", "spread of seeds"), _rows(verdict))
    print(f"\n{in_words(verdict)}")
    return 0


def _rows(verdict: Verdict) -> list[tuple[object, ...]]:
    return [_row(setting) for setting in verdict.settings]


def _row(setting: Setting) -> tuple[object, ...]:
    found = setting.accuracy
    spread = "" if setting.spread is None else f"{100 * setting.spread:.1f} points"
    between = f"{found.low:.1%} to {found.high:.1%}"
    return setting.name or "as it is", setting.runs, f"{found.value:.1%}", between, spread
