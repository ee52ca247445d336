"""Maps of mistakes: asked of the run's own network, kept beside it, and put into its report."""

from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.report.test_compose import HTML, parse, read
from tests.runs.examined import examined, predict
from tests.runs.fake_run import draw
from tlcore.access import LOCAL
from tlcore.errors import AnswerError, DataError, RunError
from tlcore.inference import client
from tlcore.report import explaining, html_of, story_of
from tlcore.report.explaining import SIDE, explain_mistakes
from tlcore.runs.explanations import read_explained
from tlcore.runs.store import RunStore

LABELS = [0, 0, 1, 1, 2, 2, 0, 1]
CALLED = [0, 1, 0, 1, 2, 0, 1, 2]
CLASSES = ("cat", "dog", "fox")


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def asked(monkeypatch):
    """What the network was asked, which answers at once."""
    questions = []

    def explain(home, network, pixels, way, target):
        questions.append((network, pixels, way, target))
        return client.Why(np.linspace(-1, 1, 256, dtype=np.float32).reshape(16, 16), {})

    answer = SimpleNamespace(ways=("occlusion", "lime"))
    monkeypatch.setattr(client, "predict", lambda home, network, pixels: answer)
    monkeypatch.setattr(client, "explain", explain)
    return questions


@pytest.fixture
def at_hand(monkeypatch):
    """The data set, still where it was."""
    ids = np.array([f"test/{row}.png" for row in range(len(LABELS))])
    test = SimpleNamespace(pixels=draw(len(LABELS)), ids=ids)
    monkeypatch.setattr(explaining, "load", lambda data, input: SimpleNamespace(test=test))
    return test


def gone(data, input):
    raise DataError("It is gone.")


def run_in(store, **how):
    run = examined(store, predict(CALLED, LABELS, CLASSES), **how)
    return run, story_of(store, run, by=LOCAL)


def test_the_runs_own_network_is_asked_why_it_called_each_picture_what_it_did(
    store, asked, at_hand
):
    run, story = run_in(store)
    found = explain_mistakes(store, story, by=LOCAL)
    wrong = {row for row in range(len(LABELS)) if LABELS[row] != CALLED[row]}
    assert {each.row for each in found} == wrong
    for each, (network, pixels, way, target) in zip(found, asked, strict=True):
        assert network == store.artifact(run, "best", by=LOCAL)
        assert np.array_equal(pixels[0], at_hand.pixels[each.row])
        assert way == each.way == "occlusion"
        assert target == each.target == CALLED[each.row]
        assert not each.small
        assert Image.open(BytesIO(each.jpeg)).size == (2 * SIDE + 8, SIDE)


def test_the_report_shows_the_maps_that_were_kept_and_asks_for_none(store, asked, at_hand):
    run, story = run_in(store)
    assert "Why it said so" not in read(parse(html_of([story])))
    explain_mistakes(store, story, by=LOCAL)
    count = len(asked)
    page = parse(html_of([story_of(store, run, by=LOCAL)]))
    assert "asked of the trained network by Occlusion" in read(page)
    [pairs] = [e for e in page.iter(f"{HTML}div") if "pairs" in e.get("class", "").split()]
    pictures = list(pairs.iter(f"{HTML}img"))
    assert len(pictures) == count == len(asked) == 5
    assert all("→" in each.get("alt") for each in pictures)


def test_where_the_data_set_is_gone_the_small_copies_are_asked_about_and_it_is_said(
    store, asked, monkeypatch
):
    monkeypatch.setattr(explaining, "load", gone)
    _, story = run_in(store)
    assert all(each.small for each in explain_mistakes(store, story, by=LOCAL))
    assert "asked about small copies" in read(parse(html_of([story])))


def test_other_pictures_under_the_same_name_are_not_asked_about(store, asked, at_hand):
    at_hand.ids = at_hand.ids[::-1]
    _, story = run_in(store)
    assert all(each.small for each in explain_mistakes(store, story, by=LOCAL))


def test_without_data_and_copies_it_is_told_what_is_missing(store, asked, monkeypatch):
    monkeypatch.setattr(explaining, "load", gone)
    run, story = run_in(store, pictures=False)
    with pytest.raises(RunError, match="kept no copies"):
        explain_mistakes(store, story, by=LOCAL)
    assert read_explained(store.folder(run, by=LOCAL).path, story.network) == ()


def test_damaged_maps_do_not_spoil_the_report(store):
    run, story = run_in(store)
    (store.folder(run, by=LOCAL).path / "explained.zip").write_bytes(b"PK")
    assert "The maps of this run can't be read" in read(parse(html_of([story])))


def test_a_network_that_is_not_there_can_not_be_asked(store, asked, at_hand):
    run, story = run_in(store)
    store.artifact(run, "best", by=LOCAL).unlink()
    with store._database.writing() as sql:
        sql.execute("DELETE FROM artifact WHERE kind = 'best'")
    with pytest.raises(AnswerError, match="has left no network"):
        explain_mistakes(store, story, by=LOCAL)
