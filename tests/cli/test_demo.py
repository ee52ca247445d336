from tests.runs import fake_run
from tlcore import catalog, paths
from tlcore.access import LOCAL
from tlcore.nn import worker
from tlcore.runs.states import State
from tlcore.runs.store import RunStore


def test_both_systems_are_trained_and_stand_side_by_side(command):
    answer = command("demo")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[1].startswith("scratch")
    assert lines[2].startswith("transfer")
    assert "On the same test pictures, transfer is ahead" in answer.out
    runs = RunStore().list(by=LOCAL)
    assert [run.preset for run in runs] == ["demo-transfer", "demo-scratch"]


def test_json_has_accuracy_interval_and_seconds_of_both(command):
    answer = command("demo", "--json").json
    for system in ("scratch", "transfer"):
        low, high = answer[system]["interval"]
        assert low < answer[system]["accuracy"] < high
        assert answer[system]["seconds"] > 0
        assert RunStore().get(answer[system]["run"], by=LOCAL).state == State.FINISHED
    assert answer["seconds"] > 0


def test_the_backbone_is_pre_trained_first_only_if_it_is_not_here(command, monkeypatch):
    monkeypatch.setattr(paths, "weight_folders", lambda: [paths.home() / "weights"])
    assert "pre-training it first" in command("demo").err
    assert catalog.here("pebble-shapes") is not None
    assert "pre-training" not in command("demo").err


def test_an_interrupted_demo_is_130_and_says_how_to_go_on(command, monkeypatch):
    def train(recipe, *, resume=None, enough=None):
        yield from list(fake_run.train(recipe))[:10]
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "load_engine", lambda threads: train)
    answer = command("demo")
    assert answer.code == 130
    assert "python -m tlcore resume" in answer.err
    assert len(RunStore().list(by=LOCAL)) == 1
