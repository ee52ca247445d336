"""YAML and JSON as plain values, without their surprises.

What is left out of YAML is what bites people who write recipes by hand, and what harms those
who read other people's: aliases (a few lines can unfold to gigabytes), tags (they name code),
dates, `no` for false, `1:30` for 90, `010` for 8, and a field given twice, of which one would
win in silence.

>>> load("rate: 1e-3\\nname: no")
{'rate': 0.001, 'name': 'no'}
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Annotated, Any, NoReturn

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict

from tlcore.errors import NotReadable

_BREAK_A_LINE = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's control characters, half characters, line and paragraph separators."""


def _one_line(text: str) -> str:
    if any(unicodedata.category(letter) in _BREAK_A_LINE for letter in text):
        raise ValueError("must be one line, without control characters")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
"""Text that can stand in a table, a log or a file's name."""


class Part(BaseModel):
    """Frozen, strict about types, closed to unknown fields.

    Strict, because `epochs: true` or `epochs: "5"` in a recipe is a slip, and a slip that is
    quietly read as something else costs a training run.
    """

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )


LARGEST_TEXT = 256 * 1024


def load(text: str) -> object:
    """Read YAML, or JSON, which is not quite a part of YAML: it indents by tabs.

    Raises:
        NotReadable: With the reason, and the line where there is one.
    """
    if len(text) > LARGEST_TEXT:
        raise NotReadable("it is too large (more than 256 KB)")
    try:
        return _load_json(text) if text.lstrip().startswith("{") else _load_yaml(text)
    except RecursionError:
        raise NotReadable("it is nested too deeply") from None
    except ValueError:  # from `int()`, which refuses thousands of digits
        raise NotReadable("a number in it is too long") from None


def dump(fields: dict[str, Any]) -> str:
    """Write YAML that `load` reads back, value for value."""
    return yaml.dump(fields, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _load_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_fields_once)
    except json.JSONDecodeError:
        return _load_yaml(text)  # YAML may begin with { too, and its reader tells the line


def _fields_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotReadable(_twice(twice))
    return fields


def _load_yaml(text: str) -> object:
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise NotReadable(_reason(error), where=_place(error.problem_mark)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        reason = f"U+{error.character:04X} is not a character of text"
        raise NotReadable(reason, where=f"line {line}") from None


def _reason(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it can't be read"
    if problem.startswith("but "):
        problem = f"{error.context}, {problem}"
    return "a tab can't indent; use spaces" if r"'\t'" in problem else problem


def _place(mark: yaml.Mark | None) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _twice(name: str) -> str:
    return f"{name} stands there twice"


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            _refuse("aliases (*name) are not read", event.start_mark)
        if getattr(event, "tag", None) is not None:
            _refuse("tags (!name) are not read", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _refuse("the name of a field must be a word", key.start_mark)
            if key.value in seen:
                _refuse(_twice(key.value), key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Puts in quotes what either reader, YAML's own or ours, would not take as text."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _refuse(reason: str, mark: Any) -> NoReturn:
    raise yaml.composer.ComposerError(None, None, reason, mark)


_WHOLE = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
_DECIMAL = re.compile(
    r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[1-9][0-9]*|0)(?:[eE][-+]?[0-9]+)?$"
    r"|^[-+]?\.(?:inf|nan)$"
)

_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag == "tag:yaml.org,2002:null"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _reader in (_Loader, _Dumper):
    _reader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tTfF")
    )
    _reader.add_implicit_resolver("tag:yaml.org,2002:int", _WHOLE, list("-+0123456789"))
    _reader.add_implicit_resolver("tag:yaml.org,2002:float", _DECIMAL, list("-+.0123456789"))
