"""A home that an earlier version filled opens here, whole, and its runs go on to the same bits.

Which versions: one archive each under `tests/fixtures`, made by `make_home.py` there.
"""

import sqlite3
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tlcore import paths
from tlcore.access import LOCAL
from tlcore.data.uploads.files import find_upload, list_uploads
from tlcore.data.uploads.folder import open_upload
from tlcore.nn import worker
from tlcore.runs.checklist import Answer, read_answers
from tlcore.runs.corrections import noted
from tlcore.runs.results import read_predictions, read_result, read_validation
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import read_thumbnail

LAST_DIGITS = 1e-5
"""How far weights of the same steps may lie apart on processors of two makes."""

ARCHIVES = sorted((Path(__file__).parents[1] / "fixtures").glob("home-*.zip"))


@pytest.fixture(params=ARCHIVES, ids=[path.stem for path in ARCHIVES])
def store(request):
    """The store of a copy of an old home, where this test's own home is."""
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(paths.home())
    return RunStore()


def named(store, name):
    [run] = [run for run in store.list(by=LOCAL) if run.name == name]
    return run


def work(store, run):
    attempt = store.claim(device="cpu", run=run)
    assert attempt is not None
    assert worker.work(store, attempt, threads=1) == State.FINISHED
    return load_file(store.artifact(run, "best", by=LOCAL))


def first_losses(store, run):
    """Those of the steps before the pause. A processor of another make has other last digits."""
    return [
        p.value for p in store.metrics(run, by=LOCAL, names=["loss"]) if (p.epoch, p.step) < (0, 3)
    ]


def same(one, other):
    return one.tobytes() == other.tobytes()


def test_every_run_is_there_in_its_state(store):
    assert {run.name: run.state for run in store.list(by=LOCAL)} == {
        "Shapes, to the end": State.FINISHED,
        "Paused in the middle": State.PAUSED,
        "Still waiting": State.QUEUED,
    }
    assert [run.name for run in store.list(by=LOCAL, binned=True)] == ["Thrown away"]
    for run in store.list(by=LOCAL):
        assert store.recipe(run.id, by=LOCAL).id == run.recipe_id


def test_what_a_finished_run_left_is_whole(store):
    run = named(store, "Shapes, to the end").id
    folder = store.folder(run, by=LOCAL).path
    predictions = read_predictions(store, run, by=LOCAL)
    assert len(predictions) == 20
    assert read_validation(store, run, by=LOCAL) is not None
    assert read_result(store, run, by=LOCAL)["epochs"] == 1
    assert read_thumbnail(store.artifact(run, "pictures", by=LOCAL), 0)
    assert {point.name for point in store.metrics(run, by=LOCAL)} >= {"loss", "train_loss"}
    assert all(state.is_whole() for state in store.checkpoints(run, by=LOCAL))
    assert read_answers(folder) == {"Who is missing?": Answer("Nobody over 60.", settled=True)}
    [correction] = noted(folder, by=LOCAL)
    assert (correction.picture, correction.label) == (predictions.ids[0], predictions.classes[1])


def test_every_upload_is_there_with_its_pictures(store):
    [kept], [binned] = list_uploads(by=LOCAL), list_uploads(by=LOCAL, binned=True)
    assert (kept.name, kept.pictures, binned.name) == ("Stripes and spots", 24, "Thrown away")
    assert find_upload(kept.id, by=LOCAL).classes == {"across": 12, "down": 12}
    source = open_upload(kept.path)
    assert all(source.read(name) for name in source.names())


def test_its_paused_run_goes_on_to_the_weights_of_one_that_was_never_interrupted(store):
    paused = named(store, "Paused in the middle").id
    whole = store.submit(store.recipe(paused, by=LOCAL), by=LOCAL).id
    uninterrupted = work(store, whole)
    store.resume(paused, by=LOCAL)
    resumed = work(store, paused)
    [first, again] = [e for e in store.events(paused, by=LOCAL) if e["event"] == "Started"]
    assert (first["attempt"], again["attempt"]) == (1, 2)
    assert resumed.keys() == uninterrupted.keys()
    here = first_losses(store, paused) == first_losses(store, whole)
    alike = same if here else partial(np.allclose, atol=LAST_DIGITS)
    for name, weights in uninterrupted.items():
        assert alike(weights, resumed[name]), name


def test_its_database_is_brought_up_to_date_in_place(store):
    store.close()
    with sqlite3.connect(paths.home() / "runs.sqlite") as sql:
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert sql.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(RunStore().list(by=LOCAL)) == 3
