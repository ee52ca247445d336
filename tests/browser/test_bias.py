"""Bias & ethics in a real browser: from nothing to a network caught, and what a class wrote."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import READY, Lab, visit

pytestmark = pytest.mark.timeout(400)  # others may use the machine as well


@pytest.fixture
def patient(page: Page) -> Page:
    page.set_default_timeout(120_000)
    expect.set_options(timeout=120_000)
    return page


def test_a_cue_is_dialled_trained_on_and_asked_about_and_a_class_writes_what_it_thinks(
    lab: Lab, patient
):
    page = patient
    visit(page, f"{lab.url}/bias")
    expect(page.get_by_text("There are no runs yet")).to_be_visible()

    page.get_by_role("tab", name="The cue lab").click()
    expect(page.locator(".st-key-examples img").first).to_have_js_property("naturalWidth", 66)
    page.get_by_role("button", name="from scratch").click()
    page.get_by_role("button", name="Train at 95 % (1 run").click()
    expect(page.get_by_text("of pictures of which 95 % carry the cue")).to_be_visible()
    expect(page.get_by_text("done or under way").first).to_be_visible()
    assert "about=" in page.url

    page.get_by_role("tab", name="A run's evidence").click()
    expect(page.get_by_text("What to bear in mind")).to_be_visible()
    expect(page.get_by_text("for conflicting").first).to_be_visible()
    expect(page.get_by_text("no evidence here").first).to_be_visible()

    page.get_by_role("tab", name="Checklist").click()
    answer = page.get_by_role("textbox", name="Who is harmed by a wrong answer")
    answer.fill("Nobody <b>here</b>.")
    page.keyboard.press("Tab")
    page.wait_for_timeout(500)
    page.wait_for_selector(READY)
    page.reload()
    expect(answer).to_have_value("Nobody <b>here</b>.")
