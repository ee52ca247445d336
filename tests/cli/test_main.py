import subprocess
import sys
import time

import pytest

from tlcore import paths
from tlcore.cli import compare, main, parser

VERBS = (
    "demo", "run", "resume", "pretrain", "runs", "queue", "pause", "stop", "cancel",
    "bin", "prune", "export", "import",
    "recipes", "data", "backbones", "compare", "ensemble", "distil", "ship", "doctor",
    "reproduce", "curve", "open", "serve", "advise", "auto",
)  # fmt: skip


def test_help_is_there_at_once_and_loads_nothing_heavy():
    heavy = {"torch", "numpy", "pydantic", "yaml", "pandas", "pyarrow", "streamlit"}
    code = (
        "import sys; from tlcore.cli import parser; parser().format_help();"
        f"print({heavy!r} & set(sys.modules))"
    )
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=paths.PROJECT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        best = min(best, time.perf_counter() - began)
    assert done.stdout.strip() == "set()"
    assert best < 1.0  # 0.1 s here; the bound is for a busy machine


def test_the_module_can_be_run_and_its_exit_code_is_the_verb_s():
    done = subprocess.run(
        [sys.executable, "-m", "tlcore", "resume", "nothing"],
        cwd=paths.PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "There is no run 'nothing'" in done.stderr
    assert done.stdout == ""


def test_help_lists_every_verb_and_the_exit_codes(command):
    answer = command("--help")
    assert answer.code == 0
    assert all(f"    {verb} " in answer.out for verb in VERBS)
    assert "130 it was interrupted" in answer.out


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_has_examples_that_its_parser_understands(command, verb):
    answer = command(verb, "--help")
    examples = [line.strip() for line in answer.out.splitlines() if "  python -m tlcore " in line]
    assert answer.code == 0
    assert examples
    for example in examples:
        words = example.partition(" > ")[0].split()[3:]
        assert parser().parse_args(words).do


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: VERB"),
        (["rum"], "there is no 'rum'; did you mean run?"),
        (["zzz"], "there are demo, open, serve, run"),
        (["runs", "a", "b"], "unrecognized arguments: b"),
        (["runs", "--newest", "0"], "'0' must be a number from 1 on"),
        (["cancel"], "the following arguments are required: RUN"),
        (["--json"], "the following arguments are required: VERB"),
        (["run"], "the following arguments are required: FILE|PRESET"),
        (["run", "a.yaml", "b.yaml"], "unrecognized arguments: b.yaml"),
        (["run", "a.yaml", "--set"], "expected one argument"),
        (["run", "a.yaml", "--set", "epochs"], "'epochs' must be FIELD=VALUE"),
        (["run", "a.yaml", "--sett", "epochs=1"], "unrecognized arguments: --sett"),
        (["resume"], "the following arguments are required: RUN"),
        (["compare"], "the following arguments are required: RUN"),
        (["demo", "fast"], "unrecognized arguments: fast"),
        (["doctor", "--jso"], "unrecognized arguments: --jso"),
        (["backbones", "a", "b"], "unrecognized arguments: b"),
        (["pretrain"], "the following arguments are required: NAME"),
    ],
    ids=" ".join,
)
def test_a_malformed_command_gets_one_clear_line(command, arguments, said):
    answer = command(*arguments)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert answer.out == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "/full/last"), "No space left on device"),
        (PermissionError(13, "Permission denied", "/theirs"), "Permission denied (/theirs)"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "torch is not installed"),
    ],
)
def test_what_the_system_refuses_is_said_without_a_traceback(command, monkeypatch, error, said):
    monkeypatch.setattr(compare, "rows_of", lambda store, runs: _raise(error))
    answer = command("compare", "x", "--json")
    assert answer.code == 1
    assert said in answer.err
    assert said.partition(" (")[0] in answer.json["error"]["what"]


def test_a_bug_is_not_dressed_up_as_a_mistake_of_the_person(command, monkeypatch):
    monkeypatch.setattr(compare, "rows_of", lambda store, runs: _raise(ValueError("bug")))
    with pytest.raises(ValueError, match="bug"):
        main(["compare", "x"])


def test_an_interrupt_is_130(command, monkeypatch):
    monkeypatch.setattr(compare, "rows_of", lambda store, runs: _raise(KeyboardInterrupt))
    assert command("compare", "x").code == 130


def test_a_reader_that_has_seen_enough_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m tlcore backbones | head -n 1",
        shell=True, cwd=paths.PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("name")
    assert done.stderr == ""


def _raise(error):
    raise error
