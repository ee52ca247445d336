"""Every field of a recipe as a page, drawn from its classes: `python tools/recipe_reference.py`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tlcore.recipe.fields import FieldCard, Section, sections
from tlcore.schedule import selection

PAGE = Path(__file__).parents[1] / "docs" / "guide" / "recipe.md"
OPENING = """# Every field of a recipe

Made by `python tools/recipe_reference.py` from the classes in `tlcore/recipe/model.py`,
`tlcore/recipe/corrections.py`, `tlcore/schedule/phases.py` and `tlcore/schedule/rates.py`.
All fields may be left out; what is left out has the default. `python -m tlcore recipes NAME`
prints whole recipes to start from.
"""


def drawn() -> str:
    """The page as it should be."""
    words = inspect.cleandoc(selection.__doc__ or "")
    tables = [line for section in sections() for line in _table(section)]
    return "\n".join([OPENING, *tables, "## How to say what thaws", "", words, ""])


def _table(section: Section) -> list[str]:
    lines = [f"## {section.path or 'The recipe itself'}", "", section.about, ""]
    if section.fields:
        lines += ["| field | values | default | meaning |", "|---|---|---|---|"]
        lines += [_row(card) for card in section.fields]
        lines.append("")
    return lines


def _row(card: FieldCard) -> str:
    return f"| `{card.name}` | {card.values} | {_shown(card.default)} | {card.meaning} |"


def _shown(value: Any) -> str:
    if value is None or value in ("", ()):
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    PAGE.write_text(drawn(), encoding="utf-8")
