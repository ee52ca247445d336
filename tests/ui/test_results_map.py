"""The map on the Results page: read from a saved table, or how to have one made."""

import re

import numpy as np
import pytest

from tests.runs.examined import examined, predict
from tests.ui.looking import button, open_page
from tlcore.access import LOCAL, known_by
from tlcore.analysis.embedding import Embedding, project
from tlcore.inference import embed
from tlcore.runs import jobs
from tlcore.runs.jobs import MAP
from tlcore.runs.lock import locked
from tlcore.runs.result import story_of
from tlcore.runs.store import RunStore
from tlcore.ui.results.embedding import _chart, points_table
from tlcore.ui.shared.outcomes import Outcome

NASTY = ("<b>cat</b>", "**dog** :red[x] [a](http://b)", "🦊 $x$ `y`", "long " * 60)
CLASSES = ("cat", "dog", "fox", "owl")
TRUE = [row % 4 for row in range(60)]
CALLED = [(row + (row % 6 == 0)) % 4 for row in range(60)]


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def run(store):
    return examined(store, predict(CALLED, TRUE, CLASSES))


def made(store, run, *, before=True, why_not="", network=None):
    chance, labels = np.random.default_rng(0), np.array(TRUE)
    features = chance.normal(size=(60, 8)).astype(np.float32)
    found = Embedding(
        rows=np.arange(60),
        after=project(features + 20 * np.eye(8, dtype=np.float32)[labels]),
        before=project(features) if before else None,
        network=network or store.artifact(run, "best", by=LOCAL).name,
        why_not=why_not,
    )
    embed.keep(store, run, found, by=LOCAL)
    return found


def text_of(page):
    return "\n".join(each.value for kind in ("markdown", "caption") for each in page.get(kind))


def charts(page):
    return list(page.get("vega_lite_chart"))


def test_without_a_map_there_is_a_button_and_the_command(run, monkeypatch):
    started = []
    monkeypatch.setattr(
        jobs.JobKind, "start", lambda self, home, folder, *more: started.append(folder.name)
    )
    page = open_page("results", run=run, part="Map")
    assert "Nobody has asked for a map" in page.info[-1].value
    assert page.code[0].value == f"python -m tlcore embed {run}"
    button(page, "Make the map").click().run()
    assert started == [run]


def test_a_saved_map_is_shown_before_and_after_with_intervals_and_needs_no_network(store, run):
    made(store, run)
    store.artifact(run, "best", by=LOCAL).write_text("")
    page = open_page("results", run=run, part="Map")
    said = text_of(page)
    assert re.search(
        r"\*\*100 % \[\d\d, 100\]\*\* have its label; before training it was \*\*", said
    )
    assert "Scattered at random, it would be 24 %" in said
    assert "**Before training, as pre-trained**" in said
    assert "**After training**" in said
    assert len(charts(page)) == 2


def test_half_a_map_says_why_there_is_no_other_half(store, run):
    made(store, run, before=False, why_not="The weights <b>are</b> gone")
    page = open_page("results", run=run, part="Map")
    assert len(charts(page)) == 1
    assert r"\<b\>are" in page.info[-1].value


def test_a_map_of_an_earlier_network_is_not_taken_for_this_ones(store, run):
    made(store, run, network="best-0.safetensors")
    page = open_page("results", run=run, part="Map")
    assert "earlier network" in page.info[-1].value
    assert not charts(page)


def test_a_damaged_map_is_told_and_can_be_made_again(store, run):
    made(store, run)
    store.artifact(run, "embedding", by=LOCAL).write_bytes(b"PAR1")
    page = open_page("results", run=run, part="Map")
    assert "damaged" in page.error[0].value
    assert button(page, "Make the map")


def test_while_it_is_being_made_it_says_how_far_it_is(store, run):
    folder = store.folder(run, by=LOCAL).path
    MAP.of(folder).log.write_text("after training: 128 of 512 pictures\n")
    with locked(MAP.of(folder).lock):
        page = open_page("results", run=run, part="Map")
    assert not [each for each in page.button if each.label == "Make the map"]
    assert "128 of 512" in page.get("progress")[0].proto.text
    assert page.get("progress")[0].proto.value == 12


def test_a_visitor_is_offered_only_maps_of_their_own_runs(store, monkeypatch):
    run = examined(store, predict(CALLED, TRUE, CLASSES), by=known_by("another browser's key"))
    store.set_rules(store.rules().__class__(show_others=True), by=LOCAL)
    monkeypatch.setenv("TL_PUBLIC", "1")
    page = open_page("results", run=run, part="Map")
    assert not [each for each in page.button if each.label == "Make the map"]


def test_mistakes_lie_on_top_and_a_chosen_class_stands_out(store, run):
    found = made(store, run)
    outcome = Outcome(story_of(store, run, by=LOCAL))
    table = points_table(outcome, found, found.after.flat, -1)
    assert table["mark"].tolist() == ["right"] * 50 + ["wrong"] * 10
    assert table["shown"].all()
    row = table.iloc[-1]
    assert (row["true"], row["called"]) == (CLASSES[TRUE[row["row"]]], CLASSES[CALLED[row["row"]]])
    one = points_table(outcome, found, found.after.flat, 2)
    assert set(one[one["shown"]]["true"]) | set(one[one["shown"]]["called"]) >= {"fox"}
    assert all("fox" in (each["true"], each["called"]) for _, each in one[one["shown"]].iterrows())


def test_class_names_are_data_of_the_chart_and_nothing_else(store):
    run = examined(store, predict(CALLED, TRUE, NASTY))
    found = made(store, run)
    outcome = Outcome(story_of(store, run, by=LOCAL))
    drawn = _chart(points_table(outcome, found, found.after.flat, -1), NASTY, -1).to_dict()
    assert drawn["encoding"]["color"]["scale"]["domain"] == list(NASTY)
    page = open_page("results", run=run, part="Map")
    assert not page.exception
    assert "<b>" not in text_of(page)


def test_the_same_points_are_unfolded_by_t_sne_when_that_is_chosen(store, run, monkeypatch):
    made(store, run)
    asked = []

    def unfold(components, *, seed=0):
        asked.append(components.shape)
        return components[:, :2]

    monkeypatch.setattr("tlcore.analysis.embedding.unfold", unfold)
    page = open_page("results", run=run, part="Map")
    assert not asked
    page.segmented_control(key="map drawn").set_value("t-SNE").run()
    assert len(asked) == 2
    assert "means nothing here" in text_of(page)
