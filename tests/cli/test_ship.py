import pytest

from tlcore.access import LOCAL
from tlcore.export import script
from tlcore.recipe import Recipe
from tlcore.runs.store import RunStore


@pytest.fixture
def run(command, tmp_path):
    """A finished run, whose network is no network."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("epochs: 1\nname: mine\n")
    return command("run", str(recipe), "--json").json["run"]


def test_without_its_libraries_it_says_what_to_install(command, run, monkeypatch):
    monkeypatch.setattr(script, "missing", lambda: ("onnxruntime",))
    answer = command("ship", run)
    assert answer.code == 1
    assert "onnxruntime is not installed" in answer.err
    assert "pip install -r requirements-ship.txt" in answer.err


def test_a_run_that_has_not_finished_says_what_it_does_instead(command, tmp_path):
    run = RunStore().submit(Recipe(), by=LOCAL).id
    answer = command("ship", run, "--to", str(tmp_path / "taken"))
    assert answer.code == 1
    assert "it is queued" in answer.err
    assert not (tmp_path / "taken").exists()


def test_a_damaged_network_is_told_in_words_and_nothing_is_left(command, run, tmp_path):
    place = tmp_path / "out" / "taken.zip"
    answer = command("ship", run, "--to", str(place))
    assert answer.code == 1
    assert answer.err.splitlines()[-2].startswith("Error: The file can't be read")
    assert list(place.parent.iterdir()) == []


def test_a_way_that_is_none_is_told(command, run):
    answer = command("ship", run, "--int8", "statc")
    assert answer.code == 2
    assert "did you mean static?" in answer.err
