"""A map is of the very features that the run's networks have, and is kept with the run."""

import threading
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from tests.runs.rehearsal import until
from tests.runs.small import SHAPES, train_small
from tlcore.access import LOCAL, anonymous
from tlcore.analysis.embedding import project
from tlcore.data import load
from tlcore.errors import AnswerError, DataError, NotAllowed, RunError
from tlcore.inference import client, embed, process
from tlcore.inference.protocol import Message
from tlcore.nn.engine.saved_network import load_network
from tlcore.nn.inference import answer
from tlcore.nn.inference.handlers import Desk
from tlcore.nn.inference.server import Abandoned, Door
from tlcore.nn.networks.build import build
from tlcore.recipe import Data, Input, Model
from tlcore.schedule import FreezeSchedule

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return train_small(
        home, model=Model(weights="pretrained"), schedule=FreezeSchedule(preset="full"), epochs=2
    )


@contextmanager
def serving(home):
    """The answering process, as a thread of this one: it needn't load torch once more."""
    thread = threading.Thread(target=answer.serve, args=(home,), kwargs={"idle": 60.0})
    thread.start()
    until(lambda: process.is_awake(home))
    try:
        yield
    finally:
        process.lock_of(home).unlink(missing_ok=True)
        thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def served(run, monkeypatch):
    monkeypatch.setattr(answer, "LOOK", 0.05)
    with serving(run.home):
        yield run


def pictures_of(run):
    return load(run.recipe.data, run.recipe.input).test.pixels


def features_of(network, keepsake, pixels):
    with torch.inference_mode():
        return network.eval().features(keepsake.prepare(torch.from_numpy(pixels.copy())), 0).numpy()


def test_features_are_what_goes_into_the_head_after_training_and_before(served):
    pixels, keepsake = pictures_of(served), load_network(served.network)
    after = client.features(served.home, served.network, pixels)
    expected = features_of(keepsake.network, keepsake, pixels)
    np.testing.assert_allclose(after, expected, atol=1e-5)
    before = client.features(served.home, served.network, pixels, beginning=True)
    recipe = served.recipe
    began = build(recipe.model, len(keepsake.classes), recipe.input.size, seed=recipe.seed)
    np.testing.assert_allclose(before, features_of(began, keepsake, pixels), atol=1e-5)
    assert not np.allclose(before, after, atol=1e-3)


def test_a_map_holds_every_test_picture_and_tells_how_far_it_is(served, monkeypatch):
    monkeypatch.setattr(embed, "MOST_AT_ONCE", 8)
    told = []
    found = embed.embed(served.store, served.id, by=LOCAL, tell=lambda *said: told.append(said))
    assert found.rows.tolist() == list(range(len(served.predictions)))
    assert told == [
        (name, done, 20) for name in ("after training", "before training") for done in (8, 16, 20)
    ]
    whole = client.features(served.home, served.network, pictures_of(served))
    np.testing.assert_allclose(
        np.abs(found.after.components[:, :2]), np.abs(project(whole).flat), atol=1e-3
    )
    assert found.network == served.network.name


def test_of_many_or_wide_features_fewer_pictures_are_mapped(served, monkeypatch):
    few = embed.embed(served.store, served.id, by=LOCAL, most=12)
    assert few.rows.tolist() == [0, 2, 3, 5, 7, 9, 10, 12, 14, 16, 17, 19]


def test_a_map_is_kept_until_the_run_has_another_network(served):
    assert embed.kept(served.store, served.id, by=LOCAL) is None
    found = embed.embed(served.store, served.id, by=LOCAL, most=12)
    path = embed.keep(served.store, served.id, found, by=LOCAL)
    assert path == served.store.artifact(served.id, "embedding", by=LOCAL)
    kept = embed.kept(served.store, served.id, by=LOCAL)
    assert kept is not None
    assert np.array_equal(kept.after.components, found.after.components)
    again = embed.keep(served.store, served.id, found, by=LOCAL)
    assert again != path
    assert not path.exists()
    assert served.store.strays() == ()
    older = found.__class__(found.rows, found.after, None, "best-0.safetensors")
    embed.keep(served.store, served.id, older, by=LOCAL)
    assert embed.kept(served.store, served.id, by=LOCAL) is None


def test_weights_that_are_gone_leave_half_a_map_with_a_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(answer, "LOOK", 0.05)
    run = train_small(tmp_path, model=Model(weights="pretrained"))

    def missing(*given, **named):
        raise AnswerError("The pre-trained weights are nowhere to be found")

    monkeypatch.setattr("tlcore.nn.inference.handlers.build", missing)
    with serving(tmp_path):
        found = embed.embed(run.store, run.id, by=LOCAL)
    assert found.before is None
    assert found.why_not == "The pre-trained weights are nowhere to be found"
    assert len(found.after.components) == 20


def test_other_test_pictures_than_the_runs_are_refused(served, monkeypatch):
    def other(data, input):
        return load(data.model_copy(update={"limit_test": 10}), input)

    monkeypatch.setattr(embed, "load", other)
    with pytest.raises(DataError, match="other pictures"):
        embed.embed(served.store, served.id, by=LOCAL)


def test_whoever_may_not_change_a_run_keeps_no_map_of_it(served):
    found = embed.embed(served.store, served.id, by=LOCAL, most=12)
    with pytest.raises(NotAllowed):
        embed.keep(served.store, served.id, found, by=anonymous())
    folder = served.store.folder(served.id, by=LOCAL).path
    assert not list(folder.glob(".*.tmp"))


def test_a_question_about_many_pictures_waits_behind_quick_ones_and_can_be_given_up(run):
    door, said = Door(), []

    def clerk(question, pause):
        said.append(question.facts["ask"])
        return question

    assert door.let_in(Message({"ask": "features"}))
    assert door.let_in(Message({"ask": "predict"}))
    while door.answer_next(clerk, within=0.1):
        pass
    assert said == ["predict", "features"]

    def leave():
        raise Abandoned

    question = Message(
        {"ask": "features", "network": str(run.network)},
        {"pixels": np.zeros((3, 16, 16, 3), np.uint8)},
    )
    assert "Nobody waits" in Desk(run.home).answer(question, leave).facts["error"]["what"]


def test_a_run_without_a_network_has_no_map(run):
    waiting = run.store.submit(run.recipe, by=LOCAL).id
    with pytest.raises((AnswerError, RunError)):
        embed.embed(run.store, waiting, by=LOCAL)
    run.store.ask(waiting, "cancel", by=LOCAL)


def test_a_corrected_recipe_trains_and_its_report_says_so(tmp_path):
    """The journey's end: the labels that were put right are the ones that were tested."""
    from tlcore.recipe.corrections import Correction
    from tlcore.report import story_of, write_html

    given = (
        Correction(picture="test/cat/00001", label="<b>mug</b>"),
        Correction(picture="train/key/00001", leave_out=True),
    )
    wrong = Data(shapes=SHAPES, corrections=given)
    with pytest.raises(Exception, match="must be one of the 10 classes"):
        train_small(tmp_path / "wrong", data=wrong)
    right = Correction(picture="test/cat/00001", label="mug")
    run = train_small(tmp_path, data=Data(shapes=SHAPES, corrections=(right, given[1])))
    table = run.predictions
    (row,) = np.flatnonzero(table.ids == right.picture)
    assert table.classes[table.labels[row]] == "mug"
    story = story_of(run.store, run.id, by=LOCAL)
    assert "Pictures with a label given by hand: 1 test." in story.notes
    page = write_html([story], tmp_path / "report.html").read_text()
    assert "1 picture given another label, 1 left out (test/cat/00001 → mug;" in page


def test_pictures_enlarged_beforehand_are_asked_about_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(answer, "LOOK", 0.05)
    monkeypatch.setattr(embed, "BYTES_AT_ONCE", 3 * 48 * 48 * 3)
    run = train_small(tmp_path, input=Input(size=48, resize="once"))
    with serving(tmp_path):
        assert len(embed.embed(run.store, run.id, by=LOCAL)) == 20
