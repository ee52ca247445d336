"""Runs in a real browser: watched, zoomed, paused and resumed, across a server that is killed."""

import re
import time

import pytest
from playwright.sync_api import expect

from bench.support.archives import finished
from bench.support.literally import NAMES, PAGES, faults
from bench.support.lives import bring_to
from tests.browser.conftest import READY, Lab, visit
from tlcore.access import LOCAL
from tlcore.recipe import Data, Model, Recipe, Shapes
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule

pytestmark = pytest.mark.timeout(400)  # others may use the machine as well
PATIENT = 120_000  # milliseconds
RECIPE = Recipe(
    name="watched",
    data=Data(labels_per_class=10, shapes=Shapes(per_class=40, test_per_class=10)),
    model=Model(backbone="pebble-shapes"),
    schedule=FreezeSchedule(preset="lp-ft", head_epochs=4),
    epochs=30,
    batch=20,
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One server for all of these: each makes runs of its own."""
    served = Lab(tmp_path_factory.mktemp("lab") / "home")
    try:
        yield served
    finally:
        served.close()


@pytest.fixture
def store(lab: Lab):
    store = RunStore(lab.home)
    yield store
    store.close()


def until(holds, seconds: float = 120.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


class Tab:
    """What somebody sees of a run that is watched."""

    def __init__(self, page):
        self.page = page
        self.words = page.locator(".live .words")
        self.reruns = 0
        page.on("websocket", self._count)

    def epochs(self) -> list[int]:
        """Those in the table below the chart."""
        cells = self.page.locator(".live table tr td:first-child").all_text_contents()
        return sorted(map(int, cells))

    def ticks(self) -> list[str]:
        sheet = self.page.locator(".live .sheet").first
        return list(sheet.locator("text.tick").all_text_contents())

    def zoom(self):
        box = self.page.locator(".live .sheet").first.bounding_box()
        self.page.mouse.move(box["x"] + 70, box["y"] + 80)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + 160, box["y"] + 90, steps=3)
        self.page.mouse.up()
        self.page.mouse.move(0, 0)

    def _count(self, socket):
        socket.on("framesent", lambda frame: setattr(self, "reruns", self.reruns + 1))


def test_a_run_is_watched_to_its_end_through_pauses_and_a_killed_server(lab: Lab, store, page):
    run = store.submit(RECIPE, by=LOCAL).id
    ensure_dispatcher(lab.home)
    tab = Tab(page)
    visit(page, f"{lab.url}/runs?run={run}")
    page.locator(".live summary").click()
    until(lambda: len(tab.epochs()) >= 6)
    expect(page.locator(".live text.thaw").first).to_have_text("thaws: everything")

    tab.zoom()
    expect(page.locator(".live .sheet").first.locator("text.tick").last).to_have_text("epochs")
    until(lambda: "30" not in tab.ticks(), 5)
    zoomed = [tick for tick in tab.ticks() if "%" not in tick]

    page.get_by_role("button", name="Pause").click()
    expect(tab.words).to_contain_text("paused", timeout=PATIENT)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    before = tab.epochs()
    assert [tick for tick in tab.ticks() if "%" not in tick] == zoomed

    page.get_by_role("button", name="Resume").click()
    until(lambda: len(tab.epochs()) > len(before))
    assert [tick for tick in tab.ticks() if "%" not in tick] == zoomed

    lab.kill()
    expect(page.locator(".live .away")).to_contain_text("doesn't answer", timeout=PATIENT)
    seen = tab.epochs()
    lab.start()
    expect(page.locator(".live .away")).to_be_hidden(timeout=PATIENT)
    until(lambda: tab.epochs()[-1] > seen[-1])
    page.wait_for_selector(READY, timeout=PATIENT)

    until(lambda: store.get(run, by=LOCAL).state == State.FINISHED)
    expect(page.get_by_text("finished: all 30 epochs are done")).to_be_visible(timeout=PATIENT)
    expect(tab.words).to_contain_text("finished")
    assert tab.epochs() == list(range(1, 31))
    assert [tick for tick in tab.ticks() if "%" not in tick] == zoomed
    page.locator(".live .sheet").first.dblclick()
    until(lambda: "30" in tab.ticks(), 5)


def test_a_new_state_redraws_the_page_once(lab: Lab, store, page):
    run = bring_to(store, State.PAUSED)
    tab = Tab(page)
    visit(page, f"{lab.url}/runs?run={run}")
    expect(tab.words).to_contain_text("paused")
    page.wait_for_timeout(1500)
    before = tab.reruns
    store.ask(run, "cancel", by=LOCAL)
    told = page.get_by_test_id("stAlert")
    expect(told).to_have_text("cancelled while it was paused", timeout=PATIENT)
    page.wait_for_timeout(2500)
    assert tab.reruns == before + 1


def test_a_run_that_is_deleted_elsewhere_is_told_of_and_can_be_had_back(lab: Lab, store, page):
    run = finished(store)
    other = bring_to(store, State.PAUSED)
    visit(page, f"{lab.url}/runs?run={other}")
    expect(page.locator(".live .words")).to_contain_text("paused")
    store.delete(other, by=LOCAL)
    expect(page.get_by_role("button", name="Restore")).to_be_visible(timeout=PATIENT)
    page.locator(".list button.finished").first.click()
    expect(page).to_have_url(re.compile(run), timeout=PATIENT)
    expect(page.locator(".live .words")).to_contain_text("finished")


def test_the_chart_can_be_read_and_zoomed_by_keyboard(lab: Lab, store, page):
    run = finished(store)
    visit(page, f"{lab.url}/runs?run={run}")
    sheet = page.locator(".live .sheet").first
    expect(sheet.locator("path.line").first).to_be_attached()
    sheet.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".live .readout").first).to_contain_text("training 40.0 %")
    page.keyboard.press("Escape")
    expect(page.locator(".live .heard")).to_contain_text("accuracy 40.0 %")


def test_names_are_shown_as_they_are_and_ask_for_nothing_on_any_page(lab: Lab, store, page):
    run = finished(store)
    for name, pages in zip(NAMES, [PAGES, *[["runs"]] * 5], strict=True):
        store.rename(run, name, by=LOCAL)
        assert faults(page, lab.url, run, name, pages) == []
