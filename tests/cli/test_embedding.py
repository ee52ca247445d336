"""`embed` at the command line, without torch: what the networks say is made up here."""

import numpy as np
import pytest

from tests.runs.examined import examined, predict
from tlcore.access import LOCAL
from tlcore.data import load
from tlcore.inference import embed
from tlcore.recipe import Data, Recipe, Shapes
from tlcore.runs.jobs import MAP
from tlcore.runs.lock import locked
from tlcore.runs.store import RunStore

RECIPE = Recipe(data=Data(shapes=Shapes(per_class=3, test_per_class=4, size=16)), epochs=4)


@pytest.fixture
def run(monkeypatch):
    """A run of real test pictures, whose networks give colours for features."""
    store, test = RunStore(), load(RECIPE.data, RECIPE.input).test
    labels = test.labels.tolist()
    table = predict(labels, labels, load(RECIPE.data, RECIPE.input).classes)
    fields = {**vars(table), "ids": test.ids}
    names = ("ids", "labels", "probabilities", "classes")
    table = table.__class__(**{name: fields[name] for name in names})

    def features(home, network, pixels, *, beginning=False, meanwhile):
        return np.float32(pixels.mean(axis=(1, 2)) * (1 if beginning else 2))

    monkeypatch.setattr(embed, "features", features)
    return examined(store, table, recipe=RECIPE)


def test_it_maps_the_test_pictures_and_keeps_the_map_with_the_run(command, run):
    answer = command("embed", run)
    assert answer.code == 0, answer.err
    assert "pictures   40" in answer.out
    assert "by chance  8 %" in answer.out
    assert "before training: 40 of 40 pictures" in answer.err
    kept = embed.kept(RunStore(), run, by=LOCAL)
    assert kept is not None
    assert len(kept) == 40


def test_as_json_it_gives_every_figure_with_its_interval(command, run):
    found = command("embed", run, "--pictures", "20", "--json").json
    assert found["pictures"] == 20
    assert found["before"]["low"] <= found["before"]["value"] <= found["before"]["high"]
    assert found["gain"]["value"] == pytest.approx(0)


def test_two_do_not_make_the_same_map_at_once(command, run):
    folder = RunStore().folder(run, by=LOCAL).path
    with locked(MAP.of(folder).lock):
        answer = command("embed", run)
    assert answer.code == 1
    assert "already" in answer.err


def test_what_makes_no_sense_is_refused(command, run):
    assert command("embed", run, "--pictures", "3").code == 2
    assert command("embed", "20270115-080000-0123456789abcdef").code == 1
