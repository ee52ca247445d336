"""`robust`: a table in people's words, resumable, and clear about what it doesn't understand."""

import pytest

from tests.runs.small import train_small
from tlcore.access import LOCAL


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two runs on the same twenty test pictures."""
    home = tmp_path_factory.mktemp("home")
    return [train_small(home, seed=seed, name=f"seed {seed}") for seed in range(2)]


@pytest.fixture
def runs(trained, monkeypatch):
    for each in trained:
        path = each.store.folder(each.id, by=LOCAL).path / "robustness.json"
        path.unlink(missing_ok=True)
    monkeypatch.setenv("TL_HOME", str(trained[0].home))
    return [each.id for each in trained]


def test_a_run_gets_a_table_and_a_sentence(command, runs):
    answer = command("robust", runs[0], "--corruptions", "fog,contrast", "--severities", "1,5")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].startswith("seed 0  ")
    assert lines[2].split() == ["corruption", "family", "1", "5", "mean"]
    assert [line.split()[:2] for line in lines[3:5]] == [
        ["fog", "weather"],
        ["contrast", "digital"],
    ]
    assert "2 corruptions at severities 1 and 5" in answer.out
    assert "4/4  contrast 5: " in answer.err


def test_a_family_stands_for_all_of_it(command, runs):
    answer = command("robust", runs[0], "--corruptions", "noise", "--severities", "3", "--json")
    (run,) = answer.json["runs"]
    assert [row["corruption"] for row in run["table"]] == [
        "gaussian-noise", "shot-noise", "impulse-noise",
    ]  # fmt: skip
    assert run["pictures"] == 20
    assert run["families"].keys() == {"noise"}
    assert run["severities"].keys() == {"3"}
    assert run["mean"]["low"] <= run["mean"]["value"] <= run["mean"]["high"]
    assert run["mean"]["warning"] == "only 20 pictures"
    assert run["difference"] is None


def test_others_are_compared_with_the_first_on_the_same_pictures(command, runs):
    chosen = ("--corruptions", "brightness", "--severities", "2")
    answer = command("robust", *runs, *chosen)
    assert "seed 1" in answer.out
    assert "than seed 0" in answer.out
    fields = command("robust", *runs, *chosen, "--json").json["runs"]
    means = [run["mean"]["value"] for run in fields]
    assert fields[1]["difference"]["value"] == pytest.approx(means[1] - means[0])


def test_what_is_known_is_not_measured_again(command, runs, monkeypatch):
    chosen = ("--corruptions", "jpeg", "--severities", "1")
    before = command("robust", runs[0], *chosen).out
    monkeypatch.setattr("tlcore.nn.robustness.corrupted", None)
    assert command("robust", runs[0], *chosen).out == before


def test_an_interruption_keeps_what_was_measured(command, runs, monkeypatch):
    from contextlib import contextmanager

    from tlcore.cli import robust

    @contextmanager
    def at_once():
        yield lambda: True

    with monkeypatch.context() as patched:
        patched.setattr(robust, "stop_when_asked", at_once)
        answer = command("robust", runs[0], "--corruptions", "fog", "--severities", "1,2")
    assert answer.code == 130
    assert "goes on from there" in answer.err
    assert not answer.out
    answer = command("robust", runs[0], "--corruptions", "fog", "--severities", "1")
    assert answer.code == 0


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--severities", "0,1", "no severities"),
        ("--severities", "", "no severities"),
        ("--corruptions", "rain", "no corruption 'rain'"),
        ("--pictures", "0", "no number of pictures"),
        ("--pictures", "many", "no number of pictures"),
    ],
)
def test_what_is_not_understood_is_told_in_a_line(command, option, value, words):
    answer = command("robust", "a-run", option, value)
    assert answer.code == 2
    assert words in answer.err


def test_a_run_that_is_not_there_is_told(command):
    answer = command("robust", "20261121-142233-3fa97c1e5b20d486")
    assert answer.code == 1
    assert answer.err.startswith("Error: ")
