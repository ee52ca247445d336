"""A real browser on a real server: both fresh for whoever asks for them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tlcore.doctor import BROWSERS

PROJECT = Path(__file__).parent.parent.parent
PATIENCE = 30_000
"""Milliseconds: others may use the machine as well."""

READY = "[data-testid=stApp][data-test-script-state=notRunning]"


class Lab:
    """The lab, served from a home of its own.

    Attributes:
        home: Where its runs are.
        url: Where it is reached.
    """

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments = arguments
        self._environment = {**os.environ, **environment, "TL_HOME": str(home)}
        self.start()

    def start(self) -> None:
        """Serve, and wait until it answers."""
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "app.py"),
                *("--server.headless=true", f"--server.port={self.port}"),
                *("--server.address=127.0.0.1", *self._arguments),
            ],
            cwd=PROJECT,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < end, "the server never answered"
            assert self.process.poll() is None, "the server ended"
            time.sleep(0.1)

    def kill(self) -> None:
        """As a crash does: at once, the whole process group of the server."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End the server, and whatever works for its runs."""
        if self.process.poll() is None:
            self.kill()
        for pid in _processes_of(self.home):
            os.kill(pid, signal.SIGKILL)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                return bool(answer.read() == b"ok")
        except OSError:
            return False


def _processes_of(home: Path) -> Iterator[int]:
    """Those that were started for the runs of this home: dispatcher, warm server, workers."""
    wanted = f"TL_HOME={home}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            theirs = (process / "environ").read_bytes().split(b"\0")
            if wanted in theirs and int(process.name) != os.getpid():
                yield int(process.name)
        except OSError:
            continue  # it has ended, or is somebody else's


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """The lab on a fresh server, without runs."""
    served = Lab(tmp_path / "lab home")
    try:
        yield served
    finally:
        served.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, with a made-up camera."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(
            "no Chromium on this machine, so NOTHING was tried in a browser: "
            "Debian, Ubuntu: apt install chromium"
        )
    arguments = [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
    ]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab of its own, 1280 pixels wide."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    yield tab
    tab.close()


def visit(page: Page, url: str) -> None:
    """Open an address, and wait until its page has been drawn."""
    page.goto(url)
    page.wait_for_selector(READY)
