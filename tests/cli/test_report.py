from pathlib import Path

import pytest

from tlcore.access import LOCAL
from tlcore.errors import AnswerError
from tlcore.recipe import Recipe
from tlcore.report import explaining
from tlcore.runs.store import RunStore


@pytest.fixture
def finished(command, tmp_path, monkeypatch):
    """Two finished runs, and an empty folder to write to."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("epochs: 2\nname: mine\n")
    return [command("run", str(recipe), "--json").json["run"] for _ in range(2)]


def test_a_report_is_written_here_under_the_runs_name(command, finished):
    answer = command("report", finished[0])
    assert answer.code == 0
    file = Path(f"report-{finished[0]}.html")
    assert file.read_text().startswith("<!DOCTYPE html>")
    assert str(file) in answer.out


def test_two_runs_are_compared_in_the_file_that_was_asked_for(command, finished, tmp_path):
    file = tmp_path / "deep" / "down" / "both.html"
    answer = command("report", *finished, "--out", str(file), "--json")
    assert answer.json["file"] == str(file)
    assert answer.json["bytes"] == file.stat().st_size
    assert "Two runs compared" in file.read_text()


def test_a_folder_takes_the_usual_name(command, finished, tmp_path):
    command("report", finished[0], "--out", str(tmp_path))
    assert (tmp_path / f"report-{finished[0]}.html").is_file()


def test_markdown_has_its_pictures_beside_it(command, finished):
    assert command("report", finished[0], "--markdown").code == 0
    text = Path(f"report-{finished[0]}.md").read_text()
    assert text.startswith("# mine")
    assert list(Path(f"report-{finished[0]}-pictures").glob("*.svg"))


def test_a_run_that_has_not_finished_says_what_it_does_instead(command, finished):
    run = RunStore().submit(Recipe(), by=LOCAL).id
    answer = command("report", finished[0], run)
    assert answer.code == 1
    assert "it is queued" in answer.err
    assert not list(Path().glob("*.html"))


def test_a_run_named_twice_is_refused(command, finished):
    answer = command("report", finished[0], finished[0])
    assert answer.code == 1
    assert "named twice" in answer.err


def test_a_place_that_can_not_be_written_to_is_told(command, finished, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    answer = command("report", finished[0], "--out", str(blocked / "report.html"))
    assert answer.code == 1
    assert answer.err.startswith("Error: ")
    assert "Traceback" not in answer.err


def test_the_networks_are_asked_first_why_they_erred(command, finished, monkeypatch):
    asked = []

    def explain(store, story, *, by):
        asked.append(story.run)
        return ("a map",) * 3

    monkeypatch.setattr(explaining, "explain_mistakes", explain)
    answer = command("report", *finished, "--explain")
    assert answer.code == 0
    assert asked == finished
    assert "explained  3 mistakes of mine" in answer.err


def test_a_network_that_can_not_be_asked_is_told_of_and_the_report_is_written(
    command, finished, monkeypatch
):
    def refuse(store, story, *, by):
        raise AnswerError("It says nothing", remedy="Ask later.")

    monkeypatch.setattr(explaining, "explain_mistakes", refuse)
    answer = command("report", finished[0], "--explain")
    assert answer.code == 0
    assert "mine can't be explained: It says nothing" in answer.err
    assert Path(f"report-{finished[0]}.html").is_file()
