"""The walls of the house: who may import what, and how long a file may be."""

import ast
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tlcore.libraries import libraries

PROJECT = Path(__file__).parent.parent
TORCH = {"torch", "torchvision", "timm", "captum", "onnx", "onnxruntime"}
SOURCES = sorted((PROJECT / "tlcore").rglob("*.py"))
PAGES = sorted((PROJECT / "pages").glob("*.py"))
FRONT = [*PAGES, *PROJECT.glob("app.py")]


def _room(path: Path) -> str:
    inner = path.relative_to(PROJECT).parts[1]
    return inner if inner in ("nn", "ui") else "plain"


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


@pytest.mark.parametrize("path", [p for p in SOURCES if _room(p) == "plain"], ids=_named)
def test_the_plain_room_needs_neither_torch_nor_streamlit(path):
    tree = ast.parse(path.read_text())
    assert not _enters(tree, *TORCH, "streamlit", "tlcore.ui")
    if "cli" in path.relative_to(PROJECT).parts:  # a command may open the torch room when it runs
        tree = _at_import_time(tree)
    assert not _enters(tree, "tlcore.nn")


@pytest.mark.parametrize("path", [p for p in SOURCES if _room(p) == "nn"], ids=_named)
def test_the_torch_room_never_draws(path):
    assert not _enters(ast.parse(path.read_text()), "streamlit", "tlcore.ui")


@pytest.mark.parametrize("path", [*(p for p in SOURCES if _room(p) == "ui"), *FRONT], ids=_named)
def test_the_front_never_trains(path):
    assert not _enters(ast.parse(path.read_text()), *TORCH, "tlcore.nn")


@pytest.mark.parametrize("path", [*SOURCES, *FRONT], ids=_named)
def test_files_are_short_enough_to_read_in_one_sitting(path):
    longest = 50 if path.name == "app.py" else 120 if path in PAGES else 400
    assert len(path.read_text().splitlines()) <= longest


def _loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh Python has loaded after one statement."""
    report = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", report], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = TORCH | {"streamlit", "pandas", "sklearn", "scipy", "pyarrow", "plotly", "altair"}


@pytest.mark.parametrize("module", ["tlcore.recipe", "tlcore.recipe_text", "tlcore.plan"])
def test_recipes_open_without_anything_heavy(module):
    assert not _loaded_by(f"import {module}") & HEAVY


def test_a_recipe_is_at_hand_at_once():
    """0.2 s here; the bound is for a busy machine, and the modules above are the real promise."""
    best = math.inf
    for _ in range(3):
        began = time.perf_counter()
        _loaded_by("import tlcore.recipe")
        best = min(best, time.perf_counter() - began)
    assert best < 1.5


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
        for name in {name.split(".")[0] for name in _imports(ast.parse(path.read_text()))}:
            sources = {source.lower() for source in brought_by.get(name, [])}
            assert not sources or sources & asked_for, f"{_named(path)} imports {name}"


EXTRAS = {"onnx", "onnxruntime", "onnxscript"}


@pytest.mark.parametrize("path", [*SOURCES, *FRONT], ids=_named)
def test_only_taking_a_network_elsewhere_needs_what_that_alone_asks_for(path):
    if path.relative_to(PROJECT).parts[:3] != ("tlcore", "nn", "ship"):
        assert not _enters(ast.parse(path.read_text()), *EXTRAS)
