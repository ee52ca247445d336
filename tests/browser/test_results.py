"""Results in a real browser: a cell of the matrix opens its pictures, by mouse and by keyboard."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from bench.support.literally import BEACON, NAMES
from tests.browser.conftest import READY, Lab, visit
from tests.runs.examined import examined, predict
from tlcore.access import LOCAL
from tlcore.analysis.predictions import Predictions
from tlcore.runs.results import read_predictions
from tlcore.runs.store import RunStore
from tlcore.ui.results.pictures import PAGE

pytestmark = pytest.mark.timeout(300)  # others may use the machine as well
CLASSES = ("cat", "dog", "fox")
SQUARE = "[data-testid=stVegaLiteChart] path[aria-roledescription='rect mark']"
PARTS = (
    "Confusion",
    "Mistakes",
    "Classes",
    "Calibration",
    "Labels",
    "Map",
    "Robustness",
    "Training",
)
BEHIND_MORE = PARTS[3:]


@pytest.fixture
def store(lab: Lab):
    store = RunStore(lab.home)
    yield store
    store.close()


def made_up(count: int, classes: tuple[str, ...] = CLASSES) -> Predictions:
    dice = np.random.default_rng(3)
    labels = dice.integers(0, len(classes), count)
    wrong = dice.integers(0, len(classes), count)
    called = np.where(dice.random(count) < 0.4, labels, wrong)
    return predict(called.tolist(), labels.tolist(), classes)


def rows_shown(page: Page) -> list[int]:
    """The rows whose pictures are in the gallery, as soon as all of them have been loaded."""
    page.wait_for_function(
        """() => {
          const all = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
          const shown = all.flatMap((root) => [...root.querySelectorAll(".tile img")]);
          shown.forEach((picture) => { picture.loading = "eager"; });
          return shown.length && shown.every((picture) => picture.complete && picture.naturalWidth);
        }"""
    )
    pictures = page.locator(".tile img").all()
    return [int((each.get_attribute("src") or "").rpartition("/")[2]) for each in pictures]


def settled(page: Page) -> None:
    page.wait_for_selector(READY)
    page.wait_for_timeout(200)


def until_focused(page: Page, kind: str) -> None:
    """Press Tab until an element of this kind has the focus."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == kind:
            return
    raise AssertionError(f"no {kind} is reached by Tab")


def in_cell(table: Predictions, true: int, called: int) -> set[int]:
    return set(np.flatnonzero((table.labels == true) & (table.predicted == called)).tolist())


def test_a_cell_that_is_clicked_or_chosen_by_keyboard_shows_exactly_its_pictures(
    lab: Lab, store, page
):
    run = examined(store, made_up(90))
    table = read_predictions(store, run, by=LOCAL)
    visit(page, f"{lab.url}/results?run={run}")

    page.locator(SQUARE).nth(5).wait_for()
    settled(page)
    page.locator(SQUARE).nth(5).scroll_into_view_if_needed()
    box = page.locator(SQUARE).nth(5).bounding_box()  # the second row's third
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("heading", name="dog taken for fox")).to_be_visible()
    assert page.url.endswith("cell=1-2")
    settled(page)
    assert set(rows_shown(page)) == in_cell(table, 1, 2)

    page.get_by_role("switch", name="As a table").focus()
    page.keyboard.press("Space")
    page.get_by_role("tabpanel").get_by_test_id("stDataFrame").wait_for()
    settled(page)
    until_focused(page, "CANVAS")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):  # the names come first
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="fox taken for dog")).to_be_visible()
    settled(page)
    assert set(rows_shown(page)) == in_cell(table, 2, 1)

    address = page.url
    visit(page, address)  # a link opens the same pictures
    expect(page.get_by_role("heading", name="fox taken for dog")).to_be_visible()
    assert set(rows_shown(page)) == in_cell(table, 2, 1)


def test_mistakes_are_paged_and_a_picture_opens_with_all_its_probabilities(lab: Lab, store, page):
    run = examined(store, made_up(200))
    table = read_predictions(store, run, by=LOCAL)
    visit(page, f"{lab.url}/results?run={run}&part=Mistakes")
    first = rows_shown(page)
    assert len(first) == PAGE
    page.get_by_test_id("stPagination").get_by_text("2", exact=True).click()
    expect(page.get_by_text(f"{PAGE + 1} to")).to_be_visible()
    settled(page)
    both = first + rows_shown(page)
    wrong = np.flatnonzero(~table.correct)
    worst_first = wrong[np.argsort(-table.loss[wrong], kind="stable")].tolist()
    assert both == worst_first[: len(both)]

    tile = page.locator(".tile").nth(3)
    tile.focus()
    page.keyboard.press("Enter")
    window = page.get_by_role("dialog")
    row = both[PAGE + 3]
    expect(window.get_by_text(str(table.ids[row]))).to_be_visible()
    expect(window.get_by_text("taken for")).to_contain_text(CLASSES[table.labels[row]])
    expect(window.get_by_test_id("stDataFrame")).to_be_visible()
    link = window.get_by_role("link", name=re.compile("Try it"))
    assert f"run={run}" in (link.get_attribute("href") or "")
    assert f"picture={row}" in (link.get_attribute("href") or "")
    page.keyboard.press("Escape")
    expect(window).to_be_hidden()


def test_a_label_is_put_right_survives_a_reload_and_is_trained_with(lab: Lab, store, page):
    run = examined(store, made_up(40))
    table = read_predictions(store, run, by=LOCAL)
    visit(page, f"{lab.url}/results?run={run}&part=Mistakes")
    row = rows_shown(page)[0]
    page.locator(".tile").first.click()
    window = page.get_by_role("dialog")
    window.get_by_text("Is the label wrong?").click()
    window.get_by_role("button", name="Give it this label").click()
    expect(window).to_be_hidden()
    expect(page.get_by_text("1 correction", exact=True)).to_be_visible()
    expect(page.locator(".tile").first).to_contain_text(f"✎ {CLASSES[table.predicted[row]]}")

    visit(page, page.url)
    expect(page.get_by_text(str(table.ids[row]))).to_be_visible()
    page.get_by_role("link", name="Train again with 1 correction").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    expect(page.get_by_text("1 picture given another label")).to_be_visible()


def test_class_names_are_text_wherever_they_are_shown(lab: Lab, store, page):
    run = examined(store, made_up(120, NAMES), name=NAMES[0])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page, f"{lab.url}/results?run={run}&cell=0-1")
    for part in (*PARTS[1:], PARTS[0]):
        if part in BEHIND_MORE:
            page.get_by_role("tab", name="More").click()
        page.get_by_role("tab", name=part).click()
        settled(page)
        page.wait_for_timeout(500)  # widgets draw after the page has been drawn
        assert page.evaluate("window.struck ?? 0") == 0, part
        assert page.locator(f"a[href*='{BEACON}'], img[src*='{BEACON}']").count() == 0, part
        assert page.get_by_test_id("stException").count() == 0, part
    page.locator(".tile").first.wait_for()
    assert NAMES[0] in (page.locator(".tile img").first.get_attribute("alt") or "")
    assert NAMES[0][:23] in (page.locator(".tile span").first.text_content() or "")
    page.locator(".tile").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(500)
    page.keyboard.press("Escape")
    page.locator(SQUARE).nth(7).hover(force=True)  # a tooltip, too
    page.wait_for_timeout(300)
    assert page.evaluate("window.struck ?? 0") == 0
    assert not [url for url in asked if not url.startswith((lab.url, "data:", "blob:"))]
