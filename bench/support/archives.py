"""Runs with all their files, made without training, and files of runs taken apart and put back."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from bench.support.lives import RECIPE, work
from tests.runs.fake_run import draw
from tlcore.access import LOCAL, Owner
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score
from tlcore.events import EpochDone, Event, Finished, Note, PhaseBegan, Started
from tlcore.recipe.text import to_fields
from tlcore.runs.identity import own
from tlcore.runs.records import Attempt, Kind, Metric
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import write_thumbnails
from tlcore.schedule.plan import PhaseCount

CLASSES = ("cats", "<b>dogs</b>", "鳥 \u202e")
ENVIRONMENT = {"thaw": "0", "cores": 2, "libraries": {"torch": "2.13", "timm": None}}


def predictions(count: int = 12) -> Predictions:
    dice = np.random.default_rng(0)
    given = dice.random((count, len(CLASSES)), dtype=np.float32)
    return Predictions(
        ids=np.array([f"cats/{number}.png" for number in range(count)]),
        labels=dice.integers(0, len(CLASSES), count),
        probabilities=given / given.sum(axis=1, keepdims=True),
        classes=CLASSES,
        groups={"cue": np.array(["red"] * count)},
    )


def write_network(path: Path, recipe: Any = RECIPE, classes: tuple[str, ...] = CLASSES) -> None:
    """A file that says of itself what a kept network's does."""
    facts = {"format": 1, "kind": "network", "recipe": to_fields(recipe), "classes": classes}
    tensors = {"head.weight": np.ones((3, 4), dtype=np.float32)}
    save_file(tensors, path, metadata={"thaw": json.dumps(facts), "sha256": "0" * 64})


def result_of(run: str, table: Predictions) -> dict[str, Any]:
    return {
        "run": run, "name": RECIPE.name, "preset": "", "recipe": RECIPE.id, "device": "cpu",
        "precision": "float32", "pictures": {"train": 30, "validation": 6, "test": len(table)},
        "parameters": 12, "trainable": 12, "epochs": 3, "kept_epoch": 2,
        "reason": "all epochs done", "seconds": 1.5, "report": score(table).as_fields(),
    }  # fmt: skip


def finished(store: RunStore, *, by: Owner = LOCAL) -> str:
    """A run that went through its whole life, as far as the store knows."""
    attempt = work(store, by=by, preset="shapes-probe")
    finish(store, attempt)
    return attempt.run


def finish(store: RunStore, attempt: Attempt) -> None:
    """Tell the store all that a worker would have told."""
    if store.worker(attempt.run) is None:
        store.begin(attempt, own(), {})
    folder = store.folder(attempt.run, by=LOCAL)
    folder.environment.write_text(json.dumps(ENVIRONMENT))
    phase = PhaseCount(0, "head", 3, 12, 12)
    epoch = EpochDone(0, 0, 1.0, 0.4, 1.1, None, 0.01, 0.5, 100.0, best=True)
    started = Started(RECIPE.id, "cpu", "float32", CLASSES, 30, 6, 12, (phase,), 3)
    began = PhaseBegan(0, 0, "head", 12, 12, cached=True)
    told: tuple[Event, ...] = (started, began, Note("hello"), epoch)
    points = [Metric("loss", 0, step, 1 / (step + 1), 0.1) for step in range(9)]
    store.record(attempt, told, points)
    ended, odd = Finished("all epochs done", 3, 2, 1.5), Metric("odd", 0, 0, math.nan)
    store.record(attempt, [ended], [odd])
    drafts, table = folder.drafts(attempt.number), predictions()
    write_network(drafts / "best")
    table.write(drafts / "predictions")
    predictions(6).write(drafts / "validation")
    write_thumbnails(draw(len(table)), drafts / "pictures")
    (drafts / "result").write_text(json.dumps(result_of(attempt.run, table)))
    kinds: tuple[Kind, ...] = ("best", "predictions", "validation", "pictures", "result")
    for kind in kinds:
        store.publish(attempt, kind, drafts / kind)
    store.end(attempt, State.FINISHED, "all epochs done")
    folder.sweep(attempt.number)


def taken_apart(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def put_together(path: Path, parts: Mapping[str, bytes], /, **manifest: Any) -> Path:
    """A file with a manifest that fits what is in it, but for what is said otherwise."""
    given = json.loads(parts["manifest.json"])
    inner = {name: content for name, content in parts.items() if name != "manifest.json"}
    given["files"] = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in inner.items()
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps({**given, **manifest}))
        for name, content in inner.items():
            archive.writestr(name, content)
    return path
