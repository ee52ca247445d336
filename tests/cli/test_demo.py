import sys
from types import SimpleNamespace

from tests.runs import fake_run
from tlcore import catalog, paths
from tlcore.runs.folder import RunFolder


def test_both_systems_are_trained_and_stand_side_by_side(command):
    answer = command("demo")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[1].startswith("scratch")
    assert lines[2].startswith("transfer")
    assert "On the same test pictures, transfer is ahead" in answer.out
    assert [f.preset() for f in RunFolder.all()] == ["demo-scratch", "demo-transfer"]


def test_json_has_accuracy_interval_and_seconds_of_both(command):
    answer = command("demo", "--json").json
    for system in ("scratch", "transfer"):
        low, high = answer[system]["interval"]
        assert low < answer[system]["accuracy"] < high
        assert answer[system]["seconds"] > 0
        assert RunFolder.open(answer[system]["run"]).state() == "finished"
    assert answer["seconds"] > 0


def test_the_backbone_is_pre_trained_first_only_if_it_is_not_here(command, monkeypatch):
    monkeypatch.setattr(paths, "weight_folders", lambda: [paths.home() / "weights"])
    assert "pre-training it first" in command("demo").err
    assert catalog.here("pebble-shapes") is not None
    assert "pre-training" not in command("demo").err


def test_an_interrupted_demo_is_130_and_says_how_to_go_on(command, monkeypatch):
    def train(recipe, *, resume=None):
        yield from list(fake_run.train(recipe, resume=resume))[:10]
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "tlcore.nn.engine", SimpleNamespace(train=train))
    answer = command("demo")
    assert answer.code == 130
    assert "python -m tlcore resume" in answer.err
    assert len(RunFolder.all()) == 1
