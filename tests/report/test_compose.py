"""Whole reports, held against an independent parser of HTML."""

import re
import time
from dataclasses import replace
from xml.etree import ElementTree

import html5lib
import numpy as np
import pytest

from tests.report.makers import (
    HOSTILE,
    make_predictions,
    make_recipe,
    make_story,
    make_thumbnails,
    rename,
)
from tlcore.analysis.auc import rank_classes
from tlcore.analysis.comparison import mcnemar
from tlcore.analysis.ethics import QUESTIONS
from tlcore.errors import RunError
from tlcore.formatting import decimal
from tlcore.recipe.presets import find
from tlcore.report import html_of, write_html, write_markdown
from tlcore.report.document.blocks import shown
from tlcore.report.document.markdown import literal
from tlcore.runs.checklist import Answer, keep_answers

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"


def parse(text):
    """Refuses whatever the standard calls a parse error."""
    return html5lib.HTMLParser(strict=True).parse(text)


def read(page):
    """All text of a page, as it is seen."""
    return " ".join(" ".join(page.itertext()).replace("\u00a0", " ").split())


def other(**changes):
    table = make_predictions(seed=1, skill=3.0)
    return make_story(table, run="another", name="Another run", **changes)


ODD = {
    "one run": [make_story()],
    "two runs": [make_story(), other()],
    "from scratch": [
        make_story(recipe=make_recipe(model={"weights": "none"}, schedule={"preset": "full"})),
        other(),
    ],
    "a foreign backbone": [make_story(outline=None), other(outline=None)],
    "no curves": [make_story(curves=(), epochs=0, kept_epoch=0), other()],
    "no validation": [
        make_story(curves=({"train_loss": 1.0, "train_accuracy": 0.5, "seconds": 1.0},), epochs=1)
    ],
    "a loss of NaN": [make_story(curves=({"train_loss": float("nan")}, {"train_loss": 1.0}, {}))],
    "an unknown machine": [make_story(environment={})],
    "a strange machine": [make_story(environment={"libraries": [], "threads": "many"})],
    "no mistake": [make_story(make_predictions(skill=60.0))],
    "one picture": [make_story(make_predictions(1))],
    "other pictures": [make_story(), other(), make_story(make_predictions(30), run="a third")],
    "groups": [
        make_story(
            replace(
                make_predictions(),
                groups={
                    "cue": np.arange(300).astype(str),
                    "side": np.array(["l", "r", ""] * 100),
                    "room": np.full(300, "here"),
                },
            )
        )
    ],
    "a preset": [make_story(preset=find("c-scratch"), recipe=find("c-scratch").recipe)],
    "hostile names": [
        make_story(rename(make_predictions(), HOSTILE), name=HOSTILE[0], notes=HOSTILE),
        make_story(rename(make_predictions(seed=1), HOSTILE), name=HOSTILE[4], run="another"),
    ],
}


@pytest.mark.parametrize("stories", ODD.values(), ids=ODD)
def test_every_report_is_valid_html(stories):
    page = parse(html_of(stories))
    parts = [each.text for each in page.iter(f"{HTML}h2")]
    assert len(parts) == 12 if len(stories) > 1 else 11
    anchors = [link.get("href") for link in page.iter(f"{HTML}a")]
    assert anchors == [f"#{each.get('id')}" for each in page.iter(f"{HTML}section")]


@pytest.mark.parametrize("stories", ODD.values(), ids=ODD)
def test_every_drawing_is_whole_and_says_what_it_shows(stories):
    text = html_of(stories)
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert drawings
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        assert root[0].tag == f"{SVG}title"
        assert root[0].text
        assert "nan" not in drawing
        assert "inf" not in drawing.replace("info", "")


@pytest.mark.parametrize("stories", ODD.values(), ids=ODD)
def test_a_report_fetches_and_runs_nothing(stories):
    page = parse(html_of(stories))
    tags = {each.tag for each in page.iter() if isinstance(each.tag, str)}
    assert not tags & {f"{HTML}{tag}" for tag in ("script", "link", "iframe", "object", "base")}
    for each in page.iter():
        for name, value in each.attrib.items():
            assert not name.startswith("on")
            if name in ("src", "href"):
                assert value.startswith(("data:image/jpeg;base64,", "#"))
    style = "".join(each.text or "" for each in page.iter(f"{HTML}style"))
    assert "url(" not in style
    assert "@import" not in style
    policies = [each.get("content", "") for each in page.iter(f"{HTML}meta")]
    assert any("default-src 'none'" in policy for policy in policies)


def test_names_appear_as_text_whatever_they_hold():
    page = parse(html_of(ODD["hostile names"]))
    seen = read(page)
    for name in HOSTILE:
        assert " ".join(shown(name).split()) in seen
    assert "\u202e" not in seen
    assert not any("evil" in str(each.attrib) for each in page.iter())


def test_names_appear_as_text_in_markdown_too(tmp_path):
    path = write_markdown(ODD["hostile names"], tmp_path / "report.md")
    text = path.read_text()
    for name in HOSTILE:
        assert literal(name) in text
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"(?<!\\)[<>]", prose.replace("\n> ", "\n"))
    assert "http://" not in prose
    assert "www." not in prose
    for row in re.findall(r"^\|.*\|$", prose, re.MULTILINE):
        assert not re.search(r"(?<!\\)[*_`]", row)


def test_markdown_shows_pictures_that_are_there(tmp_path):
    thumbnails = make_thumbnails(tmp_path / "pictures.zip")
    stories = [make_story(thumbnails=thumbnails), other(thumbnails=thumbnails)]
    path = write_markdown(stories, tmp_path / "out" / "two runs.md")
    links = re.findall(r"\]\(<?([^)>]+)>?\)", path.read_text())
    assert len(links) > 20
    for link in links:
        assert (path.parent / link).is_file(), link
    for drawing in path.parent.rglob("*.svg"):
        ElementTree.parse(drawing)


def test_mistakes_are_shown_with_their_pictures(tmp_path):
    thumbnails = make_thumbnails(tmp_path / "pictures.zip")
    page = parse(html_of([make_story(thumbnails=thumbnails)]))
    assert len(list(page.iter(f"{HTML}img"))) >= 20
    assert all(each.get("alt") for each in page.iter(f"{HTML}img"))


def test_without_pictures_mistakes_are_told_and_why_they_are_not_shown():
    page = parse(html_of([make_story()]))
    assert not list(page.iter(f"{HTML}img"))
    assert "No small pictures were kept" in read(page)
    assert "The 20 worst of" in read(page)


def test_damaged_pictures_do_not_spoil_the_report(tmp_path):
    broken = tmp_path / "pictures.zip"
    broken.write_bytes(b"PK")
    page = parse(html_of([make_story(thumbnails=broken)]))
    assert not list(page.iter(f"{HTML}img"))


def test_what_is_said_of_two_runs_is_what_was_measured():
    first, second = make_story(), other()
    said = read(parse(html_of([first, second])))
    test = mcnemar(first.predictions, second.predictions)
    assert test is not None
    assert f"It got {test.fixed} pictures right that the other got wrong" in said
    assert f"{test.fixed} pictures that run 2 fixed" in said
    for story in (first, second):
        assert f"{100 * story.test.accuracy.value:.0f} % [" in said
        assert story.recipe.id in said


def test_what_was_reported_stands_beside_what_was_measured():
    preset = find("c-scratch")
    said = read(parse(html_of([make_story(preset=preset, recipe=preset.recipe)])))
    assert "measured reported" in said
    assert "77.0 %" in said
    assert "1,250,858" in said
    assert preset.differs[0] in said
    assert "The recipe was changed" not in said


def test_a_preset_that_was_changed_is_told_so():
    said = read(parse(html_of([make_story(preset=find("c-scratch"))])))
    assert "The recipe was changed before it was run" in said


def test_thaws_are_marked_and_read():
    said = read(parse(html_of([make_story()])))
    assert "thawed: all" in said
    assert "Thawed: all at epoch 3." in said
    assert "Epochs 1 to 2: the head alone; epoch 3: all, at 0.1 times the rate." in said


def test_another_run_from_scratch_tells_what_the_weights_brought_along():
    said = read(parse(html_of(ODD["from scratch"])))
    assert "with pre-trained weights (worst:" in said


def test_groups_are_compared_and_a_name_for_each_picture_is_no_group():
    said = read(parse(html_of(ODD["groups"])))
    assert "By side: accuracy" in said
    assert "Of 100 pictures the group isn't known" in said
    assert "By cue" not in said
    assert "By room" not in said


def test_the_recipe_in_the_report_runs_again():
    story = make_story()
    page = parse(html_of([story]))
    [code] = ["".join(each.itertext()) for each in page.iter(f"{HTML}code")]
    from tlcore.recipe.text import from_text

    assert from_text(code, where="report").id == story.recipe.id


@pytest.mark.parametrize("count", [0, 7])
def test_no_run_and_too_many_are_refused(count):
    with pytest.raises(RunError, match="1 to 6 runs"):
        html_of([make_story(run=str(i)) for i in range(count)])


def test_a_run_is_not_compared_with_itself():
    with pytest.raises(RunError, match="named twice"):
        html_of([make_story(), make_story()])


def test_two_runs_of_ten_thousand_pictures_stay_under_5_megabytes(tmp_path):
    thumbnails = make_thumbnails(tmp_path / "pictures.zip", 2000, side=64)
    stories = [
        make_story(
            make_predictions(10_000, seed=seed),
            run=str(seed),
            thumbnails=thumbnails,
            validation=make_predictions(5000, seed=seed + 2),
        )
        for seed in range(2)
    ]
    began = time.perf_counter()
    path = write_html(stories, tmp_path / "report.html")
    assert time.perf_counter() - began < 10
    assert path.stat().st_size < 5_000_000


def test_a_hundred_classes_fit(tmp_path):
    table = make_predictions(2000)
    chance = np.random.default_rng(0)
    probabilities = chance.dirichlet(np.ones(100), 2000).astype(np.float32)
    names = tuple(f"class {i}" for i in range(100))
    labels = np.arange(2000) % 100
    wide = replace(table, labels=labels, probabilities=probabilities, classes=names)
    text = html_of([make_story(wide)])
    parse(text)
    assert len(text) < 1_000_000


def test_a_temperature_says_on_which_pictures_it_was_fitted():
    validation = make_predictions(120, seed=2)
    kept = read(parse(html_of([make_story(validation=validation)])))
    assert "Fitted on 120 validation pictures." in kept
    assert "Thresholds that the validation pictures can promise" in kept
    older = read(parse(html_of([make_story()])))
    assert "validation share was not kept when this run was tested" in older
    assert "each half of the test pictures set it for the other half" in older
    assert "Thresholds that the validation pictures can promise" not in older
    without = make_story(pictures={"train": 100, "validation": 0, "test": 300})
    assert "No validation share was set aside." in read(parse(html_of([without])))


def test_areas_under_curves_stand_beside_the_other_scores():
    story = make_story()
    said = read(parse(html_of([story])))
    ranked = rank_classes(story.predictions)
    assert ranked.auc is not None
    assert f"macro AUC {decimal(ranked.auc)} and average precision" in said
    assert all(each.auc and decimal(each.auc) in said for each in ranked.classes)
    few = make_story(make_predictions(60))
    assert "(only 10 pictures of a class)" in read(parse(html_of([few])))


def test_what_the_class_answered_goes_into_the_report_as_text(tmp_path):
    answers = {
        QUESTIONS[0]: Answer("Nobody over 60.\n<b>And</b> no cats.", settled=True),
        QUESTIONS[1]: Answer("", settled=False),
        HOSTILE[1]: Answer(HOSTILE[0]),
    }
    keep_answers(tmp_path, answers)
    page = parse(html_of([make_story(folder=tmp_path)]))
    said = read(page)
    assert "What the class answered, in its own words:" in said
    assert f"{QUESTIONS[0]} (settled) Nobody over 60. <b>And</b> no cats." in said
    assert HOSTILE[0] in said
    assert HOSTILE[1] in said
    rooms = [each for each in page.iter(f"{HTML}span") if each.get("class") == "answer"]
    assert len(rooms) == len(QUESTIONS) - 1


def test_answers_of_two_runs_say_which_and_markdown_has_them_too(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        keep_answers(tmp_path / name, {QUESTIONS[2]: Answer(f"The {name}.", settled=True)})
    stories = [make_story(folder=tmp_path / "first"), other(folder=tmp_path / "second")]
    said = read(parse(html_of(stories)))
    assert "Run 1: The first. Run 2: The second." in said
    text = write_markdown(stories, tmp_path / "report.md").read_text()
    assert f"- [x] {literal(QUESTIONS[2])}\n    - Run 1: The first.\n    - Run 2:" in text


def test_a_checklist_that_nobody_filled_in_has_room_for_it(tmp_path):
    keep_answers(tmp_path, dict.fromkeys(QUESTIONS, Answer()))
    said = read(parse(html_of([make_story(folder=tmp_path)])))
    assert "For the class to answer, in its own words:" in said


def test_damaged_answers_do_not_spoil_the_report(tmp_path):
    (tmp_path / "checklist.json").write_text("{")
    said = read(parse(html_of([make_story(folder=tmp_path)])))
    assert "The answers of this run's checklist can't be read" in said
