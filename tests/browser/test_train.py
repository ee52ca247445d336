"""Train in a real browser: a schedule painted by hand and by keys, sent off, linked, and typed."""

import re
import time
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Lab, visit
from tlcore.access import LOCAL
from tlcore.recipe import Data, Optimiser, Recipe, Shapes
from tlcore.recipe.text import from_fields
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule
from tlcore.ui.shared.draft import packed, unpacked

pytestmark = pytest.mark.timeout(400)  # others may use the machine as well
SMALL = Recipe(
    name="painted",
    data=Data(labels_per_class=5, shapes=Shapes(per_class=10, test_per_class=5)),
    epochs=4,
    batch=20,
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """One server for all of these: each opens a page of its own."""
    served = Lab(tmp_path_factory.mktemp("lab") / "home")
    try:
        yield served
    finally:
        served.close()


@pytest.fixture
def patient(page: Page) -> Page:
    page.set_default_timeout(90_000)
    expect.set_options(timeout=60_000)
    return page


def open_train(page: Page, lab: Lab, recipe: Recipe = SMALL) -> None:
    visit(page, f"{lab.url}/train?recipe={packed(recipe)}")
    grid, before = page.get_by_role("grid"), None
    grid.wait_for()
    while (now := grid.bounding_box()) != before:  # what stands above it may still come
        before = now
        page.wait_for_timeout(500)


def cell(page: Page, row: int, column: int):
    return page.locator(f'[data-row="{row}"][data-column="{column}"]')


def strip_of(page: Page) -> list[str]:
    """The strip as letters: frozen, thawed, or in part."""
    rows = page.locator(".grid .row:has(.cell)").all()
    return ["".join(map(_letter, row.locator(".cell").all())) for row in rows]


def _letter(shown) -> str:
    words = shown.get_attribute("aria-label")
    return "f" if "frozen" in words else "p" if "in part" in words else "T"


def until_strip(page: Page, wanted: list[str]) -> None:
    end = time.monotonic() + 60
    while strip_of(page) != wanted:
        assert time.monotonic() < end, strip_of(page)
        page.wait_for_timeout(200)


def thawed_in(page: Page) -> list[tuple[str, int]]:
    """What the address says thaws, and for how long."""
    [link] = parse_qs(urlparse(page.url).query)["recipe"]
    recipe = from_fields(dict(unpacked(link)))
    phases = recipe.schedule.phases_for(recipe.epochs, 4)
    return [(phase.thaw, phase.epochs or 0) for phase in phases]


def until_thawed(page: Page, wanted: list[tuple[str, int]]) -> None:
    end = time.monotonic() + 60
    while thawed_in(page) != wanted:
        assert time.monotonic() < end, thawed_in(page)
        page.wait_for_timeout(200)


def test_a_strip_painted_with_the_mouse_is_trained_and_shown_on_runs(lab: Lab, patient):
    page = patient
    open_train(page, lab)
    for column in (3, 2, 1):  # quicker than the page answers
        cell(page, 3, column).click()
    until_thawed(page, [("head", 1), ("last 1 block", 3)])
    cell(page, 2, 2).hover()
    page.mouse.down()
    cell(page, 3, 3).hover()
    page.mouse.up()
    until_thawed(page, [("head", 1), ("last 1 block", 1), ("last 2 blocks", 2)])
    until_strip(page, ["ffff", "ffff", "ffTT", "fTTT", "TTTT"])
    expect(page.get_by_role("radio", name="Your own")).to_be_checked()

    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    store = RunStore(lab.home)
    (run,) = store.list(by=LOCAL)
    assert run.name == "painted"
    expect(page).to_have_url(re.compile(rf"run={run.id}"))
    expect(page.get_by_text("painted").first).to_be_visible()
    end = time.monotonic() + 150
    while store.get(run.id, by=LOCAL).state != State.FINISHED:
        assert time.monotonic() < end, store.get(run.id, by=LOCAL)
        time.sleep(0.3)
    began = [e["thawed"] for e in store.events(run.id, by=LOCAL) if e["event"] == "PhaseBegan"]
    assert began == ["head", "last 1 block", "last 2 blocks"]
    store.close()


def test_a_strip_is_painted_by_keys_alone_and_says_what_it_does(lab: Lab, patient):
    page = patient
    open_train(page, lab)
    readout = page.locator(".readout")
    page.get_by_role("spinbutton", name="Epochs").focus()
    for _ in range(6):  # past the stepper's own buttons, to the only cell that tab reaches
        page.keyboard.press("Tab")
        if page.evaluate(_FOCUSED) == "stem, epoch 1: frozen":
            break
    assert page.evaluate(_FOCUSED) == "stem, epoch 1: frozen"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(readout).to_have_text("block2, epoch 2: frozen")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator('.cell[aria-selected="true"]').count() == 4
    page.keyboard.press("Space")
    expect(readout).to_have_text("block2 to block3, epochs 2 to 3: thawed")
    until_thawed(page, [("head", 1), ("last 2 blocks", 2), ("head", 1)])
    until_strip(page, ["ffff", "ffff", "fTTf", "fTTf", "TTTT"])

    page.keyboard.press("ArrowLeft")
    assert page.evaluate(_FOCUSED).startswith("block3, epoch 2: thawed")  # focus was kept
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(readout).to_have_text(re.compile(r"block3: .* parameters in \d+ layers \(.*Conv2d"))
    page.keyboard.press("Space")
    until_thawed(page, [("last 1 block", 1), ("last 2 blocks", 2), ("last 1 block", 1)])
    page.keyboard.press("Control+z")
    page.keyboard.press("ArrowDown")
    until_thawed(page, [("head", 1), ("last 2 blocks", 2), ("head", 1)])
    page.keyboard.press("Space")
    expect(readout).to_have_text("The head always trains: it is new.")


_FOCUSED = """() => {
  let found = document.activeElement;
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
  return found?.getAttribute("aria-label") ?? "";
}"""


def test_a_link_opens_the_same_strip_in_another_browser(lab: Lab, patient):
    page = patient
    schedule = FreezeSchedule(preset="gradual", decay=0.5)
    open_train(page, lab, SMALL.model_copy(update={"schedule": schedule, "epochs": 5}))
    until_strip(page, ["ffffT", "fffTT", "ffTTT", "fTTTT", "TTTTT"])
    cell(page, 0, 0).click()
    until_strip(page, ["TfffT", "fffTT", "ffTTT", "fTTTT", "TTTTT"])
    thawed = [("block stem", 1), ("last 1 blocks", 1), ("last 2 blocks", 1)]
    until_thawed(page, [*thawed, ("last 3 blocks", 1), ("all", 1)])
    link = page.url
    other = page.context.browser.new_page(viewport={"width": 390, "height": 844})
    visit(other, link)
    other.get_by_role("grid").wait_for()
    until_strip(other, ["TfffT", "fffTT", "ffTTT", "fTTTT", "TTTTT"])
    main = "document.querySelector('[data-testid=stMain]')"
    assert other.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
    other.close()


def test_a_mistake_in_the_text_is_told_at_its_field_and_everything_stays_typed(lab: Lab, patient):
    page = patient
    open_train(page, lab, SMALL.model_copy(update={"optimiser": Optimiser(rate=0.002)}))
    page.get_by_text("Recipe as text").click()
    box = page.get_by_role("textbox", name="YAML or JSON")
    expect(box).to_have_value(re.compile("rate: 0.002"))
    box.fill(box.input_value().replace("rate: 0.002", "rate: -1  # oh"))
    box.blur()
    field = page.get_by_role("textbox", name="Rate", exact=True)
    expect(field).to_have_value("-1")
    wrong = page.get_by_role("alert").filter(has_text="must be greater than 0")
    expect(wrong.first).to_be_visible()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()
    expect(box).to_have_value(re.compile("-1  # oh"))

    page.reload()
    expect(page.get_by_role("textbox", name="Rate", exact=True)).to_have_value("-1")
    field = page.get_by_role("textbox", name="Rate", exact=True)
    field.fill("3e-3")
    field.press("Enter")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()
    expect(page.get_by_text(re.compile("rate 0.003"))).to_be_visible()


def test_a_backbone_is_found_by_typing_and_chosen(lab: Lab, patient):
    page = patient
    open_train(page, lab)
    page.get_by_role("button", name="Backbone: Pebble for shapes").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("searchbox", name="Filter backbones").fill("custom cnn")
    cards = dialog.get_by_role("radio").filter(visible=True)
    expect(cards).to_have_count(1)
    expect(cards.first).to_contain_text("Trained from scratch: needs no weights.")
    cards.first.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Backbone: Custom CNN of report E")).to_be_visible()
    expect(page.locator(".grid")).to_be_visible()
    cell(page, 0, 0).click()
    expect(page.locator(".readout")).to_contain_text("to freeze random weights teaches nothing")
