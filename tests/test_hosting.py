"""The Dockerfile and its companions: what a linter would say, and that they fit each other."""

import os
import re
import subprocess
import sys

import yaml

from bench.hosting import command, copied, lay_out, steps, variables
from tlcore.cli import parser, serving
from tlcore.paths import PROJECT

DOCKERFILE = PROJECT / "Dockerfile"
STEPS = steps(DOCKERFILE)
GUIDE = (PROJECT / "docs" / "guide" / "hosting.md").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]["thaw"]


def values(name):
    return [rest for each, rest in STEPS if each == name]


def test_every_instruction_is_one_and_the_base_is_of_a_version():
    known = {"FROM", "ARG", "RUN", "USER", "WORKDIR", "ENV", "COPY", "VOLUME", "EXPOSE",
             "HEALTHCHECK", "CMD"}  # fmt: skip
    assert {name for name, _ in STEPS} <= known
    assert STEPS[0][0] == "FROM"
    assert re.fullmatch(r"python:3\.\d+-slim", STEPS[0][1])


def test_nothing_is_served_copied_or_installed_as_root():
    names = [name for name, _ in STEPS]
    assert values("USER") == ["thaw"]
    assert names.index("USER") < min(names.index("COPY"), names.index("CMD"))
    assert "--uid 1000" in values("RUN")[0]
    assert all(rest.startswith("--chown=thaw:thaw ") for rest in values("COPY"))
    assert not any("sudo" in rest or "curl" in rest for _, rest in STEPS)


def test_pip_keeps_no_cache_and_no_secret_is_baked_in():
    for rest in values("RUN"):
        assert rest.count("pip install") == rest.count("pip install --no-cache-dir")
    baked = " ".join(values("ENV") + values("ARG"))
    assert not re.search(r"TOKEN|SECRET|PASSWORD", baked)


def test_libraries_are_those_of_the_lock_taken_by_their_sums():
    (installed,) = (rest for rest in values("RUN") if "pip install" in rest)
    assert "requirements.lock" in copied(DOCKERFILE)
    assert "requirements.txt" not in installed
    given = re.findall(r"pip install ([^&;]*)", installed)
    assert ["--require-hashes" in each for each in given] == [False, True]
    assert '--no-deps --index-url "$TORCH_INDEX"' in given[0]


def test_commands_are_lists_so_that_signals_reach_them():
    given = command(DOCKERFILE, "CMD")
    assert given[:3] == ["python", "-m", "tlcore"]
    assert parser().parse_args(given[3:]).do is serving.serve
    assert command(DOCKERFILE, "HEALTHCHECK")[:2] == ["python", "-c"]


def test_every_copied_file_is_here_and_let_through():
    through = (PROJECT / ".dockerignore").read_text().split()
    for name in copied(DOCKERFILE):
        assert (PROJECT / name).exists()
        assert f"!{name}" in through
    assert {"app.py", "pages", "tlcore", ".streamlit", "checkpoints"} <= set(copied(DOCKERFILE))


def test_every_file_beside_the_code_that_the_code_reads_is_copied():
    read = set()
    for path in (PROJECT / "tlcore").rglob("*.py"):
        read |= set(re.findall(r'PROJECT / "([\w.-]+)"', path.read_text(encoding="utf-8")))
    kept = {name for name in read - {".thaw"} if (PROJECT / name).exists()}
    assert {"requirements.txt", "pages"} <= kept
    assert kept - {"docs", "bench", "tests", "tools"} <= {*copied(DOCKERFILE)}


def test_with_what_is_copied_and_nothing_else_the_command_starts(tmp_path):
    app = lay_out(tmp_path, os.getuid())
    words = [sys.executable, *command(DOCKERFILE, "CMD")[1:], "--help"]
    done = subprocess.run(words, cwd=app, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--port" in done.stdout


def test_the_port_is_the_same_everywhere():
    (port,) = values("EXPOSE")
    assert port == str(parser().parse_args(["serve"]).port)
    assert f"127.0.0.1:{port}/_stcore/health" in command(DOCKERFILE, "HEALTHCHECK")[2]
    assert COMPOSE["ports"] == [f"{port}:{port}"]
    assert f"app_port: {port}" in GUIDE


def test_runs_lie_on_the_volume_and_everybody_has_a_key():
    given = variables(DOCKERFILE)
    assert given["TL_PUBLIC"] == "1"
    assert values("VOLUME") == [given["TL_HOME"]]
    assert [each.partition(":")[2] for each in COMPOSE["volumes"]] == [given["TL_HOME"]]
    assert "TL_OWNER_TOKEN" in COMPOSE["environment"]


def test_a_space_is_told_what_it_is():
    (front,) = re.findall(r"```text\n---\n(.*?)---\n```", GUIDE, re.DOTALL)
    facts = yaml.safe_load(front)
    assert (facts["sdk"], facts["license"]) == ("docker", "mit")
    assert {"title", "emoji", "colorFrom", "colorTo", "short_description"} <= facts.keys()
    assert len(facts["short_description"]) <= 60


def test_uploads_pass_a_spaces_frame_and_no_other(monkeypatch):
    option = "--server.xsrfCookieSameSite"
    assert option not in serving.command_for("0.0.0.0", 8501)
    monkeypatch.setenv("SPACE_ID", "somebody/thaw")
    assert serving.command_for("0.0.0.0", 8501)[-2:] == [option, "none"]


def test_every_variable_that_opens_the_lab_is_told_of():
    for path in ("tlcore/access.py", "tlcore/runs/spawn.py", "compose.yaml"):
        for name in re.findall(r"\bTL_[A-Z]+(?:_[A-Z]+)*\b", (PROJECT / path).read_text()):
            assert f"`{name}" in GUIDE or name in ("TL_DEVICE", "TL_SLOTS"), name
