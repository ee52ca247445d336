"""The first page works on load, shows what the runs say, and never loads torch."""

import subprocess
import sys

from streamlit.testing.v1 import AppTest

from tests.runs.fake_run import train
from tlcore import paths
from tlcore.recipe import Recipe
from tlcore.runs.folder import RunFolder
from tlcore.runs.follow import follow

MAIN = str(paths.PROJECT / "tlcore" / "ui" / "main.py")


def open_page():
    page = AppTest.from_file(MAIN, default_timeout=30).run()
    assert not page.exception
    return page


def finish_both():
    for preset in ("demo-scratch", "demo-transfer"):
        folder = RunFolder.create(Recipe(epochs=3), preset=preset)
        follow(folder, train(folder.recipe()), show=lambda event: None, stop=lambda: False)


def test_it_explains_itself_and_offers_one_button():
    page = open_page()
    assert "Thaw" in page.title[0].value
    assert "Freezing" in page.markdown[0].value
    assert [button.label for button in page.button] == ["Train both"]
    assert not page.button[0].disabled


def test_a_finished_demo_shows_both_verdicts_with_their_intervals():
    finish_both()
    page = open_page()
    assert [metric.value for metric in page.metric] == ["86%", "86%"]
    assert all("95 % interval" in caption.value for caption in page.caption)


def test_a_demo_that_failed_says_why(monkeypatch):
    class Failed:
        pid, returncode = 1, 1

        def poll(self):
            return 1

    (paths.home()).mkdir(parents=True, exist_ok=True)
    (paths.home() / "demo.log").write_text("The weights are missing.")
    page = AppTest.from_file(MAIN, default_timeout=30)
    page.session_state["demo"] = Failed()
    page.run()
    assert "could not finish" in page.error[0].value
    assert "The weights are missing." in page.code[0].value


def test_the_page_never_loads_torch():
    program = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        f"page = AppTest.from_file({MAIN!r}, default_timeout=60).run();"
        "assert not page.exception; assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
