import pytest

from tlcore.access import LOCAL
from tlcore.runs.states import State
from tlcore.runs.store import RunStore


@pytest.fixture
def run(command, tmp_path):
    """A rehearsal that has come to its end."""
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("name: mine\nepochs: 2\n")
    return command("run", str(recipe), "--json").json["run"]


def test_a_run_goes_into_the_bin_and_comes_out_again(command, run):
    assert run in command("bin", run).out
    assert command("runs", "--json").json["runs"] == []
    assert run in command("bin").out
    assert command("bin", run, "--restore", "--json").json["runs"][0]["binned"] is None
    assert run in command("runs").out
    assert run not in command("bin").out


def test_an_emptied_bin_is_empty(command, run):
    folder = RunStore().folder(run, by=LOCAL).path
    command("bin", run)
    assert "nothing to clear up" in command("bin", "--empty", "--days", "1").out
    assert folder.exists()
    answer = command("bin", "--empty")
    assert run in answer.out
    assert "have gone" in answer.out
    assert not folder.exists()
    assert command("runs", run).code == 1


def test_a_run_that_still_waits_is_not_binned(command):
    run = command("run", "demo-scratch", "--background", "--json").json["run"]
    answer = command("bin", run)
    assert answer.code == 1
    assert "Cancel it first" in answer.err


def test_pruning_only_tells_what_would_go_until_it_is_wanted(command, run):
    answer = command("prune", "--days", "0")
    assert answer.code == 0
    assert f"old run  {run}" in answer.out
    assert "nothing has been done yet" in answer.out
    assert "free " in answer.out
    assert run in command("runs").out
    done = command("prune", "--days", "0", "--apply", "--json").json
    assert done["done"]
    assert [going["name"] for going in done["going"]] == [run]
    assert run in command("bin").out
    assert "nothing to clear up" in command("prune").out


@pytest.mark.parametrize("amount", ["-1", "many", "inf", "nan"])
def test_amounts_that_are_none_are_refused(command, amount):
    answer = command("prune", "--days", amount)
    assert answer.code == 2
    assert "must be a number from 0 on" in answer.err


def test_what_is_no_exported_run_is_refused_in_words(command, tmp_path):
    file = tmp_path / "run.zip"
    file.write_bytes(b"no zip")
    answer = command("import", str(file))
    assert answer.code == 1
    assert "Error: " in answer.err
    assert RunStore().list(by=LOCAL, states=[State.FINISHED]) == ()


def test_a_run_is_exported_to_one_file_and_never_over_another(command, run, tmp_path):
    file = tmp_path / "mine.zip"
    answer = command("export", run, str(file), "--json")
    assert answer.code == 0
    assert answer.json["bytes"] == file.stat().st_size > 0
    before = file.read_bytes()
    assert command("export", run, str(file)).code == 1
    assert file.read_bytes() == before


def test_a_lab_is_backed_up_and_restored_into_a_folder_of_its_own(
    command, run, tmp_path, monkeypatch
):
    file, there = tmp_path / "lab.thaw-lab", tmp_path / "there"
    assert "holds 1 runs and 0 uploads" in command("backup", str(file)).out
    assert "lives in this folder already" in command("restore", str(file)).err
    monkeypatch.setenv("TL_HOME", str(there))
    assert command("restore", str(file), "--json").json["runs"] == 1
    assert run in command("runs").out


def test_restore_wants_a_file_or_a_version(command):
    assert "FILE or --before" in command("restore").err
    assert "No database was kept" in command("restore", "--before", "2").err
