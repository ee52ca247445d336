"""The first page works on load, shows what the runs say, and never loads torch."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from tests.runs import fake_run
from tests.ui.looking import MAIN, button, finish, given_to, open_page
from tlcore.access import LOCAL
from tlcore.analysis.decision import Decision
from tlcore.analysis.intervals import Interval
from tlcore.errors import NotFinite
from tlcore.recipe import presets
from tlcore.recipe.text import from_fields
from tlcore.runs.store import RunStore
from tlcore.ui.shared.draft import unpacked
from tlcore.ui.start import task, verdict
from tlcore.ui.start.task import Figure, _as_html


def html_of(page):
    return "".join(each.proto.body for each in page.get("html"))


def test_it_explains_itself_shows_the_task_and_offers_one_button():
    page = open_page()
    assert "Freezing" in page.markdown[0].value
    assert page.markdown[0].value.count(". ") + 1 <= 4
    assert html_of(page).count("<img ") == 10
    assert 'alt="a drawn umbrella"' in html_of(page)
    assert [each.label for each in page.button] == ["Train both"]
    assert not page.button[0].disabled


def test_the_button_asks_for_both_runs_and_whoever_does_them(monkeypatch):
    asked: list[Path] = []
    monkeypatch.setattr(task, "ensure_dispatcher", asked.append)
    page = open_page()
    button(page, "Train both").click().run()
    store = RunStore()
    assert [run.preset for run in store.list(by=LOCAL)] == ["demo-scratch", "demo-transfer"]
    assert set(asked) == {store.home}  # being ready asks as well
    assert button(page, "Training both …").disabled
    watched = given_to(page, "live")["runs"]
    assert [run["name"] for run in watched] == ["by transfer", "from scratch"]
    assert len({run["colour"] for run in watched}) == 2


def test_a_finished_demo_shows_both_and_their_difference_with_intervals(monkeypatch):
    def better(recipe, **given):
        yield from fake_run.train(recipe, test=200, **given)

    finish(monkeypatch, "demo-scratch", lambda recipe, **given: fake_run.train(recipe, test=200))
    finish(monkeypatch, "demo-transfer", better)
    page = open_page()
    assert [metric.value for metric in page.metric] == ["96.5 %", "96.5 %"]
    assert sum("95 % interval" in caption.value for caption in page.caption) == 2
    assert any("They call every picture alike" in each.value for each in page.markdown)
    assert page.subheader[0].value == "No clear winner"


def test_the_verdict_says_what_the_interval_allows_and_of_one_run_each_no_more_than_this_time():
    for low, high, of_recipes, headline, said in (
        (0.15, 0.25, True, "Transfer wins", "more often"),
        (0.05, 0.09, False, "Transfer wins this time", "Another seed may turn it round"),
        (0.7, 0.8, False, "Transfer wins this time", "would hardly turn it round"),
        (-0.25, -0.15, False, "From scratch wins this time", "less often"),
        (-0.02, 0.04, False, "No clear winner", "may do that"),
    ):
        gained = Interval((low + high) / 2, low, high, 1000)
        told = low > 0 or high < 0
        found = Decision(gained, (3, 3), of_recipes, told, None, ("thawed", "scratch"))
        assert verdict._headline(found) == headline
        assert said in verdict.in_words(found)
    assert verdict._headline(None) == "Both are trained"


def test_from_the_verdict_it_leads_on_with_these_very_runs(monkeypatch):
    scratch = finish(monkeypatch, "demo-scratch")
    transfer = finish(monkeypatch, "demo-transfer")
    links = {each.proto.page: each.proto.query_string for each in open_page().get("page_link")}
    assert links["results"] == f"run={transfer}"
    assert links["compare"].replace("%2C", ",") == f"run={transfer},{scratch}"
    recipe = unpacked(links["train"].removeprefix("recipe="))
    assert from_fields(recipe) == presets.find("demo-transfer").recipe


def test_a_demo_that_failed_says_why_and_can_be_tried_again(monkeypatch):
    def train(recipe, *, resume=None, enough=None):
        yield from list(fake_run.train(recipe))[:5]
        raise NotFinite("The loss became **nan**")

    finish(monkeypatch, "demo-scratch", train)
    page = open_page()
    assert "from scratch is failed" in page.error[0].value
    assert "\\*\\*nan\\*\\*" in page.error[0].value
    assert not button(page, "Train both again").disabled


def test_in_a_lab_open_to_anybody_each_session_has_its_own_demo(monkeypatch):
    finish(monkeypatch, "demo-scratch")
    monkeypatch.setenv("TL_PUBLIC", "1")
    monkeypatch.setattr(task, "ensure_dispatcher", lambda home: None)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**12))
    page, other = open_page(), open_page()
    button(page, "Train both").click().run()
    assert page.button[0].disabled
    other.run()
    assert not other.button[0].disabled
    assert LOCAL not in [run.owner for run in RunStore().list(by=LOCAL)[:2]]


def test_a_figure_shows_words_as_words():
    shown = _as_html(Figure('"><script>', "<b>", ("<i>one", "two")))
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "&lt;i&gt;one<br>two" in shown


def test_the_dispatcher_is_warmed_up_once_a_minute_and_never_without_a_server(
    monkeypatch, tmp_path
):
    asked: list[Path] = []
    monkeypatch.setattr(task, "ensure_dispatcher", asked.append)
    task.warm_up(tmp_path)
    assert asked == []
    monkeypatch.setattr("streamlit.runtime.exists", lambda: True)
    for _ in range(5):
        task.warm_up(tmp_path)
    end = time.monotonic() + 5
    while not asked and time.monotonic() < end:
        time.sleep(0.01)
    assert asked == [tmp_path]


def test_neither_this_page_nor_runs_ever_loads_torch():
    program = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        f"page = AppTest.from_file({MAIN!r}, default_timeout=60).run();"
        "page.switch_page('../../pages/runs.py').run();"
        "assert not page.exception; assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
