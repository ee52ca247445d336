"""The page Compare: which run is better, how sure that is, and what it took."""

import csv
import zipfile
from io import BytesIO, StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from bench.support.lives import bring_to
from tests.runs.examined import SCRATCH, TWO_PHASES, examined, predict
from tests.ui.looking import given_to, open_page
from tlcore.access import LOCAL
from tlcore.recipe import Data, Model, Recipe
from tlcore.recipe.text import from_fields
from tlcore.runs.result import decide_among, decide_between, story_of
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule
from tlcore.ui.compare import verdict
from tlcore.ui.compare.curves import common_goal, curve_chart, reached, speed_lines
from tlcore.ui.compare.table import csv_of, row_of, schedule_words
from tlcore.ui.compare.verdict import transfer_against_scratch, what_differs
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.reports import as_html, as_markdown

TRUE = [0] * 60 + [1] * 60
CLASSES = ("cat", "dog")
NASTY = "=cmd()|<b>**x**</b> 🦊"
FROM_SCRATCH = Recipe(
    name="scratch",
    epochs=4,
    model=Model(weights="none"),
    schedule=FreezeSchedule(preset="full"),
)


@pytest.fixture
def store():
    return RunStore()


def called(wrong):
    """Everything rightly but for these rows."""
    return [1 - label if row in wrong else label for row, label in enumerate(TRUE)]


@pytest.fixture
def scratch(store):
    """40 mistakes, and 10 s an epoch."""
    return examined(
        store, predict(called(range(40)), TRUE, CLASSES), name="scratch", recipe=FROM_SCRATCH,
        phases=SCRATCH, pace=10.0, best=0.6,
    )  # fmt: skip


@pytest.fixture
def transfer(store):
    """5 mistakes, of which 2 are new, and 1 s an epoch."""
    return examined(
        store, predict(called([0, 1, 2, 100, 101]), TRUE, CLASSES), name="transfer", pace=1.0,
        best=0.95,
    )  # fmt: skip


def outcomes(store, *runs):
    return [Outcome(story_of(store, run, by=LOCAL)) for run in runs]


def text_of(page):
    kinds = ("markdown", "caption", "info", "warning")
    return "\n".join(each.value for kind in kinds for each in page.get(kind))


def rows_shown(page):
    return sorted(int(t["source"].rpartition("/")[2]) for t in given_to(page, "gallery")["tiles"])


@pytest.mark.parametrize("count", [0, 1])
def test_with_fewer_than_two_tested_runs_it_leads_on(store, count):
    for _ in range(count):
        examined(store, predict(TRUE, TRUE, CLASSES))
    bring_to(store, State.RUNNING)
    page = open_page("compare")
    assert "Two are needed" in page.info[0].value
    assert len(page.get("page_link")) == 2


def test_the_address_says_which_runs_and_the_older_is_the_first(store, scratch, transfer):
    page = open_page("compare", run=f"{scratch},{transfer}")
    assert [each.label for each in page.metric] == ["1 · scratch", "2 · transfer"]
    page = open_page("compare", run=f"{transfer},{scratch}")
    assert [each.label for each in page.metric] == ["1 · scratch", "2 · transfer"]


def test_every_accuracy_and_every_difference_has_its_interval(store, scratch, transfer):
    page = open_page("compare", run=f"{scratch},{transfer}")
    assert [each.value for each in page.metric] == ["66.7 %", "95.8 %"]
    assert all(each.delta.startswith("95 %: ") for each in page.metric)
    assert "**Run 2** against **run 1**: +29 points [+20, +37] of accuracy" in text_of(page)
    assert "It got 37 pictures right that the other got wrong, and 2 the other way" in text_of(page)
    assert "(McNemar, mid-p below 0.0001). These two networks differ" in text_of(page)
    assert "two other seeds would hardly turn it round" in text_of(page)


def test_transfer_against_scratch_is_called_out_with_what_it_took(store, scratch, transfer):
    said = transfer_against_scratch(outcomes(store, scratch, transfer))
    assert said.startswith("**Transfer (run 2) against scratch (run 1)**: +29 points")
    assert "It trained 1,000 of 1,000 parameters, scratch 900" in said
    assert "that both reached (60 %) it reached after 3.0 s, scratch after 40 s" in said
    assert transfer_against_scratch(outcomes(store, transfer)) == ""
    assert transfer_against_scratch(outcomes(store, scratch)) == ""


def against_first(outcomes, number):
    decided = decide_among([outcome.story for outcome in outcomes])
    return verdict.against_first(outcomes, number, decided[number])


def test_runs_that_never_differ_are_not_told_apart(store, scratch):
    again = examined(store, predict(called(range(40)), TRUE, CLASSES), name="again")
    said = against_first(outcomes(store, scratch, again), 1)
    assert "0 points" in said
    assert "call every picture alike" in said


def test_a_small_difference_is_called_chance(store, scratch):
    other = examined(store, predict(called(range(39)), TRUE, CLASSES), name="hardly better")
    assert "test pictures alone may do that" in against_first(outcomes(store, scratch, other), 1)


def with_seeds(store, recipe, *wrong):
    """Runs of one recipe that err on other pictures each."""
    return [
        examined(
            store, predict(called(rows), TRUE, CLASSES), name=recipe.name,
            recipe=recipe.model_copy(update={"seed": seed}),
        )
        for seed, rows in enumerate(wrong)
    ]  # fmt: skip


def test_from_three_seeds_a_side_on_the_verdict_is_about_the_recipes(store):
    first = with_seeds(store, FROM_SCRATCH, range(40), range(42), range(38))
    other = with_seeds(store, Recipe(name="transfer", epochs=4), range(5), range(6), range(4))
    page = open_page("compare", run=f"{first[0]},{other[0]}")
    assert "Over 3 runs of each: the recipes differ by more than seeds" in text_of(page)
    assert "Another seed" not in text_of(page)
    assert not [each for each in page.button if "more seeds" in each.label]


def test_with_one_seed_a_side_a_button_makes_two_more_of_each(
    store, scratch, transfer, monkeypatch
):
    monkeypatch.setattr("tlcore.ui.shared.seeds.ensure_dispatcher", lambda home: None)
    monkeypatch.setattr("tlcore.ui.shared.seeds.forecast_all", lambda recipes, **how: None)
    page = open_page("compare", run=f"{scratch},{transfer}")
    [button] = [each for each in page.button if "more seeds" in each.label]
    assert "Train 2 more seeds of each: 4 runs" in button.label
    button.click().run()
    queued = store.list(by=LOCAL, states=[State.QUEUED])
    assert sorted(store.recipe(run.id, by=LOCAL).seed for run in queued) == [1, 1, 2, 2]


def test_two_seeds_of_one_recipe_are_not_held_against_each_other(store):
    runs = with_seeds(store, FROM_SCRATCH, range(40), range(5))
    said = against_first(outcomes(store, *runs), 1)
    assert "Nothing but the seed differs: this is what a seed makes." in said
    assert "networks differ" not in said


def test_runs_of_other_test_pictures_are_not_compared(store, scratch):
    other = examined(store, predict([0, 1, 2], [0, 1, 2], ("a", "b", "c")), name="other")
    page = open_page("compare", run=f"{scratch},{other}", side="Pictures")
    assert text_of(page).count("not tested on the same pictures") == 2
    assert decide_among([each.story for each in outcomes(store, scratch, other)]) == (None, None)


@pytest.mark.parametrize(
    ("kind", "rows"),
    [("fixed", [*range(3, 40)]), ("broken", [100, 101]), ("both wrong", [0, 1, 2])],
)
def test_pictures_fixed_and_broken_are_exactly_those(store, scratch, transfer, kind, rows):
    page = open_page("compare", run=f"{scratch},{transfer}", side="Pictures")
    page.segmented_control(key="kind").set_value(kind).run()
    assert rows_shown(page) == rows
    words = "1 picture" if len(rows) == 1 else f"{len(rows)} pictures"
    assert f"{words} that" in text_of(page)


def test_what_is_fixed_one_way_is_broken_the_other_way(store, scratch, transfer):
    page = open_page("compare", run=f"{scratch},{transfer}", side="Pictures")
    page.selectbox(key="from 2").set_value(1)
    page.selectbox(key="to 2").set_value(0).run()
    assert rows_shown(page) == [100, 101]
    page.selectbox(key="to 2").set_value(1).run()
    assert "two different runs" in text_of(page)


def test_only_fields_that_differ_are_shown(store, transfer):
    recipe = Recipe(name="other", epochs=4, data=Data(labels_per_class=7), seed=3)
    other = examined(store, predict(TRUE, TRUE, CLASSES), name="other", recipe=recipe)
    page = open_page("compare", run=f"{transfer},{other}", side="Recipes")
    assert page.dataframe[0].value.index.tolist() == ["data.labels_per_class", "seed"]
    assert list(page.dataframe[0].value.loc["seed"]) == ["0", "3"]


def test_runs_of_one_recipe_are_said_to_be(store, transfer):
    twin = examined(store, predict(TRUE, TRUE, CLASSES), name="twin")
    assert "the same recipe" in text_of(
        open_page("compare", run=f"{transfer},{twin}", side="Recipes")
    )


def test_seconds_to_an_accuracy_are_said_in_words_the_quickest_first(store, scratch, transfer):
    stories = [each.story for each in outcomes(store, scratch, transfer)]
    assert common_goal(stories) == 60
    lines = speed_lines(stories, ["1 · scratch", "2 · <b>"], 0.45)
    assert lines[0].startswith("**2 · \\<b\\>** reached 45 % validation accuracy after **2.0 s**")
    assert "after **30 s**, with epoch 3" in lines[1]
    assert speed_lines(stories, ["a", "b"], 0.9)[1] == "**a** never reached 90 %."


def test_an_accuracy_that_was_not_measured_is_not_reached():
    curves = ({"validation_accuracy": None}, {"validation_accuracy": float("nan")})
    story: Any = SimpleNamespace(curves=curves)
    assert reached(story, 0.1) is None


@pytest.mark.parametrize("measure", ["accuracy", "loss"])
@pytest.mark.parametrize("axis", ["epochs", "seconds"])
def test_curves_have_a_mark_where_it_thaws_and_names_stay_text(
    store, scratch, transfer, measure, axis
):
    stories = [each.story for each in outcomes(store, scratch, transfer)]
    figure = curve_chart(stories, ["1 · <a href=x>", "2 · b"], measure, axis)
    assert len(figure.data) == 4
    assert [shape.x0 for shape in figure.layout.shapes] == [2.0]
    ends = {trace.x[-1] for trace in figure.data}
    assert ends == ({4} if axis == "epochs" else {4.0, 40.0})
    assert not any("<a" in (trace.name or "") for trace in figure.data)
    assert len({trace.marker.symbol for trace in figure.data}) == 2


def test_a_run_without_validation_shows_its_training_curve_in_the_legend(store, scratch):
    story = outcomes(store, scratch)[0].story
    curves = tuple({**epoch, "validation_accuracy": None} for epoch in story.curves)
    plain: Any = SimpleNamespace(**{**vars(story), "curves": curves}, thaws=())
    figure = curve_chart([plain], ["1 · plain"], "accuracy", "epochs")
    assert [trace.showlegend for trace in figure.data] == [True, False]
    assert "training" in speed_lines([plain], ["a"], 0.3)[0]


def test_schedules_are_told_in_words(store, scratch, transfer):
    words = [schedule_words(each.story) for each in outcomes(store, scratch, transfer)]
    assert words == ["everything", "the head alone; from epoch 3 everything"]
    assert TWO_PHASES[1].thawed == "all"


def test_the_table_is_a_file_that_no_spreadsheet_runs(store, transfer):
    run = examined(store, predict(TRUE, TRUE, CLASSES), name=NASTY)
    first, other = outcomes(store, transfer, run)
    rows = [
        row_of(first, "1 · transfer"),
        row_of(other, NASTY, decide_between(first.story, other.story)),
    ]
    read = list(csv.DictReader(StringIO(csv_of(rows))))
    assert [row["id"] for row in read] == [transfer, run]
    assert read[1]["run"] == f"'{NASTY}"
    assert float(read[0]["accuracy"]) == pytest.approx(100 * 115 / 120)
    assert read[1]["macro F1, 95 %"].count("to") == 1
    assert float(read[1]["against the first"]) == pytest.approx(100 * 5 / 120)
    assert not any(text.startswith(("=", "-", "+")) for row in read for text in row.values())


def test_the_reports_hold_both_runs_and_their_pictures(store, scratch, transfer):
    stories = [each.story for each in outcomes(store, scratch, transfer)]
    html = as_html(stories).decode()
    assert html.startswith("<!DOCTYPE html>")
    assert "Two runs compared" in html
    assert "data:image/jpeg;base64," in html
    with zipfile.ZipFile(BytesIO(as_markdown(stories))) as archive:
        names = archive.namelist()
        assert "thaw-report.md" in names
        assert any(name.endswith(".jpg") for name in names)
        assert all(f"({name})" in archive.read("thaw-report.md").decode() for name in names[1:3])


@pytest.mark.parametrize("side", ["Table", "Curves", "Pictures", "Together", "Recipes"])
def test_every_side_opens_by_its_address_with_names_as_text(store, scratch, side):
    nasty = examined(store, predict([1] * 120, TRUE, CLASSES), name="<b>*x*</b> :red[y]")
    page = open_page("compare", run=f"{scratch},{nasty}", side=side)
    assert "<b>" not in text_of(page)
    assert ":red[" not in text_of(page)
    assert "<b>" not in page.metric[1].label


def test_a_run_that_was_stopped_before_its_test_is_named(store, scratch, transfer):
    untested = bring_to(store, State.STOPPED)
    page = open_page("compare", run=f"{scratch},{untested},{transfer}")
    assert "stopped before it was tested" in text_of(page)
    assert len(page.metric) == 2


def test_runs_that_vote_together_say_what_that_gains(store):
    wrong = (range(0, 20), range(20, 40), range(40, 60))
    runs = [examined(store, predict(called(rows), TRUE, CLASSES), name=NASTY) for rows in wrong]
    page = open_page("compare", run=",".join(runs), side="Together")
    shown = {each.label: each.value for each in page.metric}
    assert shown["All together"] == "100.0 %"
    assert shown["Over the best alone"] == "+17 points"
    assert "voting helps here" in text_of(page)
    assert "<b>" not in text_of(page)


def test_runs_on_other_pictures_have_no_vote(store, scratch):
    other = examined(store, predict([0, 1], [0, 1], CLASSES))
    page = open_page("compare", run=f"{scratch},{other}", side="Together")
    assert "They can't: run 2 was not tested on the same pictures" in text_of(page)


def said_of(first, other, **same):
    """What the page says of two runs of these recipes."""
    table = predict([0, 1, 1, 0], [0, 1, 1, 1], ("cat", "dog"))
    stories = [
        SimpleNamespace(recipe=from_fields(fields), pictures=same.get(f"pictures_{n}", {}))
        for n, fields in enumerate((first, other), 1)
    ]
    return what_differs(*stories), table  # type: ignore[arg-type]


def test_runs_that_differ_in_more_than_the_schedule_begin_with_what_differs():
    few, many = {"data": {"labels_per_class": 10}}, {"epochs": 9}
    words, _ = said_of(few, many, pictures_1={"train": 100}, pictures_2={"train": 1600})
    assert words.startswith("**They also differ in** pictures to learn from (100 against 1,600, 16")
    assert "epochs (5 against 9)" in words


def test_runs_that_differ_in_nothing_but_what_is_frozen_are_compared_at_once():
    scratch = {"model": {"weights": "none"}, "schedule": {"preset": "full"}, "seed": 3}
    assert said_of({}, scratch)[0] == ""


def test_transfer_is_held_against_scratch_only_where_nothing_else_differs(store, scratch):
    longer = Recipe(name="longer", epochs=9)
    run = examined(store, predict(called(range(5)), TRUE, CLASSES), name="longer", recipe=longer)
    assert transfer_against_scratch(outcomes(store, scratch, run)) == ""
    assert against_first(outcomes(store, scratch, run), 1).startswith(
        "**They also differ in** epochs (4 against 9)"
    )
