import re

import pytest

from tests.studies.reproduce.measured import measurement
from tlcore.studies.reproduce import jobs as module
from tlcore.studies.reproduce.book import Book
from tlcore.studies.reproduce.jobs import jobs
from tlcore.studies.reproduce.rows import REPORTED, ROWS
from tlcore.studies.reproduce.table import page


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path / "results.json")


@pytest.fixture
def cifar_here(monkeypatch):
    """As if CIFAR-10 were on this machine, and no weights but the carried ones."""
    monkeypatch.setattr(module, "_has_data", lambda recipe: recipe.data.name != "cifar100")


def lines(text, letters="ABCDE"):
    return [line for line in text.splitlines() if re.match(rf"\| [{letters}] \|", line)]


def test_every_report_s_system_has_a_line_that_begins_with_its_letter(book):
    found = lines(page(book, [], quick=False).split("## Claims")[0])
    assert [line[2] for line in found] == [r.preset[0].upper() for r in REPORTED]
    assert len(found) >= 14


def test_what_was_not_run_has_its_reason_and_the_exact_command(book):
    text = page(book, list(jobs(ROWS, quick=False)), quick=False)
    [line] = [line for line in lines(text) if "`e-vgg16`" in line]
    assert "no weights of VGG16 here" in line
    assert "not run here: `python -m tlcore run e-vgg16`" in line
    assert "62.28 %" in line


def test_a_measured_row_has_figure_interval_machine_time_and_verdict(book, cifar_here):
    every = list(jobs(ROWS, quick=False))
    job = next(job for job in every if job.row.id == "e-cnn")
    book.add(job, measurement("e-cnn", 0.745, seconds=612))
    [line] = [line for line in lines(page(book, every, quick=False)) if "`e-cnn`" in line]
    assert line.startswith("| E | ")
    for cell in ("74.49 %", "74.5 % [73.6, 75.3], 1 seed", "a machine, 1 of 2 cores", " 612 "):
        assert cell in line
    assert "nothing: the whole recipe" in line
    assert "| **undecided** |" in line
    assert "it takes 3 seeds. |" in line


def test_three_seeds_of_a_whole_recipe_decide_and_say_where_one_more_would_land(book, cifar_here):
    every = list(jobs(ROWS, quick=False))
    for job in every:
        if job.row.id == "e-cnn":
            book.add(job, measurement("e-cnn", 0.745 + 0.001 * job.seed, seed=job.seed))
    [line] = [line for line in lines(page(book, every, quick=False)) if "`e-cnn`" in line]
    assert "| **reproduced** |" in line
    assert "one more run: 74.6 % [" in line


def test_a_row_run_in_part_says_so_and_gives_the_command(book, cifar_here):
    every = list(jobs(ROWS, quick=False))
    [job] = [job for job in every if job.row.id == "a-scratch"]
    book.add(job, measurement("a-scratch", 0.70))
    [line] = [line for line in lines(page(book, every, quick=False)) if "`a-scratch`" in line]
    assert "5 of 50 epochs: for two cores" in line
    assert "not decided by a stand-in or a cut-down run: `python -m tlcore run a-scratch`" in line


def test_the_margins_stand_at_the_top_of_the_page(book):
    rules = page(book, [], quick=False).split("## ")[0]
    for words in ("less than 3 points apart", "1 point of accuracy", "10 % of time or epochs"):
        assert words in " ".join(rules.split())


def test_a_claim_tested_on_a_stand_in_says_that_the_report_s_own_recipe_was_not_run(
    book, monkeypatch
):
    monkeypatch.setattr(module, "missing", lambda recipe: "")
    every = list(jobs(ROWS, quick=False))
    for job in every:
        if job.row.id.startswith("lite0"):
            book.add(job, measurement(job.row.id, 0.5 + 0.01 * job.seed, seed=job.seed))
    text = page(book, every, quick=False)
    [line] = [line for line in text.splitlines() if "Freezing the base raises" in line]
    assert "in a stand-in (EfficientNet-Lite0 at 96 px on a part of CIFAR-10)" in line
    assert "the report's own recipe was not run here" in line


def test_a_row_that_could_be_run_but_was_not_says_how(book, cifar_here):
    text = page(book, list(jobs(ROWS, quick=False)), quick=False)
    [line] = [line for line in lines(text) if "`e-cnn`" in line]
    assert "`python -m tlcore reproduce --only e-cnn`" in line
    assert "not run here: `python -m tlcore run e-cnn`" in line


def test_the_page_says_where_and_when_it_was_measured(book):
    every = list(jobs(ROWS, quick=True))
    for job in every:
        book.add(job, measurement(job.row.id, 0.5, seed=job.seed))
    text = page(book, every, quick=True)
    assert "**A quick table**" in text
    assert "at commit 0123456789" in text
    assert "2026-01-01 00:00" in text


def test_tables_are_whole_whatever_is_in_them(book):
    text = page(book, [], quick=False)
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1
