"""Data in a real browser: handed in, taken with a camera, drawn; looked at, and learned from."""

import io
import re
import time
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import READY, Lab, visit
from tlcore.access import LOCAL
from tlcore.data.drawn.world import draw
from tlcore.recipe import Shapes
from tlcore.recipe.text import from_fields
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.shared.draft import unpacked

pytestmark = pytest.mark.timeout(400)  # others may use the machine as well
NASTY = ("<img src=x onerror=window.struck=1>", "**dogs** :red[x] $y$")


@pytest.fixture
def patient(page: Page) -> Page:
    page.set_default_timeout(90_000)
    expect.set_options(timeout=60_000)
    return page


def zip_of_pictures(path: Path, each: int = 20) -> Path:
    """Drawn bolts and boats as JPEG files of a camera's shape, in folders of hostile names."""
    drawn = draw(Shapes(per_class=each, size=64), "train")
    with zipfile.ZipFile(path, "w") as archive:
        for label, name in enumerate(NASTY):
            for number, pixels in enumerate(drawn.pixels[drawn.labels == label]):
                file = io.BytesIO()
                Image.fromarray(pixels).resize((160, 120)).save(file, "JPEG")
                archive.writestr(f"pets/{name}/{number}.jpg", file.getvalue())
        archive.writestr(f"pets/{NASTY[0]}/broken.jpg", b"no picture")
    return path


def choose_own(page: Page) -> None:
    page.get_by_role("button", name="Choose").last.click()
    page.get_by_text("Class by class").wait_for()


def draft_in_address(page: Page):
    [link] = parse_qs(urlparse(page.url).query)["recipe"]
    return from_fields(unpacked(link))


def test_a_zip_is_handed_in_shown_as_it_is_and_learned_from(lab: Lab, patient, tmp_path):
    page = patient
    visit(page, f"{lab.url}/data")
    choose_own(page)
    page.get_by_role("radio", name="A zip").click()
    expect(page.locator("input[type=file]")).to_have_count(1)
    page.locator("input[type=file]").set_input_files(zip_of_pictures(tmp_path / "my pets.zip"))
    page.get_by_role("button", name="Keep this zip").click()
    expect(page.get_by_text("Kept 40 pictures of 2 classes")).to_be_visible()
    expect(page.get_by_text("1 picture was left out").first).to_be_visible()
    for name in NASTY:
        expect(page.locator(".gallery .tile", has_text=name).first).to_be_visible()
    assert page.evaluate("window.struck ?? 0") == 0
    picture = page.locator(".gallery img").first
    expect(picture).to_have_js_property("naturalWidth", 32)

    recipe = draft_in_address(page)
    assert recipe.data.path.startswith("upload:")
    assert str(lab.home) not in page.content()
    run = _finished(lab, recipe.model_copy(update={"epochs": 2}))
    visit(page, f"{lab.url}/results?run={run}")
    expect(page.get_by_text("Accuracy").first).to_be_visible()
    assert page.evaluate("window.struck ?? 0") == 0


def _finished(lab: Lab, recipe) -> str:
    store = RunStore(lab.home)
    run = store.submit(recipe, by=LOCAL).id
    ensure_dispatcher(lab.home)
    end = time.monotonic() + 240
    while store.get(run, by=LOCAL).state != State.FINISHED:
        assert store.get(run, by=LOCAL).state not in (State.FAILED, State.LOST)
        assert time.monotonic() < end, "the run never finished"
        time.sleep(0.2)
    store.close()
    return str(run)


def test_pictures_are_taken_into_classes_with_a_camera(lab: Lab, patient):
    page = patient
    visit(page, f"{lab.url}/data")
    choose_own(page)
    shutter = page.get_by_role("button", name="Hold to take pictures")
    keep = page.get_by_role("button", name=re.compile(r"^Keep these \d+ files"))
    expect(shutter).to_be_disabled()
    page.get_by_role("button", name="Turn the camera on").click()
    for name in ("cup", "no <b>cup</b>"):
        page.get_by_role("textbox", name="Class").fill(name)
        page.keyboard.press("Tab")
        expect(page.get_by_text(f"Camera, for “{name}”")).to_be_visible()
        expect(shutter).to_be_enabled()
        shutter.focus()
        page.keyboard.down(" ")  # as whoever has no mouse does
        page.wait_for_timeout(900)
        page.keyboard.up(" ")
        expect(page.get_by_role("button", name=f"{name}, 3: take out")).to_be_visible()
    expect(keep).to_be_enabled()
    taken = keep.inner_text()
    page.get_by_role("button", name="cup, 1: take out").click()
    expect(keep).not_to_have_text(taken)  # a click on a button that is just replaced is lost
    page.wait_for_selector(READY)
    keep.click()
    expect(page.get_by_text(re.compile(r"Kept \d+ pictures of 2 classes"))).to_be_visible()
    expect(page.get_by_text("cup, no <b>cup</b>").first).to_be_visible()


def test_dials_change_the_preview_at_once(lab: Lab, patient):
    page = patient
    visit(page, f"{lab.url}/data")
    first = page.locator(".st-key-preview img").first
    before = first.get_attribute("src")
    page.get_by_role("slider", name="Colour shift").focus()
    page.keyboard.press("End")
    expect(first).not_to_have_attribute("src", before or "")
    page.wait_for_selector(READY)
    assert draft_in_address(page).data.shapes.colour_shift == 1
    page.reload()
    page.wait_for_selector(READY)
    assert draft_in_address(page).data.shapes.colour_shift == 1
