"""The pages have no barrier that a program can find: axe-core, WCAG 2.1 A and AA, light and dark,
wide and narrow."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PROJECT, READY, Lab, visit
from tests.runs.examined import examined, predict
from tlcore.access import LOCAL
from tlcore.classroom.register import Register
from tlcore.runs.store import RunStore

pytestmark = pytest.mark.timeout(900)  # others may use the machine as well

AXE = "axe-core-4.10.3"
SUM = "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb"
"""SHA-256 of the package's one file that is used."""

PAGES = (
    "start", "lesson", "class", "data", "train", "runs", "results", "compare", "try_it", "bias",
)  # fmt: skip

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@pytest.fixture(scope="session")
def axe() -> str:
    """The script, fetched once through npm; the tests are skipped where that can't be."""
    script = PROJECT / "build" / AXE / "axe.min.js"
    if not script.exists():
        _fetch(script)
    text = script.read_bytes()
    assert hashlib.sha256(text).hexdigest() == SUM, f"{script} is not what was looked at"
    return text.decode()


def _fetch(script: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine, so NO page was held against axe-core")
    script.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["npm", "pack", AXE.replace("core-", "core@"), "--silent"],
        cwd=script.parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    package = script.parent / f"{AXE}.tgz"
    if done.returncode or not package.exists():
        pytest.skip(f"npm could not fetch {AXE}, so NO page was held against it")
    with tarfile.open(package) as files:
        found = files.extractfile("package/axe.min.js")
        assert found is not None
        script.write_bytes(found.read())
    package.unlink()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_barrier_in_any_theme_or_width(
    lab: Lab, browser: Browser, axe: str, name: str
):
    found: dict[str, Any] = {}
    with closing(RunStore(lab.home)) as store:
        examined(store, predict([0, 1, 2, 1] * 8, [0, 1, 2, 0] * 8, ("cat", "dog", "fox")))
    for scheme in ("light", "dark"):
        for width in (1280, 390):
            tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            visit(tab, f"{lab.url}/{_address(lab, name)}")
            tab.wait_for_timeout(1500)
            _stands_still(tab)
            tab.evaluate(axe)
            told = tab.evaluate(
                "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
            )
            for each in told["violations"]:
                places = [node["html"][:160] for node in each["nodes"]]
                found[f"{each['id']} ({scheme}, {width})"] = places
            wide = tab.evaluate("document.scrollingElement.scrollWidth")
            assert wide <= width + 1, f"{name} overflows at {width}"
            tab.close()
    assert found == {}


def _stands_still(tab: Page) -> None:
    """What is drawn anew is pale until it stands, and text on its way can't be read."""
    tab.wait_for_selector(READY)
    tab.wait_for_function("!document.querySelector('[data-stale=true]')")
    tab.wait_for_timeout(500)  # fading back


def _address(lab: Lab, name: str) -> str:
    """The page as somebody comes upon it: a lesson in its first step, a class with its board."""
    if name == "start":
        return ""
    if name == "lesson":
        return "lesson?lesson=transfer"
    if name == "class":
        return f"class?class={_class_in(lab)}"
    return name


def _class_in(lab: Lab) -> str:
    register = Register(RunStore(lab.home))
    known = register.classes(by=LOCAL)
    return (known[0] if known else register.new_class("transfer", "Class", by=LOCAL)).code
