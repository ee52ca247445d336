"""Widgets of two pages must not share a key: the state of one would be taken for the other's, and a
choice on one page would press a button on another."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tlcore.paths import PROJECT

FRONT = (*(PROJECT / "tlcore" / "ui").rglob("*.py"), *(PROJECT / "pages").glob("*.py"))


def _keys(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every key that is given to anything, with {} for what is only known when it is drawn."""
    for node in ast.walk(tree):
        for given in node.keywords if isinstance(node, ast.Call) else ():
            value = given.value
            if given.arg == "key" and isinstance(value, ast.Constant):
                yield str(value.value), value.lineno
            elif given.arg == "key" and isinstance(value, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in value.values)
                yield "".join(map(str, parts)), value.lineno


def test_every_key_of_the_app_is_unique_and_says_what_it_is_of():
    places = defaultdict(list)
    for path in FRONT:
        for key, line in _keys(ast.parse(path.read_text())):
            places[key].append(f"{path.relative_to(PROJECT)}:{line}")
    assert len(places) > 100
    assert {key: where for key, where in places.items() if len(where) > 1} == {}
    assert [key for key in places if key.startswith("{")] == []
