"""Pictures of every page, light and dark: `python tools/screenshots.py URL`, of a lab that is
served there and has run the demo. They go to `docs/pages`, small enough to lie in the
repository."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tlcore.doctor import BROWSERS

FOLDER = Path(__file__).parents[1] / "docs" / "pages"
PAGES = ("start", "data", "train", "runs", "results", "compare", "try_it", "bias")
WIDTH, HEIGHT, SMALL = 1280, 1000, 900
COLOURS = 96
READY = "[data-testid=stApp][data-test-script-state=notRunning]"
PATIENCE = 6_000
"""Milliseconds for charts to be drawn and answers to come once a page's script has ended."""


def main() -> None:
    """Take all of them."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None or len(sys.argv) != 2:
        raise SystemExit("usage: python tools/screenshots.py URL   (it needs Chromium)")
    FOLDER.mkdir(exist_ok=True)
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        for page in PAGES:
            for scheme in ("light", "dark"):
                _take(browser, sys.argv[1], page, scheme)
        browser.close()


def _take(browser: Browser, url: str, page: str, scheme: Literal["light", "dark"]) -> None:
    tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
    tab.goto(f"{url}/{page}")
    tab.wait_for_selector(READY, timeout=60_000)
    tab.wait_for_timeout(PATIENCE)
    picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    tab.close()
    small = picture.resize((SMALL, SMALL * HEIGHT // WIDTH), Image.Resampling.LANCZOS)
    small.quantize(COLOURS).save(FOLDER / f"{page}-{scheme}.png", optimize=True)


if __name__ == "__main__":
    main()
