"""The map in README, drawn from each module's own first sentence: `python docs/filemap.py`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"
FOLDERS = ("tlcore", "pages", "bench", "docs")
_MAP = re.compile(r"(?<=### Every file in a line\n\n```text\n).*?(?=```)", re.DOTALL)


def drawn() -> str:
    """The map as it should stand in README."""
    folders = [PROJECT / name for name in FOLDERS if (PROJECT / name).is_dir()]
    lines = [_line(PROJECT / "app.py", 0), *(line for f in folders for line in _folder(f, 0))]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def standing() -> str:
    """The map as it stands there."""
    [text] = _MAP.findall(README.read_text(encoding="utf-8"))
    return str(text)


def _folder(folder: Path, depth: int) -> Iterator[str]:
    """A folder of modules: itself, its files, then the folders in it."""
    if not any(folder.rglob("*.py")) or folder.name == "__pycache__":
        return
    yield _line(folder, depth)
    for file in sorted(folder.glob("*.py")):
        if file.name != "__init__.py":
            yield _line(file, depth + 1)
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        yield from _folder(inner, depth + 1)


def _line(path: Path, depth: int) -> str:
    name = f"{path.name}/" if path.is_dir() else path.name
    return f"{'  ' * depth + name:26} {_first_sentence(path)}"


def _first_sentence(path: Path) -> str:
    """Of a module's docstring, or of a package's."""
    file = path / "__init__.py" if path.is_dir() else path
    text = ast.get_docstring(ast.parse(file.read_text())) if file.exists() else ""
    paragraph = (text or "").split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=\w\w[\w`)])\. ", paragraph)[0].rstrip(".")


if __name__ == "__main__":
    README.write_text(_MAP.sub(lambda _: drawn(), README.read_text(encoding="utf-8")))
