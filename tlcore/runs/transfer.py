"""Runs as single files: given away whole, and taken in only if everything about them is right.

>>> from tempfile import mkdtemp
>>> from tlcore.recipe import Recipe
>>> from tlcore.access import LOCAL
>>> store = RunStore(Path(mkdtemp()))
>>> run = store.submit(Recipe(name="Pets"), by=LOCAL)
>>> _ = store.ask(run.id, "cancel", by=LOCAL)
>>> file = export_run(store, run.id, Path(mkdtemp()) / "pets.thaw", by=LOCAL)
>>> taken = import_run(store, file, by=LOCAL)
>>> taken.name, str(taken.state), taken.origin == run.id, taken.id == run.id
('Pets', 'stopped', True, False)
"""

from __future__ import annotations

import json
import math
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tlcore
from tlcore.access import Owner, is_public
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score
from tlcore.data.archive import Archive
from tlcore.errors import DataError, RecipeError, RunError
from tlcore.files import written_whole
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_file, read, to_yaml, version_of
from tlcore.runs.archive import (
    BOUNDS,
    FORMAT,
    LARGEST,
    LARGEST_MANIFEST,
    LONGEST_REASON,
    MANIFEST,
    MOST_POINTS,
    NEEDED,
    Entry,
    Manifest,
    ResultFacts,
    RunFacts,
    refused,
)
from tlcore.runs.archive_reading import (
    check_environment,
    check_network,
    event_line,
    metric_line,
    read_events,
    read_facts,
    read_metrics,
    recode,
)
from tlcore.runs.artifacts import place_of
from tlcore.runs.database import in_words
from tlcore.runs.folder import RunFolder
from tlcore.runs.imports import Foreign
from tlcore.runs.limits import refuse_foreign
from tlcore.runs.lock import locked
from tlcore.runs.records import KINDS, Artifact, Kind, Metric, Run, digest
from tlcore.runs.rows import new_id
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import copy_thumbnails

_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same file for the same run, whenever it is written
_ALWAYS, _SINCE = (
    {each.name: kind for kind, each in KINDS.items() if each.exported == when}
    for when in ("always", "since")
)


def export_run(store: RunStore, run: str, path: Path, *, by: Owner) -> Path:
    """Write a run that is at rest to one file, which must not be there yet; the same run gives
    the same bytes."""
    found = store.get(run, by=by)
    if found.state.active or found.state == State.QUEUED:
        raise RunError(f"This run is {found.state}", where=run, remedy="Wait until it has ended.")
    if path.exists():
        raise RunError("There is a file already", where=str(path), remedy="Choose another name.")
    with in_words(path), _drafted(store.home) as folder:
        _lay_out(store, found, folder, by)
        _pack(found, folder, path)
    return path


def import_run(store: RunStore, path: Path, *, by: Owner) -> Run:
    """Take a run in from a file that `export_run` wrote somewhere, as a new run of one's own.

    Raises:
        RunError: It is refused, in words, and nothing of it was kept.
    """
    with in_words(store.home), _one_at_a_time(store.home), _drafted(store.home) as folder:
        store.refuse_import(path.stat().st_size if path.is_file() else 0, by=by)
        given, made = folder / "given", folder / "made"
        given.mkdir()
        manifest = _unpack(path, given)
        run = new_id(store.clock.wall())
        foreign = _read(manifest, given, made, run, store.clock.wall())
        return store.adopt(run, foreign, made, by=by)


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """In a lab open to anybody nobody takes in two runs at once, nor do two people."""
    if not is_public():
        yield
        return
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / "import.lock") as mine:
        if not mine:
            remedy = "Try again in a minute."
            raise RunError("Another run is being taken in, and one at a time is", remedy=remedy)
        yield


@contextmanager
def _drafted(home: Path) -> Iterator[Path]:
    """A folder beside the runs' own, gone in the end."""
    folder = home / "runs" / f".{secrets.token_hex(8)}.tmp"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# Giving away


def _lay_out(store: RunStore, run: Run, folder: Path, by: Owner) -> None:
    """Everything that goes into the file, as files."""
    facts = {name: getattr(run, name) for name in RunFacts.model_fields}
    _write(folder / "run.json", json.dumps({**facts, "reason": run.reason[:LONGEST_REASON]}))
    version = store.recipe_version(run.id, by=by)
    _write(folder / "recipe.yaml", to_yaml(store.recipe(run.id, by=by), version))
    events = map(event_line, store.events(run.id, by=by))
    points = map(metric_line, _thinned(store.metrics(run.id, by=by)))
    _write(folder / "events.jsonl", "".join(f"{line}\n" for line in events))
    _write(folder / "metrics.jsonl", "".join(f"{line}\n" for line in points))
    kinds = {**_ALWAYS, **_SINCE}
    sources = {name: store.artifact(run.id, kind, by=by) for name, kind in kinds.items()}
    sources["environment.json"] = store.folder(run.id, by=by).environment
    for name, source in sources.items():
        if source is not None and source.exists():
            shutil.copyfile(source, folder / name)


def _thinned(points: Sequence[Metric]) -> list[Metric]:
    """Of a very long run every so many steps; what is measured once an epoch stays."""
    apart = math.ceil(len(points) / MOST_POINTS) or 1
    return [point for point in points if point.step % apart == 0]


def _pack(run: Run, folder: Path, path: Path) -> None:
    files = sorted(folder.iterdir())
    entries = {file.name: {"bytes": file.stat().st_size, "sha256": digest(file)} for file in files}
    manifest = {"format": FORMAT, "run": run.id, "thaw": tlcore.__version__, "files": entries}
    _write(folder / MANIFEST, json.dumps(manifest, indent=1))
    with written_whole(path) as draft, zipfile.ZipFile(draft, "w") as archive:
        for file in (folder / MANIFEST, *files):
            entry = zipfile.ZipInfo(file.name, _MOMENT)
            entry.file_size = file.stat().st_size
            with file.open("rb") as content, archive.open(entry, "w") as target:
                shutil.copyfileobj(content, target)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


# Taking in


def _unpack(path: Path, folder: Path) -> Manifest:
    """All files as the manifest has them, and no others."""
    try:
        with Archive(path, BOUNDS) as archive:
            manifest = _manifest(archive, folder)
            for name, entry in manifest.files.items():
                _unpack_one(archive, name, entry, folder / name)
    except DataError as error:
        raise RunError(error.what, where=error.where, remedy=error.remedy) from None
    return manifest


def _manifest(archive: Archive, folder: Path) -> Manifest:
    names = set(archive.names())
    if MANIFEST not in names or archive.size(MANIFEST) > LARGEST_MANIFEST:
        raise refused("it is no run of this lab")
    with (folder / MANIFEST).open("wb") as file:
        archive.copy(MANIFEST, file)
    manifest = read_facts(Manifest, folder / MANIFEST)
    if strange := sorted(names - LARGEST.keys() - {MANIFEST}):
        raise refused(f"it holds something that no run has: {strange[0]!r:.100}")
    if manifest.files.keys() != names - {MANIFEST} or archive.left_out():
        raise refused("what it holds is not what its list says")
    if lacking := sorted(NEEDED - names):
        raise refused(f"it lacks {lacking[0]}")
    return manifest


def _unpack_one(archive: Archive, name: str, entry: Entry, target: Path) -> None:
    if archive.size(name) != entry.bytes or entry.bytes > LARGEST[name]:
        raise refused(f"{name} has {archive.size(name):,} bytes")
    with target.open("wb") as file:
        archive.copy(name, file)
    if digest(target) != entry.sha256:
        raise refused(f"{name} is damaged: its content is not what was exported")


def _read(manifest: Manifest, given: Path, made: Path, run: str, now: float) -> Foreign:
    """Check everything that was given, and make the run's folder from what is right."""
    facts = read_facts(RunFacts, given / "run.json")
    recipe, version = _recipe(given / "recipe.yaml")
    told, points = given / "events.jsonl", given / "metrics.jsonl"
    events, metrics = tuple(read_events(told)), tuple(read_metrics(points))
    RunFolder(made).write_recipe(recipe, preset=facts.preset, version=version)
    if (given / "environment.json").exists():
        check_environment(given / "environment.json")
        shutil.copyfile(given / "environment.json", RunFolder(made).environment)
    files = _outcome(given, made, recipe, run)
    if facts.state == "finished" and not files:
        raise refused("it says that it has finished, and has no outcome")
    finished = facts.state == "finished"
    return Foreign(
        recipe=recipe,
        version=version,
        name=facts.name,
        preset=facts.preset,
        state=State.FINISHED if finished else State.STOPPED,
        reason=f"imported; it {'had' if finished else 'was'} {facts.state}: {facts.reason}",
        origin=manifest.run,
        device=facts.device,
        started=facts.started,
        ended=facts.ended,
        epoch=facts.epoch,
        epochs=facts.epochs,
        events=events,
        metrics=metrics,
        row_bytes=told.stat().st_size + points.stat().st_size,
        files=tuple(
            Artifact(kind, file, file.stat().st_size, digest(file), 0, now)
            for kind, file in files.items()
        ),
    )


def _recipe(path: Path) -> tuple[Recipe, int]:
    """What was asked for, and in which version of recipes."""
    try:
        recipe, version = from_file(path), version_of(read(path))
    except RecipeError as error:
        raise refused(f"its recipe is not valid: {error.problems[0]}") from None
    if is_public():
        refuse_foreign(recipe)
    return recipe, version


def _outcome(given: Path, made: Path, recipe: Recipe, run: str) -> dict[Kind, Path]:
    """The network, its predictions and what follows from them: all three, or none."""
    there = [name for name in (*_ALWAYS, *_SINCE) if (given / name).exists()]
    if not there:
        return {}
    if not _ALWAYS.keys() <= set(there):
        raise refused(f"of its outcome there is only {' and '.join(there)}")
    places = {kind: made / place_of(kind, n) for n, kind in enumerate(_ALWAYS.values(), 1)}
    places["best"].parent.mkdir()
    recode(given / "predictions.parquet", places["predictions"])
    predictions = Predictions.read(places["predictions"])
    check_network(given / "best.safetensors", recipe, predictions.classes)
    shutil.copyfile(given / "best.safetensors", places["best"])
    result = _result(given / "result.json", recipe, predictions)
    _write(places["result"], json.dumps({**result, "run": run}, indent=1, allow_nan=False))
    for name, kind in _SINCE.items():
        if name in there:
            places[kind] = made / place_of(kind, len(places) + 1)
            _TAKE_OVER[kind](given / name, places[kind], predictions)
    return places


def _copy_pictures(source: Path, target: Path, predictions: Predictions) -> None:
    try:
        copy_thumbnails(source, target, most=len(predictions))
    except DataError as error:
        raise refused(f"{source.name}: {error.what[0].lower()}{error.what[1:]}") from None


def _copy_validation(source: Path, target: Path, predictions: Predictions) -> None:
    recode(source, target)
    if Predictions.read(target).classes != predictions.classes:
        raise refused(f"{source.name} is of other classes than its predictions")


_TAKE_OVER: dict[Kind, Callable[[Path, Path, Predictions], None]] = {
    "pictures": _copy_pictures,
    "validation": _copy_validation,
}


def _result(path: Path, recipe: Recipe, predictions: Predictions) -> dict[str, Any]:
    """The outcome, its report made again from the predictions: what is shown follows from them."""
    facts = read_facts(ResultFacts, path)
    report = score(predictions).as_fields()
    same = all(facts.report.get(name) == report[name] for name in ("n", "confusion"))
    if facts.recipe != recipe.id or not same:
        raise refused("its outcome doesn't follow from its recipe and its predictions")
    return {**facts.model_dump(), "report": report}
