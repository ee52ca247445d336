"""Reading the parts of a run that comes from somebody else, into values of known types.

Each function reads within limits or refuses the whole; nothing can run, whatever is written there.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from sys import intern
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from tlcore import paths
from tlcore.analysis.predictions import Predictions
from tlcore.catalog.weight_files import fault_in_header
from tlcore.errors import RecipeError, RunError, ThawError
from tlcore.events import NOT_PLAIN, Event, StepDone
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_fields
from tlcore.runs.archive import LONGEST_LINE, MOST_LINES, refused
from tlcore.runs.records import Metric
from tlcore.runs.spawn import passed_on
from tlcore.strict import Part

MEMORY = 1536 * 2**20
"""Of data. A million pictures of ten classes need a third of it."""

SECONDS = 60

_SLIM = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


def recode(source: Path, target: Path) -> None:
    """Write the predictions in `source` to `target`, or refuse them."""
    command = [sys.executable, "-m", "tlcore.runs.archive_reading", str(source), str(target)]
    try:
        done = subprocess.run(
            command, cwd=paths.PROJECT, env={**passed_on(os.environ), **_SLIM}, timeout=SECONDS,
            capture_output=True, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _unreadable("they take too long to read") from None
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().splitlines()
        raise _unreadable(said[0] if said else "they need too much memory")


def _unreadable(why: str) -> RunError:
    return refused(f"its predictions can't be read ({why:.200})")


def _main(source: str, target: str) -> int:
    for limit, most in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        resource.setrlimit(limit, (most, most))
    try:
        Predictions.read(Path(source)).write(Path(target))
    except ThawError as error:
        print(error.what)
        return 1
    except MemoryError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))


Value = TypeVar("Value")
Facts = TypeVar("Facts", bound=Part)
Environment: TypeAlias = dict[str, str | int | float | bool | dict[str, str | None] | None]


def read_facts(kind: type[Facts], path: Path) -> Facts:
    """A small JSON file as values of known types."""
    return _checked(TypeAdapter(kind), _parsed(path.read_bytes(), path.name), path.name)


def check_environment(path: Path) -> None:
    """Refuse a description of a machine that is anything but names with plain values."""
    _checked(TypeAdapter(Environment), _parsed(path.read_bytes(), path.name), path.name)


def check_network(path: Path, recipe: Recipe, classes: tuple[str, ...]) -> None:
    """Refuse weights that aren't those of this recipe and these classes, by what they say of
    themselves. (Whoever loads them holds their sum against their content.)"""
    from safetensors import SafetensorError, safe_open

    if fault := fault_in_header(path):
        raise refused(f"{path.name}: {fault}")
    try:
        with safe_open(path, framework="numpy") as file:
            says = json.loads((file.metadata() or {})["thaw"])
        same = from_fields(says["recipe"]).id == recipe.id and tuple(says["classes"]) == classes
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError, RecipeError):
        raise refused(f"{path.name} is no network of this lab") from None
    if not same or says.get("kind") != "network":
        raise refused(f"{path.name} is another run's network")


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """What happened, each with its `attempt` and `at`, as a store keeps it."""
    for given in _lines(path):
        kind = given.pop("event", None) if isinstance(given, dict) else None
        if not isinstance(kind, str) or kind not in _EVENTS:
            raise refused(f"{path.name} tells of something that this lab doesn't know")
        if given.keys() != _EVENTS[kind].keys():
            raise refused(f"{path.name} tells of a {kind} with other fields than it has")
        yield {"event": kind, **{name: _plain(_EVENTS[kind][name], value, path.name)
                                 for name, value in given.items()}}  # fmt: skip


def read_metrics(path: Path) -> Iterator[Metric]:
    """The points of all curves."""
    for given in _lines(path):
        point = Metric(*_checked(_POINT, given, path.name))
        yield replace(point, name=intern(point.name))


def event_line(event: Mapping[str, Any]) -> str:
    """An event as a line; its number is given anew wherever it is kept."""
    return json.dumps({name: value for name, value in event.items() if name != "seq"})


def metric_line(point: Metric) -> str:
    """A point as a line.

    >>> metric_line(Metric("loss", 0, 7, 0.5, 1.5))
    '["loss", 0, 7, 0.5, 1.5]'
    """
    return json.dumps([point.name, point.epoch, point.step, point.value, point.seconds])


def _lines(path: Path) -> Iterator[Any]:
    _refuse_too_many_lines(path)
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE):
            if not line.endswith(b"\n"):
                raise refused(f"{path.name} has a line that is too long or cut off")
            yield _parsed(line, path.name)


def _refuse_too_many_lines(path: Path) -> None:
    """They are counted before any is parsed."""
    lines, most = 0, MOST_LINES[path.name]
    with path.open("rb") as file:
        while part := file.read(LONGEST_LINE):
            lines += part.count(b"\n")
    if lines > most:
        raise refused(f"{path.name} has {lines:,} lines, and at most {most:,} are read")


def _parsed(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise refused(f"{name} is no JSON") from None


def _plain(adapter: TypeAdapter[Any], given: Any, name: str) -> Any:
    return adapter.dump_python(_checked(adapter, given, name))


def _checked(adapter: TypeAdapter[Value], given: Any, name: str) -> Value:
    try:
        return adapter.validate_python(given)
    except (ValidationError, RecursionError) as error:
        place = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
        field = f" ({'.'.join(map(str, place))})" if place else ""
        raise refused(f"{name} has a value that doesn't belong there{field:.100}") from None


def _adapters(event: Any) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(event)
    names = [each.name for each in fields(event) if each.name not in NOT_PLAIN]
    return {
        "attempt": TypeAdapter(int),
        "at": TypeAdapter(float),
        **{name: TypeAdapter(hints[name]) for name in names},
    }


_KEPT = [event for event in get_args(Event) if event is not StepDone]
_EVENTS = {event.__name__: _adapters(event) for event in _KEPT}
_POINT: TypeAdapter[tuple[str, int, int, float, float]] = TypeAdapter(
    tuple[
        Annotated[str, Field(max_length=100)],
        Annotated[int, Field(ge=0, lt=2**31)],
        Annotated[int, Field(ge=0, lt=2**31)],
        float,
        float,
    ]
)
