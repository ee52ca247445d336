"""Real networks asked by a real browser: of a file, of a camera, after their process was killed."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import READY, Lab, visit
from tests.runs.small import train_small
from tlcore.access import LOCAL

COLD = 90_000  # milliseconds for torch to be loaded, also on a machine with other things to do
SAID = re.compile(r"By its own account|Undecided")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, list[str]]]:
    """A lab with two trained networks, whose answering process all tests here share."""
    home = tmp_path_factory.mktemp("lab")
    runs = [train_small(home, seed=seed) for seed in (0, 1)]
    for run, name in zip(runs, ("First <b>", "Second"), strict=True):
        run.store.rename(run.id, name, by=LOCAL)
    lab = Lab(home)
    try:
        yield lab, [run.id for run in runs]
    finally:
        lab.close()


def _answers(page: Page):
    return page.get_by_text(SAID)


def _png() -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "PNG")
    return file.getvalue()


def _choose(page: Page, source: str) -> None:
    page.get_by_role("radio", name=source, exact=True).click()
    page.wait_for_selector(READY)


def test_a_test_picture_is_answered_and_a_click_on_a_bar_asks_why_not(asked, page):
    lab, runs = asked
    visit(page, f"{lab.url}/try_it?run={runs[0]}&picture=3")
    expect(_answers(page)).to_have_count(1, timeout=COLD)
    expect(page.get_by_text("Test picture 3")).to_be_visible()
    expect(page.get_by_role("heading", name="First <b>")).to_be_visible()
    bars = page.get_by_role("button", name=re.compile("Ask why"))
    name = (bars.nth(2).get_attribute("aria-label") or "").partition(":")[0]
    bars.nth(2).click()
    expect(page.get_by_text(f"Why not {name}")).to_be_visible()


def test_a_file_is_answered_by_two_networks_and_a_hostile_one_refused_in_words(asked, page):
    lab, runs = asked
    visit(page, f"{lab.url}/try_it?run={','.join(runs)}")
    _choose(page, "File")
    upload = page.locator("input[type=file]")
    upload.set_input_files({"name": "grey.png", "mimeType": "image/png", "buffer": _png()})
    expect(_answers(page)).to_have_count(2, timeout=COLD)
    expect(page.get_by_role("img", name=re.compile("^Why "))).to_have_count(4)
    hostile = b"\x89PNG\r\n\x1a\n" + b"<script>alert(1)</script>" * 40
    upload.set_input_files({"name": "cat.png", "mimeType": "image/png", "buffer": hostile})
    expect(page.get_by_text(re.compile("This file can.t be used"))).to_have_count(2)
    expect(_answers(page)).to_have_count(0)


def test_the_cameras_picture_is_answered(asked, page):
    lab, runs = asked
    visit(page, f"{lab.url}/try_it?run={runs[0]}")
    _choose(page, "Camera")
    page.wait_for_function("document.querySelector('video')?.videoWidth > 0")
    page.get_by_role("button", name="Take Photo").click()
    expect(page.get_by_text("Your photograph")).to_be_visible(timeout=COLD)
    expect(_answers(page)).to_have_count(1)


def test_what_is_drawn_by_hand_is_answered_after_every_stroke(asked, page):
    lab, runs = asked
    visit(page, f"{lab.url}/try_it?run={runs[0]}")
    _choose(page, "Draw it")
    page.get_by_role("button", name="red", exact=True).click()
    sheet = page.locator("canvas.paper").bounding_box()
    assert sheet is not None
    page.mouse.move(sheet["x"] + 40, sheet["y"] + 40)
    page.mouse.down()
    page.mouse.move(sheet["x"] + 150, sheet["y"] + 60, steps=4)
    page.mouse.move(sheet["x"] + 90, sheet["y"] + 150, steps=4)
    page.mouse.up()
    expect(page.get_by_text("Your drawing")).to_be_visible(timeout=COLD)
    expect(_answers(page)).to_have_count(1, timeout=COLD)


def test_after_its_process_was_killed_the_next_question_is_answered(asked, page):
    lab, runs = asked
    visit(page, f"{lab.url}/try_it?run={runs[0]}")
    expect(_answers(page)).to_have_count(1, timeout=COLD)
    [before] = _answering(lab.home)
    os.kill(before, signal.SIGKILL)
    _choose(page, "Drawn for you")
    expect(page.get_by_text("Drawn just now")).to_be_visible(timeout=COLD)
    expect(_answers(page)).to_have_count(1)
    assert _answering(lab.home) != [before]


def _answering(home: Path) -> list[int]:
    """The answering processes of this home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended
        if b"tlcore.nn.inference.answer" in words and os.fsencode(home) in words:
            found.append(int(process.name))
    return found
