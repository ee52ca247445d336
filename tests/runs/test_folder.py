import re

import pytest

from tlcore import paths
from tlcore.errors import RunError
from tlcore.events import EpochDone, Note
from tlcore.recipe import Data, Recipe
from tlcore.recipe_text import from_file
from tlcore.runs.folder import RunFolder

RECIPE = Recipe(name="Ein Lauf: 'ä' # 鳥", epochs=3)


def epoch_done(epoch, loss):
    return EpochDone(epoch, 0, loss, 0.5, None, None, 1e-3, 1.0, 10.0, best=False)


def test_a_new_run_has_an_id_that_sorts_by_time_and_its_recipe():
    folder = RunFolder.create(RECIPE)
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", folder.id)
    assert folder.path == paths.home() / "runs" / folder.id
    assert RunFolder.open(folder.id).recipe() == RECIPE
    assert folder.preset() == ""


def test_a_run_remembers_the_preset_it_began_as_and_its_recipe_file_can_be_run_again():
    folder = RunFolder.create(RECIPE, preset="demo-scratch")
    assert folder.preset() == "demo-scratch"
    assert folder.recipe() == RECIPE
    assert from_file(folder.path / "recipe.yaml") == RECIPE


def test_a_hundred_runs_of_the_same_second_share_no_folder_and_keep_their_order():
    ids = [RunFolder.create(RECIPE).id for _ in range(100)]
    assert len(set(ids)) == 100
    assert [folder.id for folder in RunFolder.all()] == ids


def test_what_is_no_run_is_not_listed():
    folder = RunFolder.create(RECIPE)
    (paths.home() / "runs" / "20260101-000000-abcd").mkdir()
    (paths.home() / "runs" / "notes").mkdir()
    (paths.home() / "runs" / "notes" / "recipe.yaml").write_text("epochs: 1")
    assert RunFolder.all() == (folder,)


@pytest.mark.parametrize(
    "run", ["../../etc", "", ".", "/etc/passwd", "20260101-000000-abcd", "x" * 5000, "a\0b", "Ω"]
)
def test_whatever_is_no_run_is_refused_by_name(run):
    RunFolder.create(RECIPE)
    with pytest.raises(RunError, match="There is no run"):
        RunFolder.open(run)


def test_a_mistyped_id_suggests_the_nearest():
    folder = RunFolder.create(RECIPE)
    with pytest.raises(RunError) as caught:
        RunFolder.open(folder.id[:-1] + "x")
    assert f"Did you mean {folder.id}?" in str(caught.value)


def test_events_are_kept_in_order():
    folder = RunFolder.create(RECIPE)
    folder.append_event(Note("one"))
    folder.append_event(epoch_done(0, 0.5))
    assert [event["event"] for event in folder.read_events()] == ["Note", "EpochDone"]


def test_an_epoch_that_was_done_twice_counts_once_and_as_it_was_last():
    folder = RunFolder.create(RECIPE)
    for epoch, loss in [(0, 0.9), (1, 0.8), (1, 0.7), (2, 0.6)]:
        folder.append_event(epoch_done(epoch, loss))
    assert [e["train_loss"] for e in folder.epochs()] == [0.9, 0.7, 0.6]


def test_a_result_is_written_once_and_never_replaced():
    folder = RunFolder.create(RECIPE)
    folder.write_result({"accuracy": 0.9})
    with pytest.raises(RunError, match="has a result already"):
        folder.write_result({"accuracy": 0.1})
    assert folder.read_result() == {"accuracy": 0.9}


def test_a_result_that_is_not_there_says_how_to_get_it():
    folder = RunFolder.create(RECIPE)
    with pytest.raises(RunError) as caught:
        folder.read_result()
    assert f"resume {folder.id}" in str(caught.value)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_result_is_an_error_with_words(damage):
    folder = RunFolder.create(RECIPE)
    (folder.path / "result.json").write_bytes(damage)
    with pytest.raises(RunError, match="damaged"):
        folder.read_result()


def test_the_state_follows_from_what_is_there():
    folder = RunFolder.create(RECIPE)
    assert folder.state() == "interrupted"
    with folder.held():
        assert folder.state() == "running"
    folder.append_failure(ValueError("no"))
    assert folder.state() == "failed"
    folder.append_event(Note("going on"))
    assert folder.state() == "interrupted"
    folder.write_result({})
    assert folder.state() == "finished"


def test_two_processes_never_work_on_the_same_run():
    folder = RunFolder.create(RECIPE)
    with folder.held(), pytest.raises(RunError, match="Another process"), folder.held():
        pass


def test_a_recipe_with_a_path_survives_the_folder():
    recipe = Recipe(data=Data(name="folder", path="/photos/a: b#c"))
    assert RunFolder.create(recipe, preset="p").recipe() == recipe
