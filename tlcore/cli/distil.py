"""`distil`: a lighter network learns what a finished run's network knows."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import RUN_HELP, add_verb, changed, read_override
from tlcore.cli.compare import in_points, rows_of
from tlcore.cli.output import print_json, print_table

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.recipe import Recipe
    from tlcore.runs.store import RunStore

_RUN = "20261121-142233-3fa97c1e5b20d486"
INTERRUPTED = 130
TAUGHT, ALONE = "taught", "alone"


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "distil",
        distil,
        "train a lighter network to answer as a finished run's network does",
        f"distil {_RUN} --backbone scratch-plain",
        f"distil {_RUN} --backbone scratch-plain --compare --seeds 3",
        f"distil {_RUN} --backbone mobilenetv3_small_100 --set distillation.temperature=2",
    )
    verb.add_argument("run", metavar="RUN", help=RUN_HELP)
    verb.add_argument("--backbone", metavar="NAME", required=True, help="the student's backbone")
    text = "train it without a teacher, too, and say what the teacher was worth"
    verb.add_argument("--compare", action="store_true", help=text)
    text = "how many students, which differ in nothing but their seed (usually 1)"
    verb.add_argument("--seeds", metavar="N", type=_count, default=1, help=text)
    text = "change a field of the student's recipe; may be given many times"
    verb.add_argument("--set", dest="overrides", metavar="FIELD=VALUE", type=read_override,
                      action="append", default=[], help=text)  # fmt: skip


def distil(given: Namespace) -> int:
    """Train the students that aren't there yet, and print them beside their teacher."""
    from tlcore.runs.store import RunStore

    store = RunStore()
    student = _student(store, given)
    systems = _systems(student, compare=given.compare)
    runs: dict[str, list[str]] = {name: [] for name in systems}
    for seed in range(student.seed, student.seed + given.seeds):
        for name, recipe in systems.items():
            run = _trained(store, recipe.model_copy(update={"seed": seed}))
            if run is None:
                return INTERRUPTED
            runs[name].append(run)
    _print(store, given.run, runs, as_json=given.json)
    return 0


def _student(store: RunStore, given: Namespace) -> Recipe:
    from tlcore.access import LOCAL
    from tlcore.errors import RunError
    from tlcore.recipe.text import from_fields, to_fields
    from tlcore.runs.results import read_result
    from tlcore.studies.distillation import student_of

    read_result(store, given.run, by=LOCAL)  # or say how it stands
    network = store.artifact(given.run, "best", by=LOCAL)
    if network is None:
        raise RunError("The network of this run is gone", where=given.run, remedy="Train it again.")
    recipe = student_of(store.recipe(given.run, by=LOCAL), network, given.backbone)
    fields = changed(to_fields(recipe), given.overrides)
    return from_fields(fields, where=f"what {given.run} teaches")


def _systems(student: Recipe, *, compare: bool) -> dict[str, Recipe]:
    from tlcore.studies.distillation import alone

    return {TAUGHT: student, **({ALONE: alone(student)} if compare else {})}


def _trained(store: RunStore, recipe: Recipe) -> str | None:
    """A finished run of this recipe; one that is there already is not done again."""
    from tlcore.cli.run import finish

    return finish(store, recipe, "")


def _print(store: RunStore, teacher: str, runs: dict[str, list[str]], *, as_json: bool) -> None:
    rows = {name: rows_of(store, [teacher, *of]) for name, of in runs.items()}
    pairs = zip(runs.get(ALONE, []), runs[TAUGHT], strict=False)
    gains = [rows_of(store, pair)[1]["difference"] for pair in pairs]
    if as_json:
        found = {name: [_fields(row) for row in table[1:]] for name, table in rows.items()}
        print_json({"teacher": _fields(rows[TAUGHT][0]), **found, "gains": gains})
        return
    table = [("teacher", rows[TAUGHT][0]), *((n, r) for n, t in rows.items() for r in t[1:])]
    print_table(
        ("", "accuracy", "95 % interval", "parameters", "run"),
        [_cells(name, row, _parameters(store, row["run"])) for name, row in table],
    )
    for gain in gains:
        print(
            f"\nWith its teacher against without, on the same pictures: {in_points(gain)} points."
        )
    if len(runs[TAUGHT]) > 1:
        _print_means(store, rows)


def _print_means(store: RunStore, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Over seeds, and what may be said of the recipes."""
    from tlcore.access import LOCAL
    from tlcore.analysis.decision import decide
    from tlcore.analysis.intervals import FEWEST_SEEDS, Interval
    from tlcore.analysis.seeds import over_runs
    from tlcore.formatting import rate
    from tlcore.runs.results import read_predictions

    print()
    for name, table in rows.items():
        found = over_runs([Interval(**row["accuracy"]) for row in table[1:]])
        about = "the recipe" if len(table) > FEWEST_SEEDS else "these networks"
        count = f"mean over {len(table) - 1} seeds, the interval is about {about}"
        print(f"{name:8} {rate(found)}: {count}")
    if ALONE in rows:
        alone, with_it = (
            [read_predictions(store, row["run"], by=LOCAL) for row in rows[name][1:]]
            for name in (ALONE, TAUGHT)
        )
        if decision := decide(alone, with_it, ways=("scratch",)):
            print(f"\nWith its teacher against without: {decision.text}")


def _parameters(store: RunStore, run: str) -> int:
    from tlcore.access import LOCAL
    from tlcore.runs.results import read_result

    return int(read_result(store, run, by=LOCAL)["parameters"])


def _cells(name: str, row: dict[str, Any], parameters: int) -> tuple[object, ...]:
    found = row["accuracy"]
    interval = f"{found['low']:.1%} to {found['high']:.1%}"
    return name, f"{found['value']:.1%}", interval, parameters, row["run"]


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    return {"run": row["run"], "accuracy": row["accuracy"], "seconds": row["seconds"]}


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise ArgumentTypeError(f"{text!r} must be a number from 1 to 100")
    return int(text)
