"""Reading the command line: one clear line when it is wrong, examples when help is asked for."""

from __future__ import annotations

import argparse
import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from tlcore import paths
from tlcore.errors import Problem, RecipeError

if TYPE_CHECKING:
    from tlcore.runs.records import Run

    Verbs: TypeAlias = argparse._SubParsersAction["Parser"]

Override: TypeAlias = tuple[str, str]
"""A field in dots, and its new value as it was typed."""


def read_override(text: str) -> Override:
    """Split what was typed; what the value means is for the recipe to say.

    >>> read_override("data.path=photos/a=b.zip")
    ('data.path', 'photos/a=b.zip')
    """
    field, equals, value = text.partition("=")
    if not equals or not all(field.split(".")):
        raise ArgumentTypeError(f"{text!r} must be FIELD=VALUE, such as epochs=3")
    return field, value


def changed(fields: dict[str, Any], overrides: Sequence[Override]) -> dict[str, Any]:
    """The fields of a recipe with the overrides put in, the last one of a field winning.

    >>> changed({"epochs": 5, "optimiser": {"name": "sgd"}}, [("optimiser.rate", "1e-2")])
    {'epochs': 5, 'optimiser': {'name': 'sgd', 'rate': 0.01}}
    """
    from tlcore.recipe.text import parse

    for field, text in overrides:
        fields = _put(fields, field.split("."), parse(text, where=f"--set {field}"), field)
    return fields


def _put(fields: dict[str, Any], path: list[str], value: object, field: str) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {**fields, name: value}
    inner = fields.get(name, {})
    if not isinstance(inner, dict):
        above = field.removesuffix("." + ".".join(rest))
        rule = f"can't be set, because {above} has no fields; set {above} as a whole"
        raise RecipeError([Problem(field, "", rule)], where="--set")
    return {**fields, name: _put(inner, rest, value, field)}


COMMAND = "thaw" if paths.INSTALLED else "python -m tlcore"
"""How the lab is called here; the longer way works everywhere."""

_ABOUT = """\
Thaw, a transfer-learning lab for image classification.

A recipe says what to learn from, which backbone, what stays frozen and when it thaws; a run
does it. State lives in the folder that TL_HOME names, else in .thaw beside the app, or in
~/.thaw where the lab was installed from a wheel.
"""

_MORE = """\
examples:
  python -m tlcore demo                     transfer against scratch, in under a minute
  python -m tlcore recipes                  what there is to run
  python -m tlcore run demo-transfer --set epochs=3 --set optimiser.rate=1e-2
  python -m tlcore doctor                   what this machine has, and what is missing

exit codes:
  0 it went well; 1 the lab refused, and said why; 2 the command was not understood;
  130 it was interrupted, and said how to go on
"""


RUN_HELP = "a run: its id, the beginning or end of it, its name, or latest"
_FEWEST = 4  # characters of an id that may stand for the whole of it
_NAMED = 3
_WHOLE = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{16}")


class Help(argparse.RawDescriptionHelpFormatter):
    """Keeps examples as they are written, and every verb on the line of its help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=98)
        self._action_max_length = 13  # argparse forgets that verbs are indented once more


class Parser(argparse.ArgumentParser):
    """Says what is wrong in a line, instead of all that could have been right."""

    def error(self, message: str) -> NoReturn:
        """Leave with what is wrong, and where the rest is explained."""
        self.exit(2, f"{self.prog}: {message} (help: {self.prog} --help)\n")

    def _check_value(self, action: argparse.Action, value: str) -> None:
        choices = [str(choice) for choice in action.choices or ()]
        if choices and value not in choices:
            near = get_close_matches(value, choices, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(choices)}"
            raise argparse.ArgumentError(action, f"there is no {value!r}; {hint}")


def name_whole(given: argparse.Namespace) -> None:
    """Put a run's whole id where a beginning or the end of it, its name or `latest` was typed.

    Raises:
        RunError: Several runs are meant.
    """
    named = [*([given.run] if getattr(given, "run", None) else []), *getattr(given, "runs", [])]
    if not all(isinstance(each, str) for each in named) or all(map(_WHOLE.fullmatch, named)):
        return
    from tlcore.access import LOCAL
    from tlcore.runs.store import RunStore

    store = RunStore()
    here = store.list(by=LOCAL, limit=-1)
    every = (*here, *store.list(by=LOCAL, limit=-1, binned=True))
    if getattr(given, "run", None):
        given.run = _find_id(given.run, here, every)
    if getattr(given, "runs", None):
        given.runs = [_find_id(each, here, every) for each in given.runs]


def _find_id(text: str, here: Sequence[Run], every: Sequence[Run]) -> str:
    """The id of the run that is meant; what means none is left for whoever asks for it to refuse.

    Args:
        text: As it was typed.
        here: The runs, the newest first.
        every: The same and those in the bin.
    """
    from tlcore.errors import RunError

    if text.casefold() == "latest" and here:
        return here[0].id
    for meant in _ways(text):
        found = [run.id for run in every if meant(run)]
        if len(found) > 1:
            more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            remedy = f"Type more of the id of one of these: {', '.join(found[:_NAMED])}{more}."
            raise RunError(f"{len(found)} runs are meant by {text[:60]!r}", remedy=remedy)
        if found:
            return found[0]
    return text


def _ways(text: str) -> Iterator[Callable[[Run], bool]]:
    """How a run may be meant, the surest first."""
    yield lambda run: run.id == text
    yield lambda run: run.name.casefold() == text.casefold()
    if len(text) >= _FEWEST:
        yield lambda run: run.id.startswith(text) or run.id.endswith(text)


def build_parser() -> tuple[Parser, Verbs]:
    """The parser of the whole command line, and where verbs are added."""
    whole = Parser(
        prog=COMMAND,
        description=_ABOUT,
        epilog=_MORE.replace("python -m tlcore", COMMAND),
        formatter_class=Help,
        allow_abbrev=False,
    )
    return whole, whole.add_subparsers(title="verbs", metavar="VERB", required=True)


def add_verb(
    verbs: Verbs, name: str, do: Callable[[argparse.Namespace], int], about: str, *examples: str
) -> Parser:
    """Add a verb that every option of its own may still be added to.

    `about` says in a sentence what it does; `do` does it and gives the exit code.
    """
    shown = "".join(f"\n  {COMMAND} {example}" for example in examples)
    verb = verbs.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=f"examples:{shown}",
        formatter_class=Help,
        allow_abbrev=False,
    )
    verb.add_argument("--json", action="store_true", help="give JSON, and nothing else, on stdout")
    verb.set_defaults(do=do)
    return verb
