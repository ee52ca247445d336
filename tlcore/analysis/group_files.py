"""Groups that people bring along: a CSV file with a line for each picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.errors import DataError

LARGEST = 20 * 1024 * 1024
MOST_COLUMNS = 20
MOST_GROUPS = 50
LONGEST = 200
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Line: TypeAlias = tuple[int, Mapping[str, str]]
"""A line's number, and its values by column."""

_FORMAT = "Give it a first line such as: id,group - and below it a line for each picture."


def read_groups(content: bytes | str, ids: NDArray[np.str_]) -> dict[str, NDArray[np.str_]]:
    """Column name to the group of each picture, in the order of `ids`; empty where none is given.

    The first line names the columns, and one of them must be `id`. Commas, semicolons and tabs
    are all understood. Lines about pictures that aren't in the test set are passed over.

    >>> groups = read_groups("id;hair\\na.png;brown\\nb.png;grey\\n", np.array(["b.png", "c.png"]))
    >>> groups["hair"].tolist()
    ['grey', '']
    """
    lines = list(_lines(_decoded(content)))
    by_id = _unique(lines)
    names = [name for name in (lines[0][1] if lines else {}) if name != "id"]
    pictures = ids.tolist()
    if not any(picture in by_id or harmless(picture) in by_id for picture in pictures):
        _refuse_foreign(by_id, pictures)
    said = [by_id.get(picture) or by_id.get(harmless(picture)) or {} for picture in pictures]
    groups = {name: np.array([fields.get(name, "") for fields in said], str) for name in names}
    for name, values in groups.items():
        _refuse_too_many(name, values)
    return groups


def harmless(text: str) -> str:
    """The same where spreadsheets would take it for a formula, with a mark that it is text.

    >>> harmless("=cmd()"), harmless("a=b")
    ("'=cmd()", 'a=b')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _decoded(content: bytes | str) -> str:
    if len(content) > LARGEST:
        _refuse(f"is too large (more than {LARGEST // 1024**2} MB)", "Leave out other columns.")
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse("is no UTF-8 text", "Save it as CSV in UTF-8.")


def _lines(text: str) -> Iterator[Line]:
    head = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    file = io.StringIO(text.lstrip("\ufeff"), newline="")
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        names = _checked_names([name.strip() for name in next(reader, [])])
        for values in reader:
            if any(value.strip() for value in values):
                yield reader.line_num, _fields(names, values, reader.line_num)
    except csv.Error as error:
        _refuse(f"can't be read: {error}", _FORMAT, reader.line_num)


def _checked_names(names: list[str]) -> list[str]:
    if "id" not in names:
        found = ", ".join(map(repr, names[:5])) or "nothing"
        _refuse(f"has no column `id`, but {found}", _FORMAT, 1)
    if len(names) < 2:
        _refuse("has no column beside `id`, so there are no groups", _FORMAT, 1)
    if len(names) > MOST_COLUMNS:
        _refuse(f"has {len(names)} columns", f"Leave {MOST_COLUMNS} at most.", 1)
    if len(set(names)) < len(names) or "" in names:
        _refuse("has two columns of the same name, or one without", "Name each its own way.", 1)
    return names


def _fields(names: list[str], values: list[str], line: int) -> Mapping[str, str]:
    if len(values) != len(names):
        what = f"has {len(values)} values, and the first line has {len(names)}"
        _refuse(what, "Put values that hold commas in double quotes.", line)
    if any(len(value) > LONGEST for value in values[1:]):
        _refuse(f"has a value of more than {LONGEST} characters", "A group is a word.", line)
    return {name: value.strip() for name, value in zip(names, values, strict=True)}


def _unique(lines: list[Line]) -> dict[str, Mapping[str, str]]:
    """By picture; a picture may be listed twice only if both lines say the same."""
    by_id: dict[str, Mapping[str, str]] = {}
    for number, fields in lines:
        before = by_id.setdefault(fields["id"], fields)
        if before != fields:
            what = f"says something else of {fields['id']!r} than a line before"
            _refuse(what, "Leave one line for each picture.", number)
    return by_id


def _refuse_foreign(by_id: Mapping[str, object], pictures: list[str]) -> NoReturn:
    theirs, ours = (next(iter(names), "none") for names in (by_id, pictures))
    what = f"names no picture of the test set: it has ids such as {theirs!r}"
    _refuse(what, f"Use the lab's own ids, such as {ours!r}.")


def _refuse_too_many(name: str, values: NDArray[np.str_]) -> None:
    count = len(set(values.tolist()) - {""})
    if count > MOST_GROUPS:
        what = f"has {count} different values in the column {name!r}"
        _refuse(what, f"Sum them up in {MOST_GROUPS} groups at most.")


def _refuse(what: str, remedy: str, line: int = 0) -> NoReturn:
    raise DataError(
        f"The file of groups {what}", where=f"line {line}" if line else "", remedy=remedy
    )
