"""The part Robustness of the page Results: what is known, what goes on, and how to get the rest."""

import os

import numpy as np
import pytest

from tests.runs.examined import examined, predict
from tests.ui.looking import button, open_page
from tlcore.access import LOCAL, known_by
from tlcore.analysis.robustness import CORRUPTIONS, SEVERITIES, Case, Robustness
from tlcore.paths import PROJECT
from tlcore.runs.jobs import MEASUREMENT
from tlcore.runs.lock import locked
from tlcore.runs.robustness import keep_robustness
from tlcore.runs.store import RunStore
from tlcore.ui.results.robustness import robustness_table, severity_chart

EVERY = [Case(name, severity) for name in CORRUPTIONS for severity in SEVERITIES]


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def run(store):
    return examined(store, predict([0, 1, 1, 0], [0, 1, 1, 1], ("cat", "dog")))


@pytest.fixture
def started(monkeypatch):
    """The commands that would have been started."""
    commands = []

    class Process:
        pid = os.getpid()

        def poll(self):
            return None

    def start(command, *others):
        commands.append(command)
        return Process()

    monkeypatch.setattr("tlcore.runs.jobs.start_apart", start)
    return commands


def made_up(n=200, cases=EVERY):
    chance = np.random.default_rng(0)
    worse = {case: chance.random(n) < 0.9 - 0.15 * case.severity for case in cases}
    return Robustness("p", chance.random(n) < 0.9, worse)


def keep(store, run, found):
    network = store.artifact(run, "best", by=LOCAL)
    keep_robustness(store.folder(run, by=LOCAL).path, network.name, found)


def text_of(page):
    return "\n".join(
        each.value for kind in ("markdown", "caption", "info") for each in page.get(kind)
    )


def test_where_nothing_was_measured_it_says_how_to(store, run, started):
    page = open_page("results", run=run, part="Robustness")
    assert "Nobody has measured yet" in text_of(page)
    assert page.code[0].value == f"python -m tlcore robust {run}"
    assert not page.get("plotly_chart")


def test_the_button_has_it_measured_in_the_background(store, run, started):
    page = open_page("results", run=run, part="Robustness")
    button(page, "Measure it now").click().run()
    assert not page.exception
    assert started == [["tlcore", "robust", run]]
    assert not [each for each in page.button if "Measure" in each.label]


def test_nothing_is_measured_because_of_a_choice_on_another_page(store, run, started):
    other = examined(store, predict([0, 1, 1, 0], [0, 1, 1, 1], ("cat", "dog")))
    page = open_page("compare", run=f"{run},{other}", side="Curves")
    page.query_params["part"] = "Robustness"
    page.switch_page(str(PROJECT / "pages" / "results.py")).run()
    assert button(page, "Measure it now")
    assert started == []


def test_while_somebody_measures_it_says_how_far_that_is(store, run, started):
    keep(store, run, made_up(cases=EVERY[:30]))
    with locked(MEASUREMENT.of(store.folder(run, by=LOCAL).path).lock):
        page = open_page("results", run=run, part="Robustness")
    assert "30 of 75 so far" in page.get("progress")[0].proto.text
    assert not [each for each in page.button if "Measure" in each.label]
    assert len(page.dataframe[-1].value) == 6


def test_what_is_known_is_a_sentence_a_chart_and_a_table(store, run, started):
    keep(store, run, made_up())
    page = open_page("results", run=run, part="Robustness")
    assert "15 corruptions at severities 1, 2, 3, 4 and 5" in text_of(page)
    assert len(page.get("plotly_chart")) == 1
    table = page.dataframe[-1].value
    assert table["corruption"].tolist() == list(CORRUPTIONS)
    assert not [each for each in page.button if "Measure" in each.label]


def test_what_is_left_can_be_measured_too(store, run, started):
    keep(store, run, made_up(cases=EVERY[:10]))
    page = open_page("results", run=run, part="Robustness")
    assert "10 cases of 75" in text_of(page)
    button(page, "Measure the rest").click().run()
    assert started == [["tlcore", "robust", run, "--pictures", "200"]]


def test_few_pictures_are_warned_of(store, run, started):
    keep(store, run, made_up(n=20))
    page = open_page("results", run=run, part="Robustness")
    assert any("only 20 pictures" in each.value for each in page.warning)


def test_what_was_found_of_an_earlier_network_is_not_shown(store, run, started):
    keep_robustness(store.folder(run, by=LOCAL).path, "best-0.safetensors", made_up())
    assert "Nobody has measured yet" in text_of(open_page("results", run=run, part="Robustness"))


def test_a_damaged_file_is_told_and_the_rest_of_the_page_goes_on(store, run, started):
    (store.folder(run, by=LOCAL).path / "robustness.json").write_text("{")
    page = open_page("results", run=run, part="Robustness")
    assert "be read" in page.error[0].value
    assert page.metric[0].value == "75.0 %"


def test_only_whoever_sits_at_the_machine_starts_it(store, started, monkeypatch):
    visitor = known_by("a key of some browser")
    run = examined(store, predict([0, 1], [0, 1], ("cat", "dog")), by=visitor)
    monkeypatch.setattr("tlcore.ui.results.robustness.me", lambda: visitor)
    page = open_page("results", run=run, part="Robustness")
    assert page.code[0].value == f"python -m tlcore robust {run}"
    assert not [each for each in page.button if "Measure" in each.label]


def test_the_chart_has_a_line_a_family_from_the_clean_pictures_on():
    figure = severity_chart(made_up())
    assert [line.name for line in figure.data] == ["noise", "blur", "weather", "digital"]
    for line in figure.data:
        assert len(line.x) == 6
        assert [round(place) for place in line.x] == [0, 1, 2, 3, 4, 5]
        assert line.y[0] == figure.data[0].y[0]
        assert all(each >= 0 for each in (*line.error_y.array, *line.error_y.arrayminus))


def test_the_table_has_a_mean_with_its_interval_beside_the_severities():
    found = made_up(cases=[case for case in EVERY if case.severity in (1, 5)])
    table = robustness_table(found)
    assert list(table.columns) == ["corruption", "family", "1", "5", "mean", "mean, 95 %"]
    assert table["mean"].tolist() == pytest.approx(((table["1"] + table["5"]) / 2).tolist())
    assert all(" to " in text for text in table["mean, 95 %"])
