"""One's own photos, every default accepted: six clicks to a network that deserves trust."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Lab, visit
from tests.browser.test_data import choose_own, draft_in_address, zip_of_pictures
from tlcore.access import LOCAL
from tlcore.runs.store import RunStore

pytestmark = pytest.mark.timeout(500)  # others may use the machine as well
CLICKS = 6


def test_a_zip_is_trained_on_with_what_suits_it_and_whoever_insists_is_warned(
    shared: Path, browser: Browser, page: Page, tmp_path: Path
):
    page.set_default_timeout(120_000)
    expect.set_options(timeout=120_000)
    lab = Lab(tmp_path / "lab home", TL_WEIGHTS=str(shared / "weights"))
    try:
        visit(page, f"{lab.url}/data")
        page.evaluate("window.name = '0'")
        page.add_init_script(_COUNTING)
        page.evaluate(_COUNTING)
        choose_own(page)
        page.get_by_role("radio", name="A zip").click()
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Upload").last.click()
        chooser.value.set_files(zip_of_pictures(tmp_path / "photos.zip"))
        page.get_by_role("button", name="Keep this zip").click()
        expect(page.get_by_text("Train is set for them: EfficientNet-Lite0")).to_be_visible()
        page.get_by_role("link", name="On to Train").click()
        page.wait_for_url("**/train**")
        expect(page.get_by_text("EfficientNet-Lite0 at 160 px").first).to_be_visible()
        recipe = draft_in_address(page)
        assert (recipe.model.backbone, recipe.input.size) == ("tf_efficientnet_lite0", 160)
        assert recipe.optimiser.name == "exact"

        insisting = browser.new_page(viewport={"width": 1280, "height": 900})
        insisting.set_default_timeout(120_000)
        visit(insisting, page.url)
        _insist_on_32(insisting)
        expect(insisting.get_by_text("32 px is far below the 224 px")).to_be_visible()
        insisting.close()

        page.get_by_role("button", name="Train", exact=True).click()
        page.wait_for_url("**/runs**")
        assert int(page.evaluate("window.name")) <= CLICKS
        [run] = RunStore(lab.home).list(by=LOCAL)
        assert RunStore(lab.home).recipe(run.id, by=LOCAL).input.size == 160
    finally:
        lab.close()


_COUNTING = """
if (!window.counting) {
  window.counting = true;
  addEventListener("click", (event) => {
    if (event.isTrusted) window.name = String(Number(window.name || 0) + 1);
  }, true);
}
"""


def _insist_on_32(page: Page) -> None:
    page.get_by_role("button", name="Backbone:").click()
    field = page.locator("input[aria-label='Size of pictures, px']")
    field.fill("32")
    field.press("Enter")
    page.get_by_role("button", name="Done").click()
