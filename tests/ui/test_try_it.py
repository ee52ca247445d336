"""The page asks networks, says what they said, and survives whatever is missing. The process that
has torch is rehearsed."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from tests.ui.looking import button, finish, given_to, open_page
from tlcore.access import LOCAL
from tlcore.analysis import heatmaps
from tlcore.data import load
from tlcore.errors import AnswerError
from tlcore.inference import client, process
from tlcore.inference.picture import from_pixels
from tlcore.recipe import Data, Input, Recipe, Shapes
from tlcore.runs.store import RunStore
from tlcore.ui.try_it import asked
from tlcore.ui.try_it.samples import Chosen

CLASSES = ("cat", "dog", "<b>bold</b>")
WAYS = ("grad-cam", "gradients", "occlusion", "lime")


@pytest.fixture(autouse=True)
def rehearsed(monkeypatch):
    """Networks that say how bright a picture is; what they were asked is kept."""
    questions = []

    def predict(home, network, pixels, *, meanwhile):
        questions.append(("predict", network, pixels))
        cat = float(pixels.mean()) / 255
        shares = np.array([[cat, 0.9 * (1 - cat), 0.1 * (1 - cat)]], np.float32)
        return client.Answer(CLASSES, shares, WAYS, 3.0)

    def explain(home, network, pixels, way, target, *, shuffled, meanwhile):
        questions.append((way, target, shuffled))
        facts = {"lime": {"fidelity": 0.4, "parts": 49.0}, "grad-cam": {"down": 4.0, "across": 4.0}}
        ramp = np.linspace(-1, 1, 32 * 32, dtype=np.float32).reshape(32, 32)
        return client.Why(ramp[::-1] if shuffled else ramp, facts.get(way, {}))

    def look_inside(home, network, pixels, *, meanwhile):
        grain = np.random.default_rng(0).integers(0, 255, (8, 16, 16), dtype=np.uint8)
        return (client.Block("stem", 32, grain, False), client.Block("block1", 64, grain, True))

    for function in (predict, explain, look_inside):
        monkeypatch.setattr(client, function.__name__, function)
    monkeypatch.setattr(process, "wake", lambda home: None)
    monkeypatch.setattr(process, "is_awake", lambda home: True)
    for kept in (asked.ANSWERS, asked.WHYS, asked.INSIDES):
        kept.clear()
    return questions


def _texts(page):
    return [each.value for kind in (page.markdown, page.caption, page.info) for each in kind]


def says(page, text):
    found = _texts(page)
    assert any(text in each for each in found), found


def shown(rehearsed):
    """The picture that a network was last asked about."""
    return [pixels for what, _, pixels in rehearsed if what == "predict"][-1]


def choose_source(page, name):
    [source] = [each for each in page.button_group if each.key == "try source"]
    source.set_value(name).run()
    assert not page.exception


def png(colour="white", size=(64, 48)):
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def upload(page, name, content):
    page.file_uploader[0].set_value((name, content, "image/png")).run()
    assert not page.exception


# Where there is nobody to ask


def test_without_runs_it_offers_the_demo():
    page = open_page("try_it")
    says(page, "The demo trains two")
    links: list[Any] = [*page.get("page_link")]
    assert [link.label for link in links] == [
        "Train the demo",
        "Train a network of your own",
    ]


def test_while_the_first_run_is_under_way_it_says_so():
    RunStore().submit(Recipe(), by=LOCAL)
    says(open_page("try_it"), "No run has finished yet")


def test_a_run_that_was_stopped_before_it_left_a_network_is_not_offered():
    store = RunStore()
    store.ask(store.submit(Recipe(), by=LOCAL).id, "cancel", by=LOCAL)
    says(open_page("try_it"), "The demo trains two")


def test_a_run_that_was_deleted_is_missed_and_another_one_asked(monkeypatch):
    finish(monkeypatch)
    page = open_page("try_it", run="20200101-000000-0000")
    says(page, "isn't here: it was deleted")
    says(page, "By its own account")


# What is said of a picture


def test_it_works_on_load_with_a_test_picture_of_the_latest_run(monkeypatch, rehearsed):
    run = finish(monkeypatch)
    page = open_page("try_it")
    says(page, "Test picture 0: **cat**")
    pixels = load(Recipe().data, Recipe().input).test.pixels
    _, network, asked_about = rehearsed[0]
    np.testing.assert_array_equal(asked_about, pixels[:1])
    assert network == RunStore().artifact(run, "best", by=LOCAL)
    bars = given_to(page, "try_it_bars")["bars"]
    assert sorted(bar["name"] for bar in bars) == sorted(CLASSES)
    assert len({bar["colour"] for bar in bars}) == 3


def test_a_link_from_the_results_opens_that_very_picture(monkeypatch, rehearsed):
    run = finish(monkeypatch)
    says(open_page("try_it", run=run, picture="7"), "Test picture 7: **dog**")
    pixels = load(Recipe().data, Recipe().input).test.pixels
    np.testing.assert_array_equal(rehearsed[0][2], pixels[7:8])


@pytest.mark.parametrize("row", ["50", "-1", "x", "9" * 30])
def test_a_link_to_no_picture_says_so_and_shows_another(monkeypatch, row):
    page = open_page("try_it", run=finish(monkeypatch), picture=row)
    says(page, "has no such test picture")
    says(page, "Test picture 0")


def test_another_handful_is_another_one(monkeypatch):
    finish(monkeypatch)
    page = open_page("try_it")
    before = given_to(page, "gallery")["tiles"]
    assert len(before) == 12
    assert all(tile["alt"].startswith("Test picture") for tile in before)
    button(page, "Another handful").click().run()
    assert given_to(page, "gallery")["tiles"] != before


def test_two_runs_answer_side_by_side(monkeypatch, rehearsed):
    one, other = finish(monkeypatch, name="One"), finish(monkeypatch, name="Other")
    page = open_page("try_it", run=f"{one},{other}")
    says(page, "##### One")
    says(page, "##### Other")
    assert len({network for what, network, _ in rehearsed if what == "predict"}) == 2


def test_where_one_can_not_answer_the_other_still_does(monkeypatch):
    one, other = finish(monkeypatch, name="One"), finish(monkeypatch, name="Other")
    broken = RunStore().artifact(one, "best", by=LOCAL)
    answer = client.predict

    def predict(home, network, pixels, *, meanwhile):
        if network == broken:
            raise AnswerError("There is not enough memory", remedy="Wait.")
        return answer(home, network, pixels, meanwhile=meanwhile)

    monkeypatch.setattr(client, "predict", predict)
    page = open_page("try_it", run=f"{one},{other}")
    assert "not enough memory" in page.error[0].value
    says(page, "By its own account")


def test_an_answer_is_asked_for_once(monkeypatch, rehearsed):
    finish(monkeypatch)
    page = open_page("try_it")
    page.run()
    assert [what for what, *_ in rehearsed].count("predict") == 1


def test_while_an_answer_is_waited_for_the_page_says_what_for(monkeypatch):
    finish(monkeypatch)
    shown = []
    monkeypatch.setattr(asked, "_SOON", -1.0)
    monkeypatch.setattr(process, "is_awake", lambda home: False)
    monkeypatch.setattr(
        DeltaGenerator, "progress", lambda self, share, text: shown.append((share, text))
    )
    answer = client.predict

    def predict(home, network, pixels, *, meanwhile):
        meanwhile()
        return answer(home, network, pixels, meanwhile=meanwhile)

    monkeypatch.setattr(client, "predict", predict)
    open_page("try_it")
    [(share, text)] = shown
    assert 0 <= share < 1
    assert "torch is loaded" in text


def test_names_are_shown_as_they_were_typed(monkeypatch):
    finish(monkeypatch, name="**:red[x]** <script>")
    page = open_page("try_it")
    says(page, r"\<script\>")
    names = [bar["name"] for bar in given_to(page, "try_it_bars")["bars"]]
    assert "<b>bold</b>" in names


# Pictures from elsewhere


def test_a_file_is_brought_to_the_runs_size_and_asked_about(monkeypatch, rehearsed):
    finish(monkeypatch)
    page = open_page("try_it")
    choose_source(page, "File")
    says(page, "Choose a picture, and the answer appears here")
    upload(page, "white.png", png())
    assert shown(rehearsed).shape == (1, 32, 32, 3)
    says(page, "By its own account **cat**, 100 %; second: dog, 0 %.")
    says(page, "Your file. The network sees these 32 × 32 pixels")
    says(page, "means little")
    assert not any("Right" in text for text in _texts(page))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<script>alert(1)</script>", "not a JPEG, PNG"),
        (b"", "empty"),
        (png()[:60], "damaged"),
        (png(size=(9000, 9000)), "too large"),
    ],
)
def test_a_hostile_file_is_refused_in_words(monkeypatch, content, said):
    finish(monkeypatch)
    page = open_page("try_it")
    choose_source(page, "File")
    upload(page, "picture.png", content)
    assert said in page.error[0].value.replace("\\", "")
    assert "Choose another picture" in page.error[0].value.replace("\\", "")


def test_a_drawing_is_new_each_time_and_its_class_is_known(monkeypatch, rehearsed):
    finish(monkeypatch)
    page = open_page("try_it")
    choose_source(page, "Drawn for you")
    says(page, "Drawn just now")
    first = shown(rehearsed)
    button(page, "Draw another").click().run()
    assert not np.array_equal(first, shown(rehearsed))


def test_a_data_set_that_is_gone_leaves_the_small_copies_and_a_note(monkeypatch, rehearsed):
    run = finish(monkeypatch)
    wanted = Recipe(data=Data(name="folder", path="gone"), name="x")
    monkeypatch.setattr(RunStore, "recipe", lambda *given, **named: wanted)
    page = open_page("try_it", run=run)
    says(page, "the small copy that the run kept")
    assert rehearsed[0][2].shape == (1, 32, 32, 3)


# Why


def test_why_is_shown_at_once_and_by_any_method_that_fits(monkeypatch, rehearsed):
    finish(monkeypatch)
    page = open_page("try_it")
    says(page, "Why **cat** (79 %)?")
    says(page, "Why not **dog**")
    says(page, "Covering the strongest place costs it 100 points")
    [methods] = [each for each in page.button_group if each.key == "try method"]
    assert methods.options == [
        "Occlusion", "Grad-CAM", "Integrated gradients", "LIME",
    ]  # fmt: skip
    methods.set_value("Grad-CAM").run()
    says(page, "Seen in 4 × 4 large squares")
    methods.set_value("LIME").run()
    says(page, "matches the network only in part (40 %)")
    says(page, "don’t trust the details")
    assert rehearsed[-2:] == [("lime", 0, False), ("lime", 1, False)]


def test_why_not_asks_about_another_class(monkeypatch, rehearsed):
    finish(monkeypatch)
    page = open_page("try_it")
    page.selectbox(key="try other").set_value(CLASSES[2]).run()
    says(page, r"Why not **\<b\>bold\<\/b\>**")
    assert rehearsed[-1] == ("occlusion", 2, False)


def test_a_slow_method_is_asked_about_one_class_unless_another_is_chosen(monkeypatch, rehearsed):
    finish(monkeypatch)
    quick = client.predict

    def slow(*given, **named):
        return replace(quick(*given, **named), milliseconds=900.0)

    monkeypatch.setattr(client, "predict", slow)
    page = open_page("try_it")
    [methods] = [each for each in page.button_group if each.key == "try method"]
    methods.set_value("Occlusion").run()
    assert [each for each in rehearsed if each[0] == "occlusion"] == [("occlusion", 0, False)]
    page.selectbox(key="try other").set_value("dog").run()
    assert rehearsed[-1] == ("occlusion", 1, False)


def test_a_map_can_be_held_against_that_of_shuffled_weights(monkeypatch, rehearsed):
    finish(monkeypatch)
    page = open_page("try_it")
    page.toggle(key="try check").set_value(True).run()
    assert rehearsed[-1] == ("occlusion", 0, True)
    says(page, "another map, so the first is about what was learned")


def test_each_block_is_shown_with_whether_it_was_frozen(monkeypatch):
    finish(monkeypatch)
    page = open_page("try_it")
    says(page, "**stem** · 32 features · 16 × 16")
    page.toggle(key="try inside").set_value(False).run()
    assert not any("**stem**" in text for text in _texts(page))


# Colours and sizes


def test_a_map_paints_what_speaks_for_it_green_and_against_it_violet():
    grey = np.full((8, 8, 3), 128, np.uint8)
    found = np.zeros((8, 8), np.float32)
    found[0, 0], found[7, 7] = 1, -1
    painted = heatmaps.laid_over(grey, found, 1.0).astype(int)
    for_it, nothing, against = painted[0, 0], painted[192, 192], painted[-1, -1]
    assert for_it[1] > for_it[0] + 50
    assert against[2] > against[1] + 50
    assert nothing[0] == nothing[1] == nothing[2]


def test_a_map_of_nothing_paints_nothing():
    grey = np.full((8, 8, 3), 128, np.uint8)
    painted = heatmaps.laid_over(grey, np.zeros((8, 8), np.float32), 0.0)
    assert (painted == painted[0, 0, 0]).all()


def test_a_runs_own_pictures_reach_its_network_bit_for_bit():
    small = Shapes(per_class=2, test_per_class=2, size=16)
    for input in (Input(size=40), Input(size=40, resize="once")):
        recipe = Recipe(data=Data(shapes=small), input=input)
        pixels = load(recipe.data, recipe.input).test.pixels[3]
        np.testing.assert_array_equal(Chosen(pixels, "").for_run(recipe), pixels[None])


def test_another_data_sets_picture_takes_the_way_of_a_file():
    small = Shapes(per_class=2, test_per_class=2, size=16)
    recipe = Recipe(data=Data(shapes=small), input=Input(size=40, resize="once"))
    found = from_pixels(np.zeros((99, 99, 3), np.uint8), recipe)
    assert found.shape == (1, 40, 40, 3)
