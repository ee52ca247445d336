"""The walls of the house: who may import what, and how long a file may be."""

import ast
import copy
import math
import re
import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tlcore.machine import libraries

PROJECT = Path(__file__).parent.parent
TORCH = {"torch", "torchvision", "timm", "captum", "onnx", "onnxruntime"}
SOURCES = sorted((PROJECT / "tlcore").rglob("*.py"))
PAGES = sorted((PROJECT / "pages").glob("*.py"))
INNER = [
    p for p in (PROJECT / "tlcore").rglob("*.*") if p.parent.name not in ("tlcore", "__pycache__")
]
FRONT = [*PAGES, *PROJECT.glob("app.py")]


def _room(path: Path) -> str:
    inner = path.relative_to(PROJECT).parts[1]
    return inner if inner in ("nn", "ui") else "plain"


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere below, in full: `from a import b` may be `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which room they enter"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _at_import_time(tree: ast.Module) -> ast.Module:
    """The module without the bodies of its functions."""

    class Outside(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

    return Outside().visit(tree)  # type: ignore[no-any-return]


def _enters(tree: ast.AST, *modules: str) -> list[str]:
    return [
        name
        for name in _imports(tree)
        if any(name == module or name.startswith(f"{module}.") for module in modules)
    ]


def _named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def _trespasses(paths: Iterable[Path], *modules: str) -> list[str]:
    """Every import of these modules in these files, as `file: module`."""
    return [f"{_named(path)}: {name}" for path in paths for name in _enters(_tree(path), *modules)]


def test_the_plain_room_needs_neither_torch_nor_streamlit():
    plain = [path for path in SOURCES if _room(path) == "plain"]
    assert _trespasses(plain, *TORCH, "streamlit", "tlcore.ui") == []


def test_only_a_command_opens_the_torch_room_and_only_when_it_runs():
    for path in (path for path in SOURCES if _room(path) == "plain"):
        command = "cli" in path.relative_to(PROJECT).parts
        tree = _at_import_time(_tree(path)) if command else _tree(path)
        assert not _enters(tree, "tlcore.nn"), _named(path)


def test_the_torch_room_never_draws():
    inner = [path for path in SOURCES if _room(path) == "nn"]
    assert _trespasses(inner, "streamlit", "tlcore.ui") == []


def test_the_front_never_trains():
    front = [*(path for path in SOURCES if _room(path) == "ui"), *FRONT]
    assert _trespasses(front, *TORCH, "tlcore.nn") == []


def _longest(path: Path) -> int:
    return 50 if path.name == "app.py" else 120 if path in PAGES else 500


def test_files_are_short_enough_to_read_in_one_sitting():
    lines = {path: len(path.read_text().splitlines()) for path in [*SOURCES, *FRONT]}
    assert [f"{_named(p)}: {n}" for p, n in lines.items() if n > _longest(p)] == []


_ORDER = """errors paths files strict machine formatting access schedule catalog recipe data
    analysis events advice runs hub studies inference classroom report export doctor cli"""
ORDER = _ORDER.split()


def _plain_rooms(path: Path) -> Iterator[tuple[str, str]]:
    """From which plain room a file imports which other one, not counting what is for types."""
    here = path.relative_to(PROJECT / "tlcore").with_suffix("").parts[0]
    for name in _imports(_for_real(_tree(path))):
        parts = [*name.split("."), ""]
        if parts[0] == "tlcore" and parts[1] in ORDER and parts[1] != here:
            yield here, parts[1]


def _for_real(tree: ast.Module) -> ast.Module:
    """The module without what it imports for types alone."""

    class Real(ast.NodeTransformer):
        def visit_If(self, node: ast.If) -> ast.If | None:
            types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            return None if types else node

    return Real().visit(copy.deepcopy(tree))  # type: ignore[no-any-return]


def test_rooms_import_only_what_stands_above_them():
    plain = [path for path in SOURCES if _room(path) == "plain" and path.parent.name != "tlcore"]
    loose = [path for path in SOURCES if path.parent.name == "tlcore" and path.stem in ORDER]
    wrong = [
        f"{_named(path)}: {there}"
        for path in [*plain, *loose]
        for here, there in _plain_rooms(path)
        if ORDER.index(there) > ORDER.index(here)
    ]
    assert wrong == []


def test_what_a_test_set_says_is_worked_out_in_one_place():
    """And not read from the file beside it, which an earlier version may have written."""
    named = re.compile(r"""\[["']report["']\]""")
    texts = {path: path.read_text(encoding="utf-8") for path in [*SOURCES, *FRONT]}
    assert [_named(path) for path, text in texts.items() if named.search(text)] == []


def test_few_modules_are_loose():
    loose = {path.stem for path in SOURCES if path.parent.name == "tlcore"}
    assert loose - {"__init__", "__main__"} <= set(ORDER)
    assert len(loose - {"__init__", "__main__"}) <= 10


def test_a_small_module_with_one_importer_belongs_to_it():
    """But for a verb of the command line, which has a module of its own."""
    users: dict[str, set[str]] = {}
    for path in [*SOURCES, *FRONT]:
        for name in {n for full in _imports(_tree(path)) for n in (full, full.rpartition(".")[0])}:
            users.setdefault(name, set()).add(_named(path))
    crumbs = []
    for path in SOURCES:
        name = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        mine = users.get(name, set())
        small = len(path.read_text(encoding="utf-8").splitlines()) < 60
        at_home = all(Path(user).parent == path.parent.relative_to(PROJECT) for user in mine)
        verb = path.parent.name == "cli"
        if small and len(mine) == 1 and at_home and not verb and not path.stem.startswith("__"):
            crumbs.append(name)
    assert crumbs == []


def test_the_page_on_architecture_names_every_room_and_no_other():
    text = (PROJECT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    tree = text.split("```text\n", 1)[1].split("```", 1)[0]
    named = set(re.findall(r"^  (\w+)/ ", tree, re.MULTILINE))
    rooms = {path.parent.relative_to(PROJECT / "tlcore").parts[0] for path in INNER}
    assert named == rooms


def _loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh Python has loaded after one statement."""
    report = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", report], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = TORCH | {"streamlit", "pandas", "sklearn", "scipy", "pyarrow", "plotly", "altair"}


@pytest.mark.parametrize("module", ["tlcore.recipe", "tlcore.recipe.text", "tlcore.schedule.plan"])
def test_recipes_open_without_anything_heavy(module):
    assert not _loaded_by(f"import {module}") & HEAVY


def test_a_recipe_is_at_hand_at_once():
    """In seconds of a processor's time, which other people's work on this machine doesn't stretch
    much: 0.2 here, the starting of Python included."""
    best = math.inf
    for _ in range(3):
        before = _processor_seconds()
        _loaded_by("import tlcore.recipe")
        best = min(best, _processor_seconds() - before)
    assert best < 0.6


def _processor_seconds() -> float:
    """Of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_the_whole_plain_room_opens_without_torch_and_streamlit():
    names = [
        ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")
        for path in SOURCES
        if _room(path) == "plain" and path.name != "__main__.py"
    ]
    assert not _loaded_by(f"import {', '.join(names)}") & (TORCH | {"streamlit"})


def test_whatever_is_imported_is_asked_for_in_requirements():
    """What another library happens to bring along may be gone with its next version."""
    extras = libraries(PROJECT / "requirements-ship.txt")
    asked_for = {library.name.lower() for library in (*libraries(), *extras)}
    brought_by = packages_distributions()
    for path in [*SOURCES, *FRONT]:
        for name in {name.split(".")[0] for name in _imports(_tree(path))}:
            sources = {source.lower() for source in brought_by.get(name, [])}
            assert not sources or sources & asked_for, f"{_named(path)} imports {name}"


EXTRAS = {"onnx", "onnxruntime", "onnxscript"}


def test_only_taking_a_network_elsewhere_needs_what_that_alone_asks_for():
    others = [p for p in [*SOURCES, *FRONT] if p.parts[-3:-1] != ("nn", "export")]
    assert _trespasses(others, *EXTRAS) == []
