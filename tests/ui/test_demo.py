"""The first page works on load, shows what the runs say, and never loads torch."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from tests.runs import fake_run
from tlcore import paths
from tlcore.errors import NotFinite
from tlcore.nn import worker
from tlcore.recipe import Recipe
from tlcore.runs.owners import LOCAL
from tlcore.runs.store import RunStore
from tlcore.ui import demo

MAIN = str(paths.PROJECT / "tlcore" / "ui" / "main.py")


def open_page():
    page = AppTest.from_file(MAIN, default_timeout=30).run()
    assert not page.exception
    return page


@pytest.fixture
def finish(monkeypatch):
    """Have a rehearsal of a preset done, to its end or to its failure."""

    def finish(preset, train=fake_run.train):
        monkeypatch.setattr(worker, "load_engine", lambda threads: train)
        store = RunStore()
        run = store.submit(Recipe(epochs=3), by=LOCAL, preset=preset)
        attempt = store.claim(device="cpu", run=run.id)
        assert attempt is not None
        with suppress(NotFinite):
            worker.work(store, attempt)

    return finish


def test_it_explains_itself_and_offers_one_button():
    page = open_page()
    assert "Thaw" in page.title[0].value
    assert "Freezing" in page.markdown[0].value
    assert [button.label for button in page.button] == ["Train both"]
    assert not page.button[0].disabled


def test_a_finished_demo_shows_both_verdicts_with_their_intervals(finish):
    finish("demo-scratch")
    finish("demo-transfer")
    page = open_page()
    assert [metric.value for metric in page.metric] == ["86%", "86%"]
    assert all("95 % interval" in caption.value for caption in page.caption)


def test_a_demo_that_failed_says_why(finish):
    def train(recipe, *, resume=None, enough=None):
        yield from list(fake_run.train(recipe))[:5]
        raise NotFinite("The loss became **nan**")

    finish("demo-scratch", train)
    page = open_page()
    assert "from scratch is failed" in page.error[0].value
    assert page.code[0].value == "The loss became **nan**"
    assert not page.button[0].disabled


def test_the_button_asks_for_both_runs_and_whoever_does_them(monkeypatch):
    asked: list[Path] = []
    monkeypatch.setattr(demo, "ensure_dispatcher", asked.append)
    page = open_page()
    page.button[0].click().run()
    store = RunStore()
    assert [run.preset for run in store.list(by=LOCAL)] == ["demo-scratch", "demo-transfer"]
    assert asked == [store.home]
    assert page.button[0].disabled
    assert "starting" in page.info[0].value


def test_in_a_lab_open_to_anybody_each_session_has_its_own_demo(finish, monkeypatch):
    finish("demo-scratch")
    monkeypatch.setenv("TL_PUBLIC", "1")
    monkeypatch.setattr(demo, "ensure_dispatcher", lambda home: None)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**12))
    page, other = open_page(), open_page()
    page.button[0].click().run()
    assert page.button[0].disabled
    other.run()
    assert not other.button[0].disabled
    assert LOCAL not in [run.owner for run in RunStore().list(by=LOCAL)[:2]]


def test_the_page_never_loads_torch():
    program = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        f"page = AppTest.from_file({MAIN!r}, default_timeout=60).run();"
        "assert not page.exception; assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
