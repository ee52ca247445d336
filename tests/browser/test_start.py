"""The first page in a real browser: one click, two curves, a verdict."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Lab, visit

pytestmark = pytest.mark.timeout(400)  # others may use the machine as well
PATIENT = 240_000  # milliseconds


def test_one_click_trains_both_and_ends_in_a_verdict(lab: Lab, page):
    page.set_default_timeout(PATIENT)
    visit(page, f"{lab.url}/")
    pictures = page.locator(".strip img")
    expect(pictures).to_have_count(10)
    assert all(pictures.evaluate_all("all => all.map(one => one.naturalWidth > 0)"))
    page.get_by_role("button", name="Train both").click()
    words = page.locator(".live .words")
    expect(words.first).to_contain_text("epoch", timeout=PATIENT)
    expect(page.locator(".live text.thaw").first).to_contain_text("by transfer thaws: everything")
    expect(page.get_by_role("heading", name="Transfer wins")).to_be_visible(timeout=PATIENT)
    expect(words).to_have_text([re.compile("finished · 30 epochs")] * 2)
    expect(page.get_by_text("95 % interval of the difference")).to_be_visible()
    expect(page.get_by_text("These two networks differ by more")).to_be_visible()
    expect(page.locator(".strip").nth(1).locator("img")).to_have_count(10)
    page.get_by_role("link", name="Compare the two").click()
    expect(page).to_have_url(re.compile(r"compare\?run=[0-9a-f-]+(,|%2C)[0-9a-f-]+"))
