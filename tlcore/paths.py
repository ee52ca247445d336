"""Where things live: one state folder, and the places searched for data and weights.

Read from the environment at each call, so that a test or a teacher can move them.
"""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_IN_A_WHEEL = PACKAGE / "front"
INSTALLED = _IN_A_WHEEL.is_dir()
"""Whether this is the package of a wheel, and no checkout."""

PROJECT = _IN_A_WHEEL if INSTALLED else PACKAGE.parent
"""The folder of app.py, pages and checkpoints: beside the package in a checkout, inside it in a
wheel (setup.py)."""


def home() -> Path:
    """The folder that holds all state: `TL_HOME`, else `.thaw` beside the app, or in the person's
    own folder where the lab was installed from a wheel."""
    beside = Path("~") if INSTALLED else PROJECT
    return Path(os.environ.get("TL_HOME") or beside / ".thaw").expanduser().absolute()


def cache() -> Path:
    """What can be made again from a recipe: decoded pictures, computed features."""
    return home() / "cache"


def uploads() -> Path:
    """Where pictures that came in through the browser are kept."""
    return home() / "uploads"


def data_folders() -> list[Path]:
    """Where data sets are looked for, best first: `TL_DATA`, then `data` under the home."""
    return [*_from_environment("TL_DATA"), home() / "data"]


def weight_folders() -> list[Path]:
    """Where weights are looked for, best first: carried ones, `TL_WEIGHTS`, the home's."""
    return [PROJECT / "checkpoints", *_from_environment("TL_WEIGHTS"), home() / "weights"]


def _from_environment(variable: str) -> list[Path]:
    """The folders of a variable that may name several, as PATH does."""
    folders = os.environ.get(variable, "").split(os.pathsep)
    return [Path(folder).expanduser().absolute() for folder in folders if folder]


def variables() -> dict[str, str]:
    """The variables that name folders, so that they mean the same in any working directory."""
    named = {name: _from_environment(name) for name in ("TL_DATA", "TL_WEIGHTS")}
    return {
        "TL_HOME": str(home()),
        **{name: os.pathsep.join(map(str, folders)) for name, folders in named.items() if folders},
    }
