"""The page Bias & ethics: evidence with its intervals, the cue lab, and a checklist that keeps."""

import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bench.support.lives import bring_to
from tests.runs.examined import examined, predict
from tests.ui.looking import button, given_to, open_page
from tlcore.access import LOCAL, known_by
from tlcore.analysis.ethics import QUESTIONS
from tlcore.analysis.group_files import read_groups
from tlcore.analysis.predictions import Predictions
from tlcore.data.drawn.world import class_names
from tlcore.errors import AnswerError, RunError
from tlcore.recipe import Shapes
from tlcore.runs.checklist import Answer, keep_answers, read_answers
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.studies.cues import FROZEN, SCRATCH, draw_twins, recipe_for
from tlcore.ui.bias import evidence, lab, twins
from tlcore.ui.bias.groups import columns_of, form_for

NASTY = ("<b>cat</b>", "**dog** :red[x]")
LAB, CHECKLIST = "The cue lab", "Checklist"


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def asked_for(monkeypatch):
    """Homes whose dispatcher was asked for: nobody trains here."""
    homes: list[object] = []
    monkeypatch.setattr(lab, "ensure_dispatcher", homes.append)
    monkeypatch.setattr(lab, "wake", lambda home: None)
    return homes


def text_of(page):
    kinds = ("markdown", "caption", "info", "warning", "success", "error")
    raw = "\n".join(each.value for kind in kinds for each in page.get(kind))
    return raw.replace("\\", "").replace("\u2060", "")


def grouped(groups, classes=NASTY, n=80):
    """Every second picture is of the second class; the first quarter is called wrongly."""
    labels = np.arange(n) % 2
    called = np.where(np.arange(n) < n // 4, 1 - labels, labels)
    table = predict(called.tolist(), labels.tolist(), classes)
    return Predictions(table.ids, table.labels, table.probabilities, table.classes, groups)


HALVES = np.repeat(["<i>north</i>", "south"], 40)


def test_without_runs_it_says_so_and_leads_on():
    page = open_page("bias")
    assert "no runs yet" in page.info[0].value
    assert len(page.get("page_link")) == 2


def test_a_run_without_a_result_says_what_it_is_doing(store):
    page = open_page("bias", run=bring_to(store, State.RUNNING))
    assert "at work" in page.info[0].value


def test_notes_stand_on_this_run_s_numbers_and_say_where_there_are_none(store):
    page = open_page("bias", run=examined(store, grouped({})))
    shown = text_of(page)
    assert "Worst class: <b>cat</b>, recall 75 % [" in shown
    assert "on 80 pictures of drawn shapes" in shown
    assert "no evidence here" in shown
    assert "nothing says which group a picture belongs to" in shown.lower()
    assert "energy was not measured" in shown
    assert "<b>cat" not in "".join(each.value for each in page.markdown)


def test_the_groups_of_a_run_are_compared_and_named_as_they_are(store):
    run = examined(store, grouped({"side": HALVES, "id": np.arange(80).astype(str)}))
    page = open_page("bias", run=run)
    assert page.selectbox(key="group column").options == ["side"]
    assert "By side: accuracy 50 % [35, 65] for <i>north</i> (40 pictures)" in text_of(page)
    table = page.dataframe[0].value
    assert table["group"].tolist() == ["<i>north</i>", "south"]
    page.selectbox(key="group class").set_value(NASTY[0]).run()
    assert "true positive rate" in page.dataframe[0].value.columns
    assert "equal opportunity" in text_of(page)


def test_groups_can_be_brought_along_and_a_wrong_file_is_told(store):
    predictions = grouped({})
    page = open_page("bias", run=examined(store, predictions))
    lines = ["id;hair", *(f"{one};{'grey' if row < 20 else 'brown'}"
                          for row, one in enumerate(predictions.ids))]  # fmt: skip
    file = ("groups.csv", "\n".join(lines).encode(), "text/csv")
    page.file_uploader[0].set_value(file).run()
    assert "By hair: accuracy 0 % [0, 16] for grey (20 pictures)" in text_of(page)
    page.file_uploader[0].set_value(("groups.csv", b"name,hair\nx,y\n", "text/csv")).run()
    assert "has no column `id`" in text_of(page)


def test_the_form_lists_every_picture_once_and_can_be_read_as_csv():
    predictions = grouped({}, classes=("a\nb", 'c "d", e'))
    rows = list(csv.DictReader(io.StringIO(form_for(predictions))))
    assert [row["id"] for row in rows] == predictions.ids.tolist()
    assert {row["class"] for row in rows} == {"a b", 'c "d", e'}
    assert {row["group"] for row in rows} == {""}


def test_no_name_in_the_form_is_a_formula_and_the_form_is_read_back_all_the_same():
    predictions = grouped({}, classes=("=cmd()", "@dog"))
    predictions = replace(predictions, ids=np.char.add("-", predictions.ids))
    form = form_for(predictions)
    assert all(
        cell[:1] not in "=+-@" for row in csv.reader(io.StringIO(form)) for cell in row if cell
    )
    filled = form.replace(",\r\n", ",old\r\n")
    groups = read_groups(filled, predictions.ids)
    assert set(groups["group"]) == {"old"}
    assert set(groups["class"]) == {"'=cmd()", "'@dog"}


def test_only_columns_that_tell_groups_apart_are_offered():
    columns = {
        "same": np.repeat("x", 80), "each": np.arange(80).astype(str),
        "side": HALVES, "true_label": HALVES,
    }  # fmt: skip
    assert list(columns_of(grouped(columns))) == ["side"]


def test_the_same_data_from_scratch_are_found_as_evidence(store):
    recipes = [recipe_for(system, "colour", 0.5) for system in (FROZEN, SCRATCH)]
    runs = [examined(store, grouped({}), recipe=recipe) for recipe in recipes]
    page = open_page("bias", run=runs[0])
    assert "from scratch (worst: <b>cat</b>)" in text_of(page)


def test_what_a_class_wrote_is_there_the_next_time_and_in_another_tab(store):
    run = examined(store, grouped({}))
    page = open_page("bias", run=run, about=CHECKLIST)
    page.text_area[0].set_value("Nobody over **60**.").run()
    page.checkbox[0].set_value(True).run()
    assert not page.exception
    again = open_page("bias", run=run, about=CHECKLIST)
    assert again.text_area[0].value == "Nobody over **60**."
    assert again.checkbox[0].value
    assert read_answers(store.folder(run, by=LOCAL).path)[QUESTIONS[0]].settled


def test_answers_to_questions_of_another_lab_are_neither_hidden_nor_lost(store):
    run = examined(store, grouped({}))
    folder = store.folder(run, by=LOCAL).path
    keep_answers(folder, {"An old question?": Answer("An <b>old</b> answer.")})
    page = open_page("bias", run=run, about=CHECKLIST)
    assert "An <b>old</b> answer." in text_of(page)
    page.text_area[2].set_value("x").run()
    assert read_answers(folder).keys() == {"An old question?", QUESTIONS[2]}


def test_two_tabs_erase_nothing_of_each_other_s(store):
    run = examined(store, grouped({}))
    old, new = (open_page("bias", run=run, part=CHECKLIST) for _ in range(2))
    new.text_area[0].set_value("Nobody over 60.").run()
    old.checkbox[1].set_value(True).run()
    assert old.text_area[0].value == "Nobody over 60."
    new.text_area[2].set_value("Mine.").run()
    old.text_area[2].set_value("Theirs.").run()
    kept = read_answers(store.folder(run, by=LOCAL).path)
    assert kept[QUESTIONS[0]].text == "Nobody over 60."
    assert kept[QUESTIONS[1]].settled
    assert kept[QUESTIONS[2]].text == old.text_area[2].value == "Mine.\n\nTheirs."


def test_words_that_could_not_be_kept_stay_in_their_box(store, monkeypatch):
    run = examined(store, grouped({}))
    page = open_page("bias", run=run, part=CHECKLIST)

    def full(*given, **named):
        raise RunError("The disk is full")

    monkeypatch.setattr(evidence, "say", full)
    page.text_area[0].set_value("Nobody over 60.").run()
    assert "The disk is full" in text_of(page)
    assert page.text_area[0].value == "Nobody over 60."


def test_a_damaged_checklist_is_told_in_words(store):
    run = examined(store, grouped({}))
    (store.folder(run, by=LOCAL).path / "checklist.json").write_text("no")
    page = open_page("bias", run=run, about=CHECKLIST)
    assert "can't be read" in text_of(page)


def test_somebody_else_s_answers_can_be_read_and_not_changed(store, monkeypatch):
    run = examined(store, grouped({}))

    monkeypatch.setattr(evidence, "me", lambda: known_by("somebody else's key"))
    page = open_page("bias", run=run, about=CHECKLIST)
    assert all(each.disabled for each in (*page.text_area, *page.checkbox))
    assert "somebody else's" in text_of(page)


def test_the_lab_shows_twins_and_what_it_would_cost(asked_for):
    page = open_page("bias", about=LAB)
    tiles = given_to(page, "gallery")["tiles"]
    assert tiles[0]["caption"].startswith("bolt\ncue of ")
    assert [each.label for each in page.button] == [
        "Train at 95 % (2 runs, about 13 s)",
        "Train the whole curve (8 runs, about 52 s)",
    ]
    assert not asked_for


def test_one_click_asks_for_each_run_once(store, asked_for):
    page = open_page("bias", about=LAB)
    button(page, "Train at 95 % (2 runs, about 13 s)").click().run()
    recipes = {recipe_for(system, "colour", 0.95).id for system in (FROZEN, SCRATCH)}
    assert {run.recipe_id for run in store.list(by=LOCAL)} == recipes
    assert asked_for
    assert page.button[0].disabled
    assert len(given_to(page, "live")["runs"]) == 2
    button(page, "Train the whole curve (6 runs, about 39 s)").click().run()
    assert len(store.list(by=LOCAL)) == 8
    assert page.button[1].disabled


def test_in_a_lab_open_to_anybody_what_is_too_much_is_told_and_the_rest_is_done(
    asked_for, monkeypatch
):
    monkeypatch.setenv("TL_PUBLIC", "1")
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**12))
    page = open_page("bias", about=LAB)
    button(page, "Train the whole curve (8 runs, about 52 s)").click().run()
    assert "as many as one person may have" in text_of(page)
    assert asked_for
    assert len(given_to(page, "live")["runs"]) == 4


@pytest.fixture
def by_the_cue(monkeypatch):
    """Networks that say nothing but whose cue they see: the first half of what is asked about
    carries that of its own class."""
    world = draw_twins(recipe_for(SCRATCH, "colour", 0.95).data.shapes)
    names = class_names(Shapes())
    other = [names.index(name) for name in world.other.groups["cue_value"].tolist()]
    says = np.concatenate([world.own.labels, other])

    def predict(home, network, pixels):
        assert len(pixels) == len(says)
        return SimpleNamespace(probabilities=np.eye(10, dtype=np.float32)[says])

    monkeypatch.setattr(twins, "predict", predict)


def train(store, system, share, *, seed=0):
    recipe = recipe_for(system, "colour", share, seed=seed)
    table = predict([0] * 20, [0] * 20, class_names(Shapes()))
    return examined(store, table, recipe=recipe)


def test_a_network_that_goes_by_the_cue_is_shown_with_its_interval(store, by_the_cue):
    train(store, SCRATCH, 0.95)
    page = open_page("bias", about=LAB)
    assert "From scratch: right of 95 % [" in text_of(page)
    row = page.dataframe[0].value.iloc[0]
    assert row["cue misleads (worst group)"] == "0.0 % [0.0, 0.8]"
    assert row["answers that flip"] == "100.0 % [99.2, 100.0]"
    assert not page.get("plotly_chart")


def test_a_way_with_one_seed_is_about_that_network_and_a_button_trains_two_more(
    store, by_the_cue, monkeypatch
):
    monkeypatch.setattr("tlcore.ui.shared.seeds.ensure_dispatcher", lambda home: None)
    monkeypatch.setattr("tlcore.ui.shared.seeds.forecast_all", lambda recipes, **how: None)
    train(store, SCRATCH, 0.95)
    train(store, FROZEN, 0.95)
    page = open_page("bias", about=LAB)
    assert text_of(page).count("1 network: another seed may move all this further.") == 2
    assert "from scratch against pre-trained, frozen: 0 points" in text_of(page)
    button(page, "Train 2 more seeds of each: 4 runs, nobody knows how long").click().run()
    queued = store.list(by=LOCAL, states=[State.QUEUED])
    assert sorted(store.recipe(run.id, by=LOCAL).seed for run in queued) == [1, 1, 2, 2]


def test_three_seeds_of_a_way_are_about_its_recipe(store, by_the_cue):
    for seed in range(3):
        train(store, SCRATCH, 0.95, seed=seed)
    page = open_page("bias", about=LAB)
    assert "Means of 3 seeds: the intervals are about the recipe." in text_of(page)
    assert page.dataframe[0].value.iloc[0]["seeds"] == 3
    assert not [each for each in page.button if "more seeds" in each.label]


def test_several_shares_make_a_curve(store, by_the_cue):
    for share in (0.5, 0.95):
        train(store, SCRATCH, share)
    page = open_page("bias", about=LAB)
    assert len(page.get("plotly_chart")) == 1


def test_any_run_on_pictures_with_a_cue_can_be_asked_about_twins(store, by_the_cue):
    page = open_page("bias", run=train(store, FROZEN, 0.95))
    button(page, "Ask it about twins").click().run()
    assert {metric.label: metric.value for metric in page.metric}["Answers that flip"] == "100.0 %"
    assert given_to(page, "gallery")["tiles"][0]["tone"] == "wrong"


def test_a_network_that_cannot_be_asked_is_told_where_it_would_be_shown(store, monkeypatch):

    def refuse(*given):
        raise AnswerError("Nobody answers")

    monkeypatch.setattr(twins, "predict", refuse)
    train(store, SCRATCH, 0.95)
    page: AppTest = open_page("bias", about=LAB)
    assert "Nobody answers" in page.error[0].value


def test_folders_inside_the_class_folders_are_groups():
    ids = [f"{label}/{place}/{n}.jpg" for label in ("cat", "dog") for place in ("art", "photo")
           for n in range(3)]  # fmt: skip
    labels = np.repeat([0, 1], 6)
    table = Predictions(np.array(ids), labels, np.eye(2, dtype=np.float32)[labels], ("cat", "dog"))
    assert set(columns_of(table)["folder"].tolist()) == {"art", "photo"}
    flat = np.array([f"{each}.jpg" for each in range(12)])
    assert columns_of(Predictions(flat, labels, table.probabilities, table.classes)) == {}
