"""The part `Take it with you` of the page Results."""

from pathlib import Path
from typing import Any

import pytest

from tests.runs.examined import examined, predict
from tests.ui.looking import button, open_page
from tlcore.errors import RunError
from tlcore.export import packages
from tlcore.export.packages import Package
from tlcore.runs.store import RunStore
from tlcore.ui.results import ship

PART = "Take it with you"


@pytest.fixture
def run():
    table = predict([0, 1, 1], [0, 1, 0], ("cat", "dog"))
    return examined(RunStore(), table)


@pytest.fixture
def stands(monkeypatch):
    """Have a package stand somehow; gives what was asked for: `stands("working", "Reading")`."""
    asked = []

    def as_(state, words="", path=Path("none.zip")):
        package = Package(state, path, words)
        monkeypatch.setattr(packages, "look", lambda *where: package)
        monkeypatch.setattr(packages, "begin", lambda *where: asked.append(where))
        return asked

    return as_


def text_of(page):
    return "\n".join(each.value for kind in ("markdown", "info") for each in page.get(kind))


def test_a_click_has_the_package_made_in_the_way_that_was_chosen(run, stands):
    asked = stands("none")
    page = open_page("results", run=run, part=PART)
    assert "model card" in text_of(page)
    page.selectbox(key=f"ship way {run}").set_value("and in eight bits (static)").run()
    button(page, "Make the package").click().run()
    [(home, which, network, way)] = asked
    assert (which, way) == (run, "static")
    assert network.is_relative_to(home)


def test_while_it_is_made_it_says_what_is_being_done(run, stands):
    stands("working", "Writing the <b>network</b>")
    page = open_page("results", run=run, part=PART)
    assert "\\<b\\>network" in page.status[0].label
    assert not any(each.label == "Make the package" for each in page.button)


def test_what_went_wrong_is_text_and_may_be_tried_again(run, stands):
    asked = stands("failed", "**The** network is <i>gone</i>")
    page = open_page("results", run=run, part=PART)
    assert "<i>" not in page.error[0].value
    button(page, "Try again").click().run()
    assert len(asked) == 1


def test_what_is_ready_can_be_taken_along_with_what_was_measured(run, stands, tmp_path):
    path = tmp_path / "package.zip"
    path.write_bytes(b"zip" * 1000)
    path.with_suffix(".log").write_text("Writing …\nparity     holds\n")
    stands("ready", path=path)
    page = open_page("results", run=run, part=PART)
    found: list[Any] = list(page.get("download_button"))
    assert next(each.label for each in found if "Package" in each.label) == "Package (3.0 kB)"
    assert page.code[-1].value == "parity     holds"


def test_while_another_is_made_it_says_so(run, stands, monkeypatch):
    stands("none")

    def refuses(*where):
        raise RunError("Another package is being made", remedy="Wait.")

    monkeypatch.setattr(packages, "begin", refuses)
    page = open_page("results", run=run, part=PART)
    button(page, "Make the package").click().run()
    assert "Another package is being made" in page.error[0].value


def test_a_lab_without_the_libraries_says_what_is_missing(run, monkeypatch):
    monkeypatch.setattr(ship, "missing", lambda: ("onnx", "onnxruntime"))
    page = open_page("results", run=run, part=PART)
    assert "onnx, onnxruntime" in text_of(page)
    assert "requirements-ship.txt" in text_of(page)
    assert not any("package" in each.label.lower() for each in page.button)
