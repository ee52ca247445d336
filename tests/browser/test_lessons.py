"""Lessons in a real browser, from the first click to the last."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Lab, visit

pytestmark = pytest.mark.timeout(900)  # others may use the machine as well
PATIENT = 400_000  # milliseconds


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Go on").click()


def predict(page: Page, why: str) -> None:
    page.get_by_role("textbox").last.fill(why)
    page.get_by_role("button", name="That is my prediction").click()


def test_a_head_start_from_the_first_step_to_the_report(lab: Lab, page: Page):
    page.set_default_timeout(PATIENT)
    visit(page, f"{lab.url}/lesson?lesson=transfer")  # a deep link to a fresh server
    expect(page.get_by_text("Step 1 of 7")).to_be_visible()
    expect(page.locator(".strip img")).to_have_count(10)
    go_on(page)
    expect(page.get_by_role("button", name="Go on")).to_be_disabled()
    predict(page, "It has seen other shapes.")
    page.get_by_text("With 50 labels of each shape").click()
    predict(page, "More pictures, more to build on.")
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_text("6 of 6 runs have a result")).to_be_visible(timeout=PATIENT)
    page.reload()  # whoever comes back goes on where they were
    go_on(page)
    expect(page.get_by_text("You predicted").first).to_be_visible()
    expect(page.get_by_text("More pictures, more to build on.")).to_be_visible()
    expect(page.get_by_text("points)").first).to_be_visible()
    go_on(page)
    page.get_by_role("textbox").last.fill("What it knows matters most where there is little else.")
    page.get_by_role("button", name="Keep it").click()
    go_on(page)
    go_on(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="My report").click()
    report = waiting.value.path().read_text(encoding="utf-8").replace("\xa0", " ")
    for told in ("More pictures", "Came out", "What it knows matters most"):
        assert told in report
