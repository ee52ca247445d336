"""Lessons in a real browser, from the first click to the last: lesson 1 with real networks, all of
them with rehearsals of runs, which take no time."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Lab, visit
from tests.runs import fake_run
from tlcore.access import LOCAL
from tlcore.classroom import lesson as lessons
from tlcore.classroom.lesson import Count, Do, Explain, Predict, Step
from tlcore.classroom.register import Register
from tlcore.nn import worker
from tlcore.runs.store import RunStore

pytestmark = pytest.mark.timeout(900)  # others may use the machine as well
PATIENT = 400_000  # milliseconds


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Go on").click()


def predict(page: Page, why: str) -> None:
    page.get_by_role("textbox").last.fill(why)
    page.get_by_role("button", name="That is my prediction").click()


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Lab]:
    """A lab whose runs nobody works on but the test."""
    served = Lab(tmp_path / "lab home", TL_SLOTS="cpu=0")
    try:
        yield served
    finally:
        served.close()


def rehearse(lab: Lab) -> None:
    """Have everything that waits done, without networks."""
    store = RunStore(lab.home)
    while attempt := store.claim(device="cpu"):
        worker.work(store, attempt)


def take(lab: Lab, page: Page, step: Step) -> None:
    """Do what a step asks for."""
    match step:
        case Predict():
            if step.choices:
                page.get_by_text(step.choices[0].text, exact=True).click()
            predict(page, "a hunch")
            return
        case Do() if step.runs:
            page.get_by_role("button", name="Train").click()
            expect(page.get_by_text(f"of {len(step.runs)} runs have a result")).to_be_visible()
            done = page.get_by_text(f"{len(step.runs)} of {len(step.runs)} runs have a result")
            while not done.is_visible():
                rehearse(lab)
                page.wait_for_timeout(500)
        case Count():
            page.get_by_role("spinbutton").fill("7")
            page.get_by_role("button", name="That is the number").click()
        case Explain():
            page.get_by_role("textbox").last.fill("because of what it knew")
            page.get_by_role("button", name="Keep it").click()
    go_on(page)


@pytest.mark.parametrize("name", lessons.names())
def test_every_lesson_goes_from_the_first_click_to_the_last(
    idle: Lab, page: Page, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr(worker, "load_engine", lambda threads: fake_run.train)
    steps = lessons.find(name).steps
    visit(page, f"{idle.url}/lesson?lesson={name}")  # a deep link to a fresh server
    for number, step in enumerate(steps, 1):
        expect(page.get_by_text(f"Step {number} of {len(steps)}")).to_be_visible()
        take(idle, page, step)
    expect(page.get_by_role("button", name="My report")).to_be_visible()
    (here,) = Register(RunStore(idle.home)).sittings(by=LOCAL)
    assert here.step == len(steps)
    assert set(here.runs) == set(lessons.find(name).runs)


def test_a_head_start_with_real_networks_from_the_first_step_to_the_report(lab: Lab, page: Page):
    page.set_default_timeout(PATIENT)
    visit(page, f"{lab.url}/lesson?lesson=transfer")
    expect(page.get_by_text("Step 1 of 7")).to_be_visible()
    expect(page.locator(".strip img")).to_have_count(10)
    go_on(page)
    expect(page.get_by_role("button", name="Go on")).to_be_disabled()
    predict(page, "It has seen other shapes.")
    page.get_by_text("50 are enough", exact=True).click()
    predict(page, "More pictures, more to build on.")
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_text("6 of 6 runs have a result")).to_be_visible(timeout=PATIENT)
    page.reload()  # whoever comes back goes on where they were
    go_on(page)
    expect(page.get_by_text("You predicted").first).to_be_visible()
    expect(page.get_by_text("More pictures, more to build on.")).to_be_visible()
    expect(page.get_by_text(re.compile("Not even 50 are enough.*points")).first).to_be_visible()
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
