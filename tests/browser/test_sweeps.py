"""A sweep in a real browser, watched live: nobody touches the page, and the verdict appears."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Lab, visit
from tlcore.access import LOCAL
from tlcore.recipe import Data, Model, Recipe, Shapes
from tlcore.runs import sweeps
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.store import RunStore
from tlcore.schedule.phases import FreezeSchedule

pytestmark = pytest.mark.timeout(400)  # others may use the machine as well
PATIENT = 240_000  # milliseconds
RECIPE = Recipe(
    name="swept",
    data=Data(labels_per_class=10, shapes=Shapes(per_class=40, test_per_class=10)),
    model=Model(backbone="pebble-shapes"),
    schedule=FreezeSchedule(preset="head-only"),
    epochs=3,
)


@pytest.fixture
def lab(tmp_path):
    served = Lab(tmp_path / "home")
    try:
        yield served
    finally:
        served.close()


def test_a_sweep_is_watched_live_to_its_verdict(lab, page):
    store = RunStore(lab.home)
    wanted = sweeps.variants(RECIPE, seeds=2, rates=[0.1, 0.001])
    made = sweeps.submit(store, RECIPE, wanted, by=LOCAL)
    visit(page, f"{lab.url}/runs?sweep={made}")
    expect(page.get_by_text("0 of 4 runs have ended")).to_be_visible(timeout=PATIENT)
    ensure_dispatcher(lab.home)
    expect(page.get_by_text(re.compile("[123] of 4 runs have ended"))).to_be_visible(
        timeout=PATIENT
    )
    expect(page.get_by_text("4 of 4 runs have ended")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text(re.compile("is best here"))).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("button", name="Stop the sweep")).to_have_count(0)
    store.close()
