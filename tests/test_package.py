"""The lab as a wheel, in an environment of its own, called from a folder of somebody else's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.test_serving import free_port

PROJECT = Path(__file__).parent.parent
pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

BUILT_FROM = (
    *("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "tlcore", "app.py"),
    *("pages", "checkpoints", ".streamlit", "requirements.txt", "requirements-ship.txt"),
)
RECIPE = """\
data: {name: digits, labels_per_class: 5}
model: {backbone: pebble-shapes}
input: {size: 32}
epochs: 1
"""


@dataclass(frozen=True)
class Installed:
    """The lab as somebody has it who has seen no checkout.

    Attributes:
        python: Of the environment.
        folder: Where commands are given.
        environment: What they know.
    """

    python: Path
    folder: Path
    environment: dict[str, str]

    @property
    def command(self) -> str:
        return str(self.python.with_name("thaw"))

    def thaw(self, *words: str) -> str:
        """What a verb prints."""
        return _done(self.command, *words, cwd=self.folder, env=self.environment)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of a copy, because building leaves folders behind."""
    if int(version("setuptools").split(".")[0]) < 80:
        pytest.skip(f"builds with setuptools 80 or newer; here is {version('setuptools')}")
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "checkout"
    for name in BUILT_FROM:
        _copy(PROJECT / name, copy / name)
    _pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), ".", cwd=copy)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """In an environment that has the libraries of this one and no `tlcore` but the wheel's."""
    base = tmp_path_factory.mktemp("installed")
    venv.create(base / "venv", symlinks=True)
    python = base / "venv" / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(_done(str(python), "-c", where, cwd=base).strip())
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    _pip("--python", str(python), "install", "--no-deps", "--no-index", str(wheel), cwd=base)
    folder = base / "elsewhere"
    folder.mkdir()
    mine = ("TL_", "PYTHONPATH", "STREAMLIT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    return Installed(python, folder, {**kept, "HOME": str(base), "TL_DEVICE": "cpu"})


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)


def _pip(*words: str, cwd: Path) -> None:
    _done(sys.executable, "-m", "pip", "--disable-pip-version-check", *words, cwd=cwd)


def _done(*command: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_a_wheel_holds_every_file_that_the_lab_reads(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    read = [
        path.relative_to(PROJECT)
        for path in (PROJECT / "tlcore").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    beside = [
        Path("tlcore", "front", path.relative_to(PROJECT))
        for name in ("pages", "checkpoints", ".streamlit")
        for path in (PROJECT / name).iterdir()
        if path.is_file()
    ]
    front = Path("tlcore", "front")
    assert len(read) > 300
    files = (*read, *beside, front / "app.py", front / "requirements.txt")
    assert [str(path) for path in files if path.as_posix() not in held] == []


def test_the_doctor_finds_everything_where_there_is_no_checkout(installed):
    found = json.loads(installed.thaw("doctor", "--json"))
    topics = {each["topic"]: each for each in found["findings"] if each["state"] == "ok"}
    assert found["fit"]
    assert "torch" in topics["libraries"]["what"]
    assert "pebble-shapes" in topics["weights"]["what"]
    assert topics["state"]["what"].startswith(f"{installed.environment['HOME']}/.thaw ")


def test_a_recipe_of_the_folder_is_trained_on_what_the_wheel_carries(installed):
    """As both systems of `demo` are, whose sixty epochs would be most of this file's time."""
    (installed.folder / "recipe.yaml").write_text(RECIPE)
    installed.thaw("run", "recipe.yaml", "--json")
    [run] = json.loads(installed.thaw("runs", "--json"))["runs"]
    assert run["state"] == "finished"
    presets = installed.thaw("recipes", "--json")
    assert "demo-scratch" in presets
    assert "demo-transfer" in presets
    assert [path.name for path in installed.folder.iterdir()] == ["recipe.yaml"]


@pytest.mark.parametrize(
    ("verb", "words"), [("open", ("--no-browser",)), ("serve", ("--address", "127.0.0.1"))]
)
def test_the_pages_are_served(installed, verb, words):
    port = free_port()
    command = (installed.command, verb, "--port", str(port), *words)
    server = subprocess.Popen(
        command, cwd=installed.folder, env=installed.environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert "<title>" in _page(f"http://127.0.0.1:{port}/runs", server)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        said = server.communicate()[0]
    assert "Traceback" not in said


def _page(url: str, server: subprocess.Popen[str]) -> str:
    """What is there, once the server answers."""
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError):
            return str(urllib.request.urlopen(url, timeout=10).read().decode())
        time.sleep(0.2)
    pytest.fail(f"no answer at {url}: {server.poll()}")
