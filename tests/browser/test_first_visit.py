"""Every page opens by its own address on a fresh server, as its title says, without an error."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Lab, visit

PAGES = {
    "": "Start",
    "start": "Start",
    "data": "Data",
    "train": "Train",
    "runs": "Runs",
    "results": "Results",
    "compare": "Compare",
    "try_it": "Try it",
    "bias": "Bias & ethics",
    "lesson": "Lessons",
    "class": "Class",
}


@pytest.mark.parametrize("address", PAGES)
def test_a_deep_link_to_a_fresh_server_opens_the_page_it_names(lab: Lab, page, address):
    visit(page, f"{lab.url}/{address}")
    expect(page.get_by_role("heading", level=1)).to_have_text(PAGES[address])
    expect(page).to_have_title(f"{PAGES[address]} · Thaw")
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(len(PAGES) - 1)
    expect(page.get_by_text("Page not found")).to_have_count(0)
    assert page.get_by_test_id("stException").count() == 0
    assert not page.get_by_text(re.compile("Traceback")).count()
