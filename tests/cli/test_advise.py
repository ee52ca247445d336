"""`advise` and `auto`: from pictures to an answer, in people's words."""

import pytest

from tlcore.cli import main
from tlcore.recipe.text import from_file
from tlcore.runs.card_trial import ask, asked_in, folder_of, found_in, question_for
from tlcore.runs.jobs import JobKind

TINY = """data: {shapes: {per_class: 8, test_per_class: 4, size: 32}}
"""


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


def test_a_table_and_what_to_take(tiny, capsys):
    cards = ("--card", "pebble-shapes", "--card", "pebble-photo")
    assert main(["advise", str(tiny), *cards]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split()[:2] == ["card", "px"]
    assert "of 80 pictures right that its head had not seen" in out
    assert "--set model.backbone=pebble-" in out


def test_a_card_that_does_not_exist_is_refused(tiny, capsys):
    assert main(["advise", str(tiny), "--card", "resnet19"]) == 1
    assert "must be a card's name" in capsys.readouterr().err


def test_what_a_page_asks_is_left_where_it_looks(tiny, monkeypatch):
    monkeypatch.setattr(JobKind, "start", lambda *given: None)
    question = question_for(from_file(tiny))
    folder = folder_of(question)
    ask(question, folder)
    assert asked_in(folder) == question
    assert main(["advise", folder.name]) == 0
    found = found_in(folder)
    assert found is not None
    assert found.pictures == 80


@pytest.mark.parametrize("minutes", ["0", "soon", "-1"])
def test_a_budget_must_be_a_number_of_minutes(tiny, minutes, capsys):
    with pytest.raises(SystemExit):
        main(["auto", str(tiny), "--minutes", minutes])
    assert "must be a number of minutes" in capsys.readouterr().err


def test_auto_tests_reports_and_says_what_is_not_sure(tiny, tmp_path, capsys):
    assert main(["auto", str(tiny), "--minutes", "0.001", "--to", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "What was done:" in out
    assert "There was no time left for the package" in out
    assert "longer than the 0.001 minutes" in out
    assert (tmp_path / "out" / "report.html").stat().st_size > 1000
