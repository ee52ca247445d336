"""The table of faults is complete, judges rightly, and passes nothing over in silence."""

import re

import pytest

from bench.faulting import mounts, table
from bench.faulting.all import ROWS
from bench.faulting.rows import Budget, Later, NotHere, Outcome, Row
from bench.faulting.run import run


def row(check):
    return Row(99, "a fault", "nothing | much", check, full=3, quick=2)


def test_every_row_of_the_matrix_is_there_once():
    assert [each.number for each in ROWS] == list(range(1, 43))


def test_the_table_has_a_line_for_every_row():
    lines = re.findall(r"^\| (\d+) \|", table.TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(map(int, lines)) == [each.number for each in ROWS]


def holding(budget):
    return Outcome(sum(1 for _ in budget.trials()), "all is well")


def breaking(budget):
    return Outcome(1, "some", ("it broke",))


def without_trials(budget):
    return Outcome(0, "")


def raising(budget):
    raise OSError("what nobody foresaw")


def dying(budget):
    import os

    os._exit(0)


def impossible(budget):
    raise NotHere("only root may")


def unbuilt(budget):
    raise Later("the pages")


@pytest.mark.parametrize(
    ("check", "verdict", "said"),
    [
        (holding, "holds", "all is well"),
        (breaking, "FAILS", "it broke"),
        (without_trials, "FAILS", "no trial was made"),
        (raising, "FAILS", "what nobody foresaw"),
        (dying, "FAILS", "died"),
        (impossible, "not here", "only root may"),
        (unbuilt, "later", "the pages"),
    ],
)
def test_a_row_is_judged_by_what_came_of_it(check, verdict, said):
    result = run(row(check), quick=True)
    assert result.verdict == verdict
    assert said in result.found


def test_trials_end_with_their_number_or_their_time(tmp_path):
    assert len(list(Budget(5, 60.0, tmp_path).trials())) == 5
    assert list(Budget(5, 0.0, tmp_path).trials()) == []


def test_lines_of_rows_that_were_not_run_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "TABLE", tmp_path / "FAULTS.md")
    rows = [Row(number, "f", "h", holding, full=3, quick=2) for number in (1, 2)]
    results = [run(each, quick=True) for each in rows]
    table.write(results, rows)
    before = table.TABLE.read_text()
    assert "| 2 of 3 | **holds**: all is well |" in before
    table.write(results[:1], rows)
    assert table.TABLE.read_text() == before


def test_who_may_not_mount_is_told_so(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(NotHere, match="only root"):
        mounts.in_a_namespace("bench.faulting.power", seconds=1)
