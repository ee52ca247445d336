"""The page Results: how good a run is, where it fails, and what it says when there is nothing."""

import time
from typing import Any

import numpy as np
import pytest

from bench.support.lives import bring_to
from tests.runs.examined import SCRATCH, examined, predict
from tests.ui.looking import button, given_to, open_page
from tlcore.access import LOCAL, known_by
from tlcore.analysis.auc import rank_classes
from tlcore.analysis.selective import promise
from tlcore.data.cifar import CIFAR100
from tlcore.recipe.presets import find
from tlcore.runs.result import story_of
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.results import cells
from tlcore.ui.results.abstaining import coverage_chart, kept_words
from tlcore.ui.results.cells import DARK, LIGHT, RIGHT, WRONG, contrast, draw_cells, ink_on, mixed
from tlcore.ui.results.classes import class_table, recall_chart, worst_class
from tlcore.ui.results.pictures import PAGE, chosen_mistakes
from tlcore.ui.shared.outcomes import Outcome

NASTY = ("<b>cat</b>", "**dog** :red[x] [a](http://b)", "🦊 $x$ `y`", "long " * 60)
TRUE = [0, 0, 0, 1, 1, 1, 2, 2, 2, 0]
CALLED = [0, 1, 1, 1, 1, 0, 2, 2, 0, 2]
CLASSES = ("cat", "dog", "fox")


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def run(store):
    """Ten pictures of three classes, five of them called rightly."""
    return examined(store, predict(CALLED, TRUE, CLASSES))


def outcome_of(store, run):
    return Outcome(story_of(store, run, by=LOCAL))


def rows_shown(page):
    """The rows of the predictions that the gallery shows, by their pictures' addresses."""
    return [int(tile["source"].rpartition("/")[2]) for tile in given_to(page, "gallery")["tiles"]]


def text_of(page):
    return "\n".join(
        each.value for kind in ("markdown", "caption", "subheader") for each in page.get(kind)
    )


def test_without_runs_it_says_so_and_leads_on():
    page = open_page("results")
    assert "no runs yet" in page.info[0].value
    assert len(page.get("page_link")) == 2


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.QUEUED, "waits for its turn, number 1"),
        (State.STARTING, "starting"),
        (State.RUNNING, "at work"),
        (State.PAUSED, "paused"),
        (State.STOPPED, "stopped before it was tested"),
        (State.FAILED, "failed"),
    ],
)
def test_a_run_without_a_result_says_what_it_is_doing_and_watches_it(store, state, words):
    run = bring_to(store, state)
    page = open_page("results", run=run)
    assert words in page.info[0].value
    assert len(page.get("page_link")) == 1
    assert given_to(page, "live")["runs"][0]["id"] == run
    assert not page.metric


def test_a_run_that_failed_shows_its_reason_as_text(store):
    page = open_page("results", run=bring_to(store, State.FAILED))
    assert page.code[0].value == "so it went"


def test_every_figure_has_its_interval(store, run):
    page = open_page("results", run=run)
    shown = {each.label: (each.value, each.delta) for each in page.metric}
    assert shown["Accuracy"][0] == "50.0 %"
    assert shown["Accuracy"][1] == "95 %: 23.7 to 76.3"
    assert {"Macro F1", "Loss"} < shown.keys()
    assert all("to" in shown[name][1] for name in ("Macro F1", "Loss"))
    assert "only 10 pictures" in page.warning[0].value


def plain(text):
    """As it is read: without what keeps it from being Markdown."""
    return text.replace("\\", "").replace("\u2060", "")


def test_accuracy_stands_beside_guessing_and_where_classes_are_uneven_each_counts_alike(store):
    even = examined(store, predict([0, 1] * 20, [0, 1] * 20, ("cat", "dog")), name="even")
    assert "Guessing would give 50 %." in plain(text_of(open_page("results", run=even)))
    labels = [0] * 36 + [1] * 4
    uneven = examined(store, predict([0] * 38 + [1] * 2, labels, ("cat", "dog")), name="uneven")
    said = plain(text_of(open_page("results", run=uneven)))
    assert "Always saying cat would give 90 %." in said
    assert "(balanced accuracy), it is right of **75 % [" in said
    blind = examined(store, predict([0] * 40, labels, ("cat", "dog")), name="blind")
    said = plain("".join(each.value for each in open_page("results", run=blind).warning))
    assert "It says cat of every picture: it tells nothing apart." in said


def test_a_cell_of_the_address_shows_exactly_its_pictures(store, run):
    page = open_page("results", run=run, cell="0-1")
    assert sorted(rows_shown(page)) == [1, 2]
    assert page.subheader[0].value == "**cat** taken for **dog**"
    assert "2 pictures of 4 of cat" in text_of(page)
    tile = given_to(page, "gallery")["tiles"][0]
    assert tile["caption"].startswith("cat → dog")
    assert tile["tone"] == "wrong"


def test_what_the_chart_tells_becomes_the_address_and_what_the_table_tells_too(store, run):
    from tlcore.ui.results.cells import _clicked, _selected

    assert _clicked({"cell": [{"true": "fox", "predicted": "cat"}]}, CLASSES) == (2, 0)
    assert _clicked({"cell": []}, CLASSES) is None
    assert _selected({"cells": [(1, "fox")]}, CLASSES) == (1, 2)
    assert _selected({}, CLASSES) is None


@pytest.mark.parametrize("cell", ["9-0", "0", "x-y", "-1-2", "1-2-3", "²-1"])
def test_a_cell_that_is_none_is_no_cell(run, cell):
    page = open_page("results", run=run, cell=cell)
    assert page.subheader[0].value == "Commonest mistakes"


def test_the_commonest_mistakes_lead_to_their_pictures(run):
    page = open_page("results", run=run)
    pairs = [each for each in page.button if "taken for" in each.label]
    assert "**cat** taken for **dog**: 2 pictures" in pairs[0].label
    pairs[0].click().run()
    assert sorted(rows_shown(page)) == [1, 2]
    button(page, "Choose no cell").click().run()
    assert page.subheader[0].value == "Commonest mistakes"


def test_a_cell_without_pictures_says_so(run):
    assert "No test picture" in open_page("results", run=run, cell="1-2").info[0].value


def test_all_is_right_and_it_says_so(store):
    run = examined(store, predict([0, 1, 2], [0, 1, 2], CLASSES))
    assert "rightly" in open_page("results", run=run).success[0].value
    assert "rightly" in open_page("results", run=run, part="Mistakes").success[0].value


def test_mistakes_come_worst_first_and_of_a_class_if_wanted(store, run):
    page = open_page("results", run=run, part="Mistakes")
    assert rows_shown(page) == [9, 8, 5, 2, 1]
    page.selectbox(key=f"true {run}").set_value(0).run()
    assert rows_shown(page) == [9, 2, 1]
    page.selectbox(key=f"called {run}").set_value(2).run()
    assert rows_shown(page) == [9]
    outcome = outcome_of(store, run)
    assert chosen_mistakes(outcome, "margin", 1, 2).tolist() == []


def test_a_gallery_shows_a_page_at_a_time_and_all_pages_are_all_pictures(store):
    n = 2 * PAGE + 7
    run = examined(store, predict([1] * n, [0] * n, CLASSES))
    page = open_page("results", run=run, part="Mistakes")
    seen = rows_shown(page)
    assert len(seen) == PAGE
    for number in (2, 3):
        pager: Any = page.get("pagination")[0]
        pager.set_value(number).run()
        seen += rows_shown(page)
    assert seen == list(reversed(range(n)))
    assert f"{2 * PAGE + 1} to {n} of {n}" in text_of(page)


def test_a_run_from_before_pictures_were_kept_is_shown_without(store):
    run = examined(store, predict(CALLED, TRUE, CLASSES), pictures=False)
    page = open_page("results", run=run, part="Mistakes")
    assert "before test pictures were kept" in text_of(page)
    assert {tile["source"] for tile in given_to(page, "gallery")["tiles"]} == {""}


def test_damaged_pictures_are_told_and_the_rest_goes_on(store, run):
    store.artifact(run, "pictures", by=LOCAL).write_bytes(b"no zip")
    page = open_page("results", run=run, part="Mistakes")
    assert "be read" in page.error[0].value
    assert page.metric[0].value == "50.0 %"


def test_damaged_predictions_are_told_in_words(store, run):
    store.artifact(run, "predictions", by=LOCAL).write_bytes(b"PAR1")
    assert "damaged" in open_page("results", run=run).error[0].value


def test_a_run_that_is_gone_is_said_to_be_gone(store, run):
    store.delete(run, by=LOCAL)
    left = examined(store, predict(CALLED, TRUE, CLASSES), name="Left")
    page = open_page("results", run=run)
    assert "isn't here" in page.info[0].value
    assert page.selectbox[0].value == left


def test_nobody_sees_a_run_of_somebody_elses_in_a_public_lab(store, monkeypatch):
    run = examined(store, predict(CALLED, TRUE, CLASSES), by=known_by("a key of another browser"))
    monkeypatch.setenv("TL_PUBLIC", "1")
    page = open_page("results", run=run)
    assert not page.metric
    assert "no runs yet" in page.info[-1].value


def test_reported_figures_stand_beside_the_measured_ones(store):
    preset = find("c-scratch")
    run = examined(store, predict(CALLED, TRUE, CLASSES), preset=preset.name, recipe=preset.recipe,
                 phases=SCRATCH)  # fmt: skip
    page = open_page("results", run=run)
    assert "Report C reported **77.0 %**; measured here: **50.0 %**" in text_of(page)
    assert "above the interval" in text_of(page)
    assert "changed" not in text_of(page)
    figures = page.dataframe[0].value
    assert figures.loc[figures["figure"] == "test accuracy", "reported"].item() == "77.0 %"


@pytest.mark.parametrize(
    "part",
    ["Confusion", "Mistakes", "Classes", "Calibration", "Labels", "Map", "Robustness", "Training"],
)
def test_every_part_opens_by_its_address_and_class_names_stay_text(store, part):
    run = examined(store, predict([1, 1, 0, 3, 2], [0, 1, 2, 3, 3], NASTY), name="<i>run</i>")
    page = open_page("results", run=run, part=part, cell="0-1")
    assert next(each for each in page.get("tab") if getattr(each, "label", "") == part).children
    shown = text_of(page)
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert ":red[" not in shown
    assert "](http" not in shown


def test_a_class_is_told_to_be_the_worst_with_what_it_is_taken_for(store, run):
    said = worst_class(outcome_of(store, run).story.test)
    assert said.startswith("Worst class: **cat**, 25 % [0, 87] of its 4 pictures")
    assert "most often taken for **dog** (2 times)." in said
    assert said.endswith("That it is the worst may be chance.")


def test_the_table_of_classes_has_an_interval_beside_every_share(store, run):
    outcome = outcome_of(store, run)
    table = class_table(outcome.story.test, outcome.class_f1, outcome.rankings)
    assert table["class"].tolist() == list(CLASSES)
    assert table["recall"].tolist() == pytest.approx([25, 200 / 3, 200 / 3])
    assert table["precision"].tolist() == pytest.approx([100 / 3, 50, 200 / 3])
    assert table["recall, 95 %"].tolist()[0] == "1.3 to 69.9"
    assert all("to" in text for text in table["F1, 95 %"])
    assert table["pictures"].tolist() == [4, 3, 3]
    ranked = rank_classes(outcome.predictions)
    assert table["AUC"].tolist() == [each.auc and each.auc.value for each in ranked.classes]
    assert all("to" in text for text in table["average precision, 95 %"])


def test_bars_of_recall_have_whiskers_and_the_worst_on_top(store):
    run = examined(store, predict([1, 1, 0, 3, 2], [0, 1, 2, 3, 3], NASTY))
    figure = recall_chart(outcome_of(store, run).story.test)
    [bars] = figure.data
    assert list(bars.x) == sorted(bars.x, reverse=True)
    assert all(bars.error_x.arrayminus >= 0)
    assert not any("<" in text for text in figure.layout.yaxis.ticktext)
    assert not any("<" in text for text in bars.customdata)


def test_a_hundred_classes_fold_into_their_superclasses(store):
    fine = sorted(name for names in CIFAR100.values() for name in names)
    run = examined(store, predict(list(range(100)) * 2, [*range(100), *([0] * 100)], fine))
    page = open_page("results", run=run)
    page.toggle(key="superclasses").set_value(True).run()
    assert "20 superclasses" in [each.label for each in page.toggle]
    page.toggle(key="as table").set_value(True).run()
    assert page.dataframe[-1].value.shape == (20, 20)


def test_few_classes_have_every_cell_and_many_only_those_with_pictures():
    few, many = np.eye(3, dtype=int), np.eye(30, dtype=int)
    assert len(draw_cells(few, CLASSES)) == 9
    assert len(draw_cells(many, tuple(map(str, range(30))))) == 30
    assert {cell.true for cell in draw_cells(few, CLASSES, only_mistakes=True)} == set(CLASSES)
    assert len(draw_cells(few, CLASSES, only_mistakes=True)) == 6


def test_right_calls_and_mistakes_are_coloured_each_on_a_scale_of_their_own():
    drawn = {
        (c.true, c.predicted): c for c in draw_cells(np.array([[900, 9], [3, 800]]), ("a", "b"))
    }
    strongest = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in (RIGHT, WRONG)]
    assert [drawn["a", "a"].fill, drawn["a", "b"].fill] == strongest
    assert drawn["b", "a"].fill not in strongest


def test_shares_of_a_row_are_shown_if_wanted():
    drawn = draw_cells(np.array([[3, 1], [0, 0]]), ("a", "b"), shown="row %")
    assert [cell.label for cell in drawn] == ["75", "25", "", ""]
    assert [round(cell.share, 2) for cell in drawn] == [0.75, 0.25, 0, 0]


@pytest.mark.parametrize("page", [LIGHT, DARK])
@pytest.mark.parametrize("hue", [RIGHT, WRONG])
def test_every_number_can_be_read_on_every_shade(page, hue):
    shades = (mixed(page, hue, step / cells.STEPS) for step in range(cells.STEPS + 1))
    assert min(contrast(ink_on(shade), shade) for shade in shades) >= 4.5


def test_ten_thousand_pictures_open_in_half_a_second(store):
    dice = np.random.default_rng(0)
    labels = dice.integers(0, 10, 10_000)
    called = np.where(dice.random(10_000) < 0.8, labels, dice.integers(0, 10, 10_000))
    names = [f"class {k}" for k in range(10)]
    run = examined(store, predict(called.tolist(), labels.tolist(), names))
    open_page("results")
    start = time.perf_counter()
    outcome = outcome_of(store, run)
    assert outcome.f1.n == 10_000
    assert len(outcome.mistakes("loss")) == (called != labels).sum()
    assert time.perf_counter() - start < 0.5


def test_a_tested_run_that_was_taken_up_again_says_that_this_is_from_before(store):
    run = examined(store, predict(CALLED, TRUE, CLASSES), stopped=True)
    store.resume(run, by=LOCAL)
    page = open_page("results", run=run)
    assert "Since then it is queued" in page.info[0].value
    assert page.metric[0].value == "50.0 %"


MANY = [0, 1, 2] * 40


def called_wrongly(rows):
    """Surer from row to row, so wrong answers at the start are unsure ones."""
    return [(label + 1) % 3 if row in rows else label for row, label in enumerate(MANY)]


def test_with_a_validation_share_the_temperature_and_the_threshold_come_from_it(store):
    validation = predict(called_wrongly(range(20)), MANY, CLASSES)
    test = predict(called_wrongly(range(25)), MANY, CLASSES)
    page = open_page(
        "results", run=examined(store, test, validation=validation), part="Calibration"
    )
    said = text_of(page)
    assert "Fitted on 120 validation pictures" in said.replace("\\", "")
    assert "chosen on 120 validation pictures" in said
    assert any(each.label.startswith("At a temperature of") for each in page.metric)
    assert page.slider(key="wanted").value == 90
    assert "of these answers are right" in said
    page.slider(key="wanted").set_value(100).run()
    assert "No threshold can be promised" in text_of(page)  # nothing is ever certain


def test_an_older_run_says_that_its_temperature_was_fitted_crosswise(store):
    run = examined(store, predict(called_wrongly(range(20)), MANY, CLASSES))
    page = open_page("results", run=run, part="Calibration")
    said = text_of(page).replace("\\", "")
    assert "was not kept when this run was tested" in said
    assert "each half of the test pictures set it for the other half" in said
    assert page.slider(key="threshold").value == 80


def test_a_promise_is_told_with_what_became_of_it():
    validation = predict(called_wrongly(range(20)), MANY, CLASSES)
    kept = promise(validation, validation, 0.95)
    assert kept is not None
    assert kept_words(kept, 0.95).endswith("of these answers are right, as wanted.")
    broken = promise(validation, predict(called_wrongly(range(30, 120)), MANY, CLASSES), 0.95)
    assert kept_words(broken, 0.95).endswith("of these answers are right: fewer than wanted.")
    assert kept_words(None, 0.95).startswith("No threshold can be promised at which 95 % of its")
    chart = coverage_chart((kept.kept, kept.chosen), kept.kept)
    assert [len(trace.x) for trace in chart.data] == [4, 2, 1]
