"""Compare in a real browser: two runs side by side, and what can be taken along."""

import csv
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.support.literally import BEACON, NAMES
from tests.browser.conftest import Lab, visit
from tests.browser.test_results import rows_shown, settled
from tests.runs.examined import SCRATCH, examined, predict
from tlcore.recipe import Model, Recipe
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule

pytestmark = pytest.mark.timeout(300)  # others may use the machine as well
TRUE = [0, 1, 2] * 30
WRONG = tuple(range(0, 30))
NEW = (40, 50)
CLASSES = ("cat", NAMES[0], NAMES[1])
FROM_SCRATCH = Recipe(
    name="from scratch",
    epochs=4,
    model=Model(weights="none"),
    schedule=FreezeSchedule(preset="full"),
)


@pytest.fixture
def pair(lab: Lab):
    """One that calls 30 pictures wrongly, and one that calls two others wrongly."""
    store = RunStore(lab.home)
    runs = []
    for recipe, wrong, name in ((FROM_SCRATCH, WRONG, "before"), (None, NEW, NAMES[2])):
        called = [(label + 1) % 3 if row in wrong else label for row, label in enumerate(TRUE)]
        phases: dict[str, Any] = {"phases": SCRATCH} if recipe else {}
        table = predict(called, TRUE, CLASSES)
        runs.append(examined(store, table, name=name, recipe=recipe, **phases))
    store.close()
    return ",".join(runs)


def taken(page: Page, label: str, folder: Path) -> Path:
    """The file that a button gives."""
    with page.expect_download() as coming:
        page.get_by_role("button", name=label).click()
    file = folder / coming.value.suggested_filename
    coming.value.save_as(file)
    return file


def test_two_runs_are_compared_and_their_report_is_taken_along(lab: Lab, pair, page, tmp_path):
    visit(page, f"{lab.url}/compare?run={pair}&side=Pictures")
    expect(
        page.get_by_text(
            "It got 30 pictures right that the other got wrong, and 2 the other way round"
        ).first
    ).to_be_visible()
    expect(page.get_by_text("Transfer (run 2) against scratch (run 1)")).to_be_visible()
    assert sorted(rows_shown(page)) == list(WRONG)
    page.get_by_role("radio", name="broken").click()
    expect(page.get_by_text("2 pictures that only")).to_be_visible()
    settled(page)
    assert sorted(rows_shown(page)) == list(NEW)
    page.locator(".tile").first.click()
    expect(page.get_by_role("dialog").get_by_text("taken for")).to_be_visible()
    page.keyboard.press("Escape")

    html = taken(page, "Report (HTML)", tmp_path)
    markdown = taken(page, "Report (Markdown)", tmp_path)
    page.get_by_role("tab", name="Table").click()
    table = taken(page, "Table (CSV)", tmp_path)
    for side in ("Curves", "Recipes"):
        page.get_by_role("tab", name=side).click()
        settled(page)
        assert page.get_by_test_id("stException").count() == 0
    assert page.evaluate("window.struck ?? 0") == 0

    with zipfile.ZipFile(markdown) as archive:
        assert archive.testzip() is None
        assert "Two runs compared" in archive.read("thaw-report.md").decode()
    rows = list(csv.DictReader(StringIO(table.read_text(encoding="utf-8-sig"))))
    assert [row["id"] for row in rows] == pair.split(",")
    assert float(rows[1]["against the first"]) == pytest.approx(100 * 28 / 90)
    _opens_and_fetches_nothing(page, html)


def _opens_and_fetches_nothing(page: Page, report: Path) -> None:
    """The report in the same browser, from a file: whole, and asking for nothing."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text("Two runs compared")
    assert page.evaluate("window.struck ?? 0") == 0
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    assert not [url for url in asked if BEACON in url]
    broken = "[...document.images].filter((each) => !each.naturalWidth).length"
    assert page.locator("img").count() > 10
    assert page.evaluate(broken) == 0
