"""The walls around every test and every docstring example: no state of this machine gets in.

It lies here and not under `tests/` because the examples in `tlcore` need the same walls.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent

# Read once, when the libraries are first imported, so a fixture would come too late.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = str(PROJECT / ".pytest_cache" / "hub")
os.environ["OMP_NUM_THREADS"] = "1"


BROWSER = PROJECT / "tests" / "browser"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever drives a browser bears the mark, so that it can be left out or run by itself."""
    for item in items:
        if BROWSER in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has its own state folder, no data or weights from outside, and the same dice."""
    monkeypatch.setenv("TL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TL_DATA", raising=False)
    monkeypatch.delenv("TL_WEIGHTS", raising=False)
    _seed_everything()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data sets and weights that lies beside the checkout, where there is one.

    Not given to a test by name: it says itself what it reads, by `TL_DATA` or `TL_WEIGHTS`.
    """
    folder = Path(os.environ.get("TL_SHARED") or PROJECT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(
            f"needs real data and weights: no folder {folder.name!r} beside the checkout, "
            "and TL_SHARED names none"
        )
    return folder


def _seed_everything() -> None:
    """Only libraries that a test file has already loaded: a plain test stays plain."""
    random.seed(0)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
        torch.set_num_threads(1)
