"""Labels put right on the Results page: noted, taken back, and trained with."""

from typing import Any
from urllib.parse import parse_qs

import pytest
import streamlit as st

from tests.runs.examined import examined, predict
from tests.ui.looking import button, given_to, open_page
from tlcore.access import LOCAL, known_by
from tlcore.data.neighbours import Neighbour
from tlcore.recipe import Data, Recipe, Shapes
from tlcore.recipe.corrections import Correction
from tlcore.recipe.text import from_fields
from tlcore.runs.corrections import note, noted
from tlcore.runs.result import story_of
from tlcore.runs.store import RunStore
from tlcore.ui.results import corrections, detail
from tlcore.ui.results.corrections import AT_ONCE
from tlcore.ui.results.detail import _doubted
from tlcore.ui.results.pictures import tile
from tlcore.ui.shared.draft import unpacked
from tlcore.ui.shared.outcomes import Outcome

NASTY = ("<b>cat</b>", "**dog** :red[x] [a](http://b)", "🦊 $x$ `y`", "long " * 60)
CLASSES = ("cat", "dog", "fox")
TRUE, CALLED = [0, 0, 1, 2], [0, 1, 2, 2]
RECIPE = Recipe(name="Pets", epochs=4, data=Data(shapes=Shapes(per_class=10, test_per_class=4)))


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def run(store):
    return examined(store, predict(CALLED, TRUE, CLASSES), recipe=RECIPE)


def put_right(store, run, *given, by=LOCAL):
    for each in given:
        note(store.folder(run, by=LOCAL).path, each, by=by)


def left(store, run):
    return noted(store.folder(run, by=LOCAL).path, by=LOCAL)


def text_of(page):
    return "\n".join(each.value for kind in ("markdown", "caption") for each in page.get(kind))


WRONG = Correction(picture="test/1.png", label="dog")
GONE = Correction(picture="test/2.png", leave_out=True)


def test_without_corrections_nothing_is_said_of_them(run):
    page = open_page("results", run=run, part="Mistakes")
    assert "correction" not in text_of(page)
    assert not [each for each in page.get("page_link") if "Train again" in each.proto.label]


@pytest.mark.parametrize("part", ["Mistakes", "Labels"])
def test_what_was_noted_is_listed_after_a_reload_and_marked_on_its_picture(store, run, part):
    put_right(store, run, WRONG, GONE)
    page = open_page("results", run=run, part=part)
    assert "**2 corrections**: 1 picture given another label, 1 left out" in text_of(page)
    assert r"test\/1\.png: cat → **dog**" in text_of(page)
    assert r"test\/2\.png: dog left out" in text_of(page)
    if part == "Mistakes":
        captions = [each["caption"] for each in given_to(page, "gallery")["tiles"]]
        assert [each.partition("\n")[2] for each in captions] == ["✎ left out", "✎ dog"]


def test_one_is_undone_and_then_all(store, run):
    put_right(store, run, WRONG, GONE)
    page = open_page("results", run=run, part="Mistakes")
    page.button(key="undo in mistakes test/1.png").click().run()
    assert left(store, run) == (GONE,)
    assert r"test\/1" not in text_of(page)
    button(page, "Undo all").click().run()
    assert left(store, run) == ()
    assert "correction" not in text_of(page)


def way_on(page):
    """Where the link to Train leads, and with which recipe."""
    (found,) = [each.proto for each in page.get("page_link") if "Train again" in each.proto.label]
    return found, parse_qs(found.query_string)["recipe"][0]


def test_training_again_leads_to_train_with_the_corrected_recipe_and_leaves_the_run(store, run):
    put_right(store, run, WRONG, GONE)
    before = store.recipe(run, by=LOCAL)
    link, address = way_on(open_page("results", run=run, part="Mistakes"))
    assert (link.page, link.label) == ("train", "**Train again with 2 corrections**")
    found = from_fields(dict(unpacked(address)))
    assert found.data.corrections == (WRONG, GONE)
    assert found.name == "Pets, corrected"
    assert found.model_copy(update={"name": before.name, "data": before.data}) == before
    assert store.recipe(run, by=LOCAL) == before
    assert left(store, run) == (WRONG, GONE)


def test_train_tells_the_corrections_and_drops_them_if_asked(store, run):
    put_right(store, run, WRONG)
    _, address = way_on(open_page("results", run=run, part="Mistakes"))
    page = open_page("train", recipe=address)
    fold = next(each for each in page.expander if "Labels and split" in each.label)
    assert "1 picture given another label" in fold.label
    page.session_state["open folds"] = {"fold Labels and split"}
    page.run()
    assert "test\\/1\\.png → dog" in text_of(page)
    button(page, "Drop the corrections").click().run()
    assert "given another label" not in text_of(page)
    now = from_fields(dict(unpacked("".join(page.query_params["recipe"]))))
    assert now.id == store.recipe(run, by=LOCAL).id


def test_more_corrections_than_an_address_holds_go_by_the_draft(store, run, monkeypatch):
    monkeypatch.setattr(corrections, "LONGEST_LINK", 10)
    put_right(store, run, WRONG)
    page = open_page("results", run=run, part="Mistakes")
    button(page, "Train again with 1 correction").click().run()
    assert page.session_state["draft"]["data"]["corrections"] == [
        {"picture": "test/1.png", "label": "dog"}
    ]
    assert any(each.proto.page == "train" for each in page.get("page_link"))


def test_many_are_listed_a_page_at_a_time(store):
    n = 2 * AT_ONCE + 1
    run = examined(store, predict([1] * n, [0] * n, CLASSES), recipe=RECIPE)
    put_right(store, run, *(Correction(picture=f"test/{row}.png", label="dog") for row in range(n)))
    page = open_page("results", run=run, part="Mistakes")
    undos = [each for each in page.button if each.label == "Undo"]
    assert len(undos) == AT_ONCE
    assert undos[0].key == f"undo in mistakes test/{n - 1}.png"


def test_damaged_notes_are_told_and_the_mistakes_are_shown_all_the_same(store, run):
    put_right(store, run, WRONG)
    folder = store.folder(run, by=LOCAL).path
    next(folder.glob("corrections-*")).write_text("no JSON")
    page = open_page("results", run=run, part="Mistakes")
    assert "corrections of this run can" in page.error[0].value
    assert len(given_to(page, "gallery")["tiles"]) == 2


def test_a_visitor_sees_only_what_they_noted_themselves(store, run):
    put_right(store, run, WRONG, by=known_by("another browser's key"))
    assert "correction" not in text_of(open_page("results", run=run, part="Mistakes"))


def test_hostile_names_stay_text(store):
    run = examined(store, predict([1, 2, 3, 0], [0, 1, 2, 3], NASTY), name="<i>run</i>")
    put_right(store, run, Correction(picture="test/0.png", label=NASTY[1]),
              Correction(picture="test/1.png", label=NASTY[3][:300]),
              Correction(picture="<b>x</b>.png", label=NASTY[0]))  # fmt: skip
    page = open_page("results", run=run, part="Mistakes")
    shown = text_of(page)
    assert "<b>" not in shown
    assert "**dog**" not in shown
    assert ":red[" not in shown
    assert not page.exception


def test_a_run_of_corrected_data_says_so_and_how_many_test_pictures_that_touches(store):
    data = RECIPE.data.model_copy(update={"corrections": (WRONG, GONE)})
    run = examined(store, predict(CALLED, TRUE, CLASSES), recipe=RECIPE.model_copy(
        update={"data": data}))  # fmt: skip
    said = text_of(open_page("results", run=run))
    assert "corrected by hand: 1 picture given another label, 1 left out" in said
    assert "Test pictures with a label given by hand: 1." in said


# In the window of a picture


class Shown:
    """Streamlit's part, as a person who chooses and clicks."""

    def __init__(self, monkeypatch, clicks: str, chooses: int | None = None) -> None:
        self.offered: dict[str, Any] = {}
        self.reruns = 0
        for name in ("markdown", "caption"):
            monkeypatch.setattr(st, name, lambda text, **more: None)
        monkeypatch.setattr(st, "button", lambda label, **more: label == clicks)
        monkeypatch.setattr(st, "rerun", self._rerun)
        self._chooses = chooses
        monkeypatch.setattr(st, "selectbox", self._select)

    def _select(self, label, options, index=0, **more):
        self.offered[label] = (list(options), index)
        chosen = self._chooses if self._chooses is not None else index
        return None if chosen is None else list(options)[chosen]

    def _rerun(self) -> None:
        self.reruns += 1


@pytest.fixture
def outcome(store, run):
    return Outcome(story_of(store, run, by=LOCAL))


def test_a_mistake_is_given_the_class_that_it_was_called_unless_another_is_chosen(
    store, run, outcome, monkeypatch
):
    shown = Shown(monkeypatch, "Give it this label")
    corrections._offer(outcome, _doubted(outcome, 1, ())[0])
    assert shown.offered["Give it another label"] == ([1, 2], 0)
    assert left(store, run) == (WRONG,)
    assert shown.reruns == 1
    Shown(monkeypatch, "Give it this label", chooses=1)
    corrections._offer(outcome, _doubted(outcome, 1, ())[0])
    assert left(store, run) == (Correction(picture="test/1.png", label="fox"),)


def test_a_picture_is_left_out_and_that_is_undone(store, run, outcome, monkeypatch):
    Shown(monkeypatch, "Leave it out")
    corrections._offer(outcome, _doubted(outcome, 2, ())[0])
    assert left(store, run) == (GONE,)
    Shown(monkeypatch, "Undo")
    corrections._offer(outcome, _doubted(outcome, 2, ())[0])
    assert left(store, run) == ()


def test_a_picture_that_was_called_rightly_is_given_no_class_unasked(outcome, monkeypatch):
    shown = Shown(monkeypatch, "")
    corrections._offer(outcome, _doubted(outcome, 0, ())[0])
    assert shown.offered["Give it another label"] == ([1, 2], None)


def test_the_training_pictures_beside_it_can_be_put_right_too(outcome):
    near = [Neighbour("train/7.png", 2, 0.99)]
    own, other = _doubted(outcome, 1, near)
    assert (own.picture, own.label, own.likely) == ("test/1.png", 0, 1)
    assert (other.picture, other.label, other.likely) == ("train/7.png", 2, None)
    assert other.title == "Training picture 1: fox"


def test_a_tile_without_a_correction_is_as_it_was(outcome):
    assert "\n" not in tile(outcome, 1).caption
    assert tile(outcome, 1, GONE).alt == "cat, taken for dog; ✎ left out"


# Nearest training pictures


@pytest.mark.parametrize(
    ("label", "likeness", "words"),
    [
        (1, 0.5, "carries the label **dog**, but is another (likeness 0.50)"),
        (0, 0.98, "under the same label, **cat** (likeness 0.98)"),
        (1, 0.98, "under **another label**: **dog** (likeness 0.98)"),
    ],
)
def test_the_nearest_training_picture_is_told_in_words(label, likeness, words):
    found = [Neighbour("train/1.png", label, likeness)]
    assert words in detail.in_words(found, CLASSES, 0)


def test_the_name_of_a_neighbours_class_stays_text():
    said = detail.in_words([Neighbour("train/1.png", 0, 0.99)], NASTY, 1)
    assert "<b>" not in said
