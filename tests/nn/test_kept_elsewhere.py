"""A run that was really trained, on pictures that were handed in, works on another machine."""

import numpy as np
import pytest
import torch

from bench.support.makers import picture
from tlcore.access import LOCAL
from tlcore.data.load import load
from tlcore.data.uploads.files import Handed, keep_upload
from tlcore.nn.engine.saved_network import load_network
from tlcore.nn.worker import work
from tlcore.recipe import Data, Input, Model, Recipe
from tlcore.runs.results import read_predictions
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.transfer import export_run, import_run
from tlcore.schedule import FreezeSchedule

pytestmark = pytest.mark.processes


@pytest.fixture
def trained():
    """A run on an upload, and its store."""
    snaps = [Handed(f"{n}.png", picture(n), label=f"<{n % 2}>") for n in range(24)]
    upload = keep_upload(snaps, by=LOCAL)
    recipe = Recipe(
        data=Data(name="folder", path=upload.path),
        input=Input(size=24),
        model=Model(backbone="scratch-plain", weights="none"),
        schedule=FreezeSchedule(preset="full"),
        epochs=1,
        batch=8,
    )
    store = RunStore()
    run = store.submit(recipe, by=LOCAL).id
    attempt = store.claim(device="cpu", run=run)
    assert attempt is not None
    assert work(store, attempt) == State.FINISHED
    return store, run


def test_an_imported_network_predicts_what_it_predicted(trained, tmp_path):
    store, run = trained
    elsewhere = RunStore(tmp_path / "elsewhere")
    file = export_run(store, run, tmp_path / "x.thaw", by=LOCAL)
    came = import_run(elsewhere, file, by=LOCAL)
    best = elsewhere.artifact(came.id, "best", by=LOCAL)
    assert best is not None
    keepsake = load_network(best)
    assert keepsake.classes == ("<0>", "<1>")
    recipe = elsewhere.recipe(came.id, by=LOCAL)
    test = load(recipe.data, recipe.input).test
    with torch.no_grad():
        said = keepsake.network(keepsake.prepare(torch.tensor(np.asarray(test.pixels))))
    table = read_predictions(elsewhere, came.id, by=LOCAL)
    assert table.ids.tolist() == test.ids.tolist()
    np.testing.assert_allclose(said.softmax(1).numpy(), table.probabilities, atol=0.01)
