"""One folder a run, under `runs` in the home.

    recipe.yaml            what was asked for
    events.jsonl           what happened, a line each
    last.safetensors       the state to go on from
    best.safetensors       the network that was kept, ready to predict
    predictions.parquet    what that network said of the test pictures
    result.json            the outcome; there is one only once the run has finished

The state of a run follows from these files and a lock, so there is no second record that could
disagree with them.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from tlcore import notation, paths
from tlcore.errors import RunError
from tlcore.events import Event, as_fields
from tlcore.files import written_whole
from tlcore.recipe import Recipe
from tlcore.recipe_text import from_file, parse, read, to_fields
from tlcore.runs.journal import append_line, read_lines
from tlcore.runs.lock import is_locked, locked

State = Literal["running", "interrupted", "finished", "failed"]

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
_RECIPE = "recipe.yaml"


@dataclass(frozen=True)
class RunFolder:
    """A run on disk.

    Attributes:
        path: The folder; its name is the run's id.
    """

    path: Path

    @classmethod
    def create(cls, recipe: Recipe, *, preset: str = "") -> RunFolder:
        """A new folder with a new id; `preset` says which preset the recipe began as."""
        folder = cls(_make_folder())
        folder.write_recipe(recipe, preset=preset)
        return folder

    @classmethod
    def open(cls, run: str) -> RunFolder:
        """The folder of a run that exists. What isn't an id is never looked for on disk."""
        folder = cls(_runs() / run)
        if not _ID.fullmatch(run) or not (folder.path / _RECIPE).is_file():
            raise _unknown(run)
        return folder

    @classmethod
    def all(cls) -> tuple[RunFolder, ...]:
        """Every run, the oldest first."""
        recipes = sorted(_runs().glob(f"*/{_RECIPE}"), key=_age)
        return tuple(cls(file.parent) for file in recipes if _ID.fullmatch(file.parent.name))

    @property
    def id(self) -> str:
        """When the run was created (UTC), and four random digits."""
        return self.path.name

    @property
    def last(self) -> Path:
        """Where the state to go on from is saved."""
        return self.path / "last.safetensors"

    @property
    def best(self) -> Path:
        """Where the network that was kept is saved."""
        return self.path / "best.safetensors"

    @property
    def predictions(self) -> Path:
        """Where the predictions on the test set are saved."""
        return self.path / "predictions.parquet"

    @property
    def log(self) -> Path:
        """Where all that a worker prints is kept, its traceback too."""
        return self.path / "log.txt"

    @property
    def environment(self) -> Path:
        """Where the machine and the libraries of the latest attempt are described."""
        return self.path / "environment.json"

    @property
    def thumbnails(self) -> Path:
        """Where small pictures of the mistakes are kept."""
        return self.path / "thumbnails"

    def drafts(self, attempt: int) -> Path:
        """The folder in which an attempt writes what it hasn't yet published."""
        folder = self.path / f"attempt-{attempt}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def sweep(self, attempt: int) -> None:
        """Remove what an attempt and those before it left unpublished."""
        for number in range(1, attempt + 1):
            shutil.rmtree(self.path / f"attempt-{number}", ignore_errors=True)

    def write_recipe(self, recipe: Recipe, *, preset: str = "") -> None:
        """Keep what was asked for, in words that can be run again anywhere."""
        fields = to_fields(recipe)
        text = notation.dump({"preset": preset, "recipe": fields} if preset else fields)
        with written_whole(self.path / _RECIPE) as draft:
            draft.write_text(text, encoding="utf-8")

    def recipe(self) -> Recipe:
        """What was asked for."""
        return from_file(self.path / _RECIPE)

    def preset(self) -> str:
        """The preset that the recipe began as; empty if it began as a file."""
        path = self.path / _RECIPE
        fields = parse(read(path), where=str(path))
        return str(fields.get("preset", "")) if isinstance(fields, dict) else ""

    def append_event(self, event: Event) -> None:
        """Write down what happened."""
        append_line(self._events, as_fields(event))

    def append_failure(self, error: Exception) -> None:
        """Write down why the run could not go on. It may be resumed once the cause is gone."""
        append_line(self._events, {"event": "Failed", "text": str(error)})

    def read_events(self) -> list[dict[str, Any]]:
        """What happened, in order; a line that was cut off while being written never did."""
        return read_lines(self._events)

    def epochs(self) -> list[dict[str, Any]]:
        """Each epoch once, as it was last: a resumed run may have done one twice."""
        done = {e["epoch"]: e for e in self.read_events() if e.get("event") == "EpochDone"}
        return [done[epoch] for epoch in sorted(done)]

    def write_result(self, fields: dict[str, Any]) -> None:
        """Declare the run finished, once and for all."""
        if self._result.exists():
            raise RunError("This run has a result already", where=self.id)
        with written_whole(self._result) as draft:
            draft.write_text(json.dumps(fields, indent=1, allow_nan=False), encoding="utf-8")

    def read_result(self) -> dict[str, Any]:
        """The outcome of a finished run."""
        if not self._result.exists():
            raise RunError(
                f"This run has no result: it is {self.state()}",
                where=self.id,
                remedy=f"Bring it to its end with: python -m tlcore resume {self.id}",
            )
        return _load(self._result)

    def state(self) -> State:
        """What has become of the run."""
        if self._result.exists():
            return "finished"
        if is_locked(self._lock):
            return "running"
        last = self.read_events()[-1:]
        return "failed" if last and last[0].get("event") == "Failed" else "interrupted"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep everybody else from working on this run meanwhile."""
        with locked(self._lock) as taken:
            if not taken:
                remedy = "Wait for it, or stop that process first."
                raise RunError("Another process is at this run", where=self.id, remedy=remedy)
            yield

    @property
    def _events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def _result(self) -> Path:
        return self.path / "result.json"

    @property
    def _lock(self) -> Path:
        return self.path / "lock"


def _runs() -> Path:
    return paths.home() / "runs"


def _make_folder() -> Path:
    """Two runs of the same second differ by chance; if not, the dice are thrown again."""
    _runs().mkdir(parents=True, exist_ok=True)
    while True:
        moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        path = _runs() / f"{moment}-{secrets.token_hex(2)}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def _age(recipe: Path) -> tuple[str, int]:
    """Ids tell the second; within one, the file that is never written again does."""
    return recipe.parent.name[: len("20261121-142233")], recipe.stat().st_mtime_ns


def _unknown(run: str) -> RunError:
    known = [folder.id for folder in RunFolder.all()]
    near = get_close_matches(run, known, n=1)
    latest = f"The latest run is {known[-1]}." if known else "There are no runs yet."
    remedy = f"Did you mean {near[0]}?" if near else latest
    return RunError(f"There is no run {run!r}", where=str(_runs()), remedy=remedy)


def _load(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_bytes())
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        remedy = "Run the recipe again; its numbers will be the same."
        raise RunError("The saved result is damaged", where=str(path), remedy=remedy)
    return fields
