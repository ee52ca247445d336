import json
import math
import os
import signal

import pytest
from PIL import Image

from tests.runs import fake_run
from tlcore import paths
from tlcore.access import LOCAL
from tlcore.cli.run import find_recipe
from tlcore.errors import DataMissing
from tlcore.events import Checkpoint, StepDone
from tlcore.nn import worker
from tlcore.recipe.presets import find
from tlcore.recipe.text import from_file
from tlcore.runs import recorder
from tlcore.runs.results import read_result
from tlcore.runs.states import State
from tlcore.runs.store import RunStore


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nepochs: 3\noptimiser: {name: sgd, rate: 0.1}\n")
    return str(path)


@pytest.fixture(autouse=True)
def save_every_epoch(monkeypatch):
    monkeypatch.setattr(recorder, "SHARE_OF_SAVING", math.inf)


def only_run():
    [run] = RunStore().list(by=LOCAL)
    return run


def result():
    return read_result(RunStore(), only_run().id, by=LOCAL)


def last_saved():
    return RunStore().checkpoints(only_run().id, by=LOCAL)[0].path.read_text()


def replace_train(monkeypatch, train):
    monkeypatch.setattr(worker, "load_engine", lambda threads: train)


def test_a_run_goes_to_its_end_and_says_what_came_out(command, recipe_file):
    answer = command("run", recipe_file)
    assert answer.code == 0
    assert only_run().state == State.FINISHED
    assert f"run        {only_run().id}" in answer.out
    assert "accuracy   86.0%, 95 % interval 73.8% to 93.0%, on 50 test pictures" in answer.out
    assert "weakest    dog 84%, cat 88%" in answer.out
    assert "epoch 3/3" in answer.err


def test_json_is_all_that_reaches_stdout(command, recipe_file):
    answer = command("run", recipe_file, "--json")
    assert answer.json == result()
    assert answer.json["report"]["accuracy"]["value"] == 0.86
    assert "epoch 3/3" in answer.err


def test_what_was_set_is_in_the_recipe_that_is_kept(command, recipe_file):
    command("run", recipe_file, "--set", "epochs=1", "--set", "optimiser.rate=1e-2")
    recipe = RunStore().recipe(only_run().id, by=LOCAL)
    assert (recipe.epochs, recipe.optimiser.name, recipe.optimiser.rate) == (1, "sgd", 0.01)
    assert recipe.name == "mine"


def test_all_that_is_wrong_is_said_at_once_and_no_run_is_begun(command, recipe_file):
    answer = command(
        "run", recipe_file, "--set", "epochs=0", "--set", "batch=x", "--set", "sed=1", "--json"
    )
    assert answer.code == 1
    assert "The recipe has 3 problems" in answer.err
    fields = [problem["field"] for problem in answer.json["error"]["problems"]]
    assert sorted(fields) == ["batch", "epochs", "sed"]
    assert RunStore().list(by=LOCAL) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "does not exist"), (b"\xff\xfe", "is not text"), (b"epochs: [", "is not valid YAML")],
)
def test_a_file_that_is_no_recipe_is_an_error_with_words(command, tmp_path, content, said):
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    answer = command("run", str(path))
    assert answer.code == 1
    assert said in answer.err


def test_the_recipe_that_a_run_keeps_can_be_run_again(command, recipe_file):
    command("run", recipe_file)
    kept = RunStore().folder(only_run().id, by=LOCAL).path / "recipe.yaml"
    assert command("run", str(kept)).code == 0
    assert from_file(kept) == from_file(recipe_file)


def interrupted_in_epoch(number):
    """Ctrl-C comes in the middle of this epoch."""

    def train(recipe, *, resume=None, enough=None):
        for event in fake_run.train(recipe, resume=resume):
            if isinstance(event, StepDone) and (event.epoch, event.step) == (number, 2):
                os.kill(os.getpid(), signal.SIGINT)
            yield event

    return train


def test_ctrl_c_saves_the_state_and_says_how_to_go_on(command, recipe_file, monkeypatch):
    replace_train(monkeypatch, interrupted_in_epoch(1))
    answer = command("run", recipe_file)
    assert answer.code == 130
    assert only_run().state == State.PAUSED
    assert f"python -m tlcore resume {only_run().id}" in answer.err
    assert last_saved() == "1"

    replace_train(monkeypatch, fake_run.train)
    answer = command("resume", only_run().id, "--json")
    assert answer.code == 0
    assert "going on at epoch 2" in answer.err
    assert answer.json == result()


def test_an_interrupted_run_is_json_too(command, recipe_file, monkeypatch):
    replace_train(monkeypatch, interrupted_in_epoch(0))
    answer = command("run", recipe_file, "--json")
    assert answer.code == 130
    assert answer.json == {"run": only_run().id, "state": "paused"}


def test_a_second_ctrl_c_stops_at_once_and_the_last_checkpoint_stands(
    command, recipe_file, monkeypatch
):
    def train(recipe, *, resume=None, enough=None):
        for event in fake_run.train(recipe, resume=resume):
            if isinstance(event, StepDone) and event.epoch == 2:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)
            yield event

    replace_train(monkeypatch, train)
    answer = command("run", recipe_file)
    assert answer.code == 130
    assert f"resume {only_run().id}" in answer.err
    assert last_saved() == "2"


def test_afterwards_ctrl_c_means_again_what_it_meant_before(command, recipe_file):
    before = signal.getsignal(signal.SIGINT)
    command("run", recipe_file)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_that_was_stopped_before_its_first_checkpoint_begins_anew(
    command, recipe_file, monkeypatch
):
    def train(recipe, *, resume=None, enough=None):
        os.kill(os.getpid(), signal.SIGINT)
        yield from fake_run.train(recipe, resume=resume)

    replace_train(monkeypatch, train)
    assert command("run", recipe_file).code == 130
    assert RunStore().checkpoints(only_run().id, by=LOCAL) == ()
    replace_train(monkeypatch, fake_run.train)
    assert command("resume", only_run().id).code == 0


def test_a_refusal_of_the_lab_is_1_and_is_written_down(command, recipe_file, monkeypatch):
    def train(recipe, *, resume=None, enough=None):
        raise DataMissing("CIFAR-10 is not on this machine", remedy="Fetch it.")
        yield

    replace_train(monkeypatch, train)
    answer = command("run", recipe_file, "--json")
    assert answer.code == 1
    assert answer.json["error"]["kind"] == "DataMissing"
    assert "What to do: Fetch it." in answer.err
    assert only_run().state == State.FAILED


def test_a_run_that_has_finished_is_not_done_again(command, recipe_file):
    command("run", recipe_file)
    before = result()
    answer = command("resume", only_run().id)
    assert answer.code == 1
    assert "can't be resumed: it is finished" in answer.err
    assert result() == before


@pytest.mark.parametrize("run", ["nonsense", "../../etc", "20200101-000000-abcd"])
def test_a_run_that_is_not_there_is_an_error_with_words(command, run):
    answer = command("resume", run)
    assert answer.code == 1
    assert f"There is no run {run!r}" in answer.err


def test_pretraining_leaves_weights_where_they_are_looked_for(command):
    answer = command("pretrain", "pebble-shapes", "--json")
    assert answer.code == 0
    epochs = find("pretrain-pebble-shapes").recipe.epochs
    assert answer.json == {"name": "pebble-shapes", "seconds": float(epochs)}
    assert (paths.home() / "weights" / "pebble-shapes.safetensors").exists()


def test_pretraining_goes_on_where_it_was_interrupted(command, monkeypatch):
    def interrupted(recipe, **how):
        for event in fake_run.train(recipe, **how):
            yield event
            if isinstance(event, Checkpoint) and event.epoch == 3:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(worker, "load_engine", lambda threads: interrupted)
        assert command("pretrain", "pebble-shapes").code == 130
    assert not (paths.home() / "weights").exists()
    assert command("pretrain", "pebble-shapes").code == 0
    assert only_run().attempt == 2


def test_pretraining_twice_trains_once(command):
    command("pretrain", "pebble-shapes")
    before = only_run()
    assert command("pretrain", "pebble-shapes").code == 0
    assert only_run() == before


def test_pretraining_in_the_background_is_kept_once_it_has_finished(command, dispatchers):
    answer = command("pretrain", "pebble-shapes", "--background")
    assert answer.code == 0
    assert "python -m tlcore pretrain pebble-shapes" in answer.err
    assert dispatchers == [paths.home()]
    assert only_run().state == "queued"
    assert command("pretrain", "pebble-shapes").code == 0
    assert only_run().state == "finished"


def test_the_result_on_disk_is_strict_json(command, recipe_file):
    command("run", recipe_file)
    path = RunStore().artifact(only_run().id, "result", by=LOCAL)
    assert path is not None
    json.loads(path.read_text(), parse_constant=pytest.fail)


def test_a_zip_of_photos_gets_the_recipe_that_suits_it_but_for_what_is_asked(tmp_path, capsys):
    for number in range(6):
        for name in ("cats", "dogs"):
            file = tmp_path / "photos" / name / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (90, 70), (number * 40, 9, 9)).save(file)
    recipe, _ = find_recipe(str(tmp_path / "photos"), [("epochs", "3")])
    assert recipe.model.backbone == "pebble-photo"  # no other is on this machine
    assert (recipe.optimiser.name, recipe.epochs) == ("exact", 3)
    assert "has to be fetched" in capsys.readouterr().err
