"""One folder a run, under `runs` in the home.

    recipe.yaml                      what was asked for
    environment.json                 the machine and the libraries of the latest attempt
    checkpoints/last-N.safetensors   the states to go on from; the two latest are kept
    checkpoints/best-N.safetensors   the network that was kept, ready to predict
    predictions-N.parquet            what that network said of the test pictures
    validation-N.parquet             what it said of the validation share, where there is one
    pictures-N.zip                   the test pictures, small (`tlcore.runs.thumbnails`)
    result-N.json                    the outcome
    embedding-N.parquet              a map of what it makes of the test pictures, if anybody asked
    corrections-OWNER.json           labels that somebody wants put right in a new run
    log.txt                          what its workers printed
    attempt-N/                       what an attempt hasn't published yet

What became of a run, and which files are its, is in the store.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tlcore
from tlcore import machine, strict
from tlcore.errors import RunError
from tlcore.files import written_whole
from tlcore.machine import libraries
from tlcore.recipe import VERSION, Recipe
from tlcore.recipe.text import to_fields
from tlcore.runs.lock import locked

_CPUINFO = Path("/proc/cpuinfo")


def describe_environment(device: str, threads: int) -> dict[str, Any]:
    """The machine as far as it matters. Its name and its paths don't, and are nobody's business."""
    return {
        "thaw": tlcore.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": machine.cores(),
        "device": device,
        "threads": threads,
        "libraries": {each.name: each.installed for each in libraries() if each.installed},
    }


def threads_before(folder: RunFolder) -> int | None:
    """With how many threads an earlier attempt computed; None if there was none.

    Sums over other shares of the numbers differ in their last bits, so a run keeps to its number.
    """
    try:
        threads = json.loads(folder.environment.read_bytes())["threads"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return threads if isinstance(threads, int) and threads > 0 else None


def _processor() -> str:
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


_END = 20_000


@dataclass(frozen=True)
class RunFolder:
    """A run on disk.

    Attributes:
        path: The folder; its name is the run's id.
    """

    path: Path

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def log(self) -> Path:
        """Where all that a worker prints is kept, its traceback too."""
        return self.path / "log.txt"

    @property
    def environment(self) -> Path:
        """Where the machine and the libraries of the latest attempt are described."""
        return self.path / "environment.json"

    def end_of_log(self, characters: int = _END) -> str:
        """The last lines that workers printed; empty if they had nothing to say."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - characters))
                return file.read(characters).decode(errors="replace")
        except FileNotFoundError:
            return ""

    def drafts(self, attempt: int) -> Path:
        """The folder in which an attempt writes what it hasn't yet published."""
        folder = self.path / f"attempt-{attempt}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def sweep(self, attempt: int) -> None:
        """Remove what an attempt and those before it left unpublished."""
        for number in range(1, attempt + 1):
            shutil.rmtree(self.path / f"attempt-{number}", ignore_errors=True)

    def write_recipe(self, recipe: Recipe, *, preset: str = "", version: int = VERSION) -> None:
        """Keep what was asked for, in words that can be run again anywhere."""
        fields = to_fields(recipe, version)
        text = strict.dump({"preset": preset, "recipe": fields} if preset else fields)
        with written_whole(self.path / "recipe.yaml") as draft:
            draft.write_text(text, encoding="utf-8")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep everybody else from working on this run meanwhile."""
        with locked(self.path / "lock") as taken:
            if not taken:
                remedy = "Wait for it, or stop that process first."
                raise RunError("Another process is at this run", where=self.id, remedy=remedy)
            yield
