"""Packages made in the background: what a page sees of them."""

import subprocess
import sys
import time

import pytest

from tlcore.errors import RunError
from tlcore.export import packages
from tlcore.runs import jobs

pytestmark = pytest.mark.processes

MAKES = (
    "import pathlib, sys; print('place x'); print('parity holds'); "
    "pathlib.Path(sys.argv[1]).write_bytes(b'zip')"
)
FAILS = (
    "import sys; print('Writing …'); "
    "sys.exit('Error: The network of <b>this</b> run is gone (x)\\n  What to do: Train it again.')"
)
CRASHES = "raise MemoryError"
WAITS = "import time; print('Reading …'); print('Writing it as ONNX …', flush=True); time.sleep(60)"


@pytest.fixture
def maker(monkeypatch):
    """What stands in for the command that makes a package: `maker(code)`."""
    started = []

    def use(code):
        def start(command, home, log, environment):
            log.parent.mkdir(parents=True, exist_ok=True)
            place = command[command.index("--to") + 1]
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [sys.executable, "-c", code, place], stdout=output, stderr=output,
                    start_new_session=True,
                )  # fmt: skip
            started.append((command, process))
            return process

        monkeypatch.setattr(jobs, "start_apart", start)
        return started

    yield use
    for _, process in started:
        process.kill()
        process.wait()


@pytest.fixture
def network(tmp_path):
    return tmp_path / "best-1.safetensors"


def until(state, *where):
    deadline = time.monotonic() + 20
    while (found := packages.look(*where)).state != state:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def until_ended(started):
    for _, process in started:
        process.wait(20)


def test_a_package_is_made_once_and_stays(maker, tmp_path, network):
    started, where = maker(MAKES), (tmp_path, "a-run", network)
    assert packages.look(*where).state == "none"
    packages.begin(*where)
    found = until("ready", *where)
    assert found.path.read_bytes() == b"zip"
    until_ended(started)
    assert packages.measured(found) == "parity holds"
    packages.begin(*where)
    assert len(started) == 1
    assert started[0][0][:3] == ["tlcore", "ship", "a-run"]


def test_another_network_of_the_run_or_another_way_is_another_package(maker, tmp_path, network):
    maker(MAKES)
    packages.begin(tmp_path, "a-run", network)
    until("ready", tmp_path, "a-run", network)
    assert packages.look(tmp_path, "a-run", network.with_name("best-2.safetensors")).state == "none"
    assert packages.look(tmp_path, "a-run", network, "static").state == "none"


def test_while_it_is_made_it_says_what_is_being_done_and_another_has_to_wait(
    maker, tmp_path, network
):
    maker(WAITS)
    packages.begin(tmp_path, "a-run", network)
    deadline = time.monotonic() + 20
    while packages.look(tmp_path, "a-run", network).words != "Writing it as ONNX":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    packages.begin(tmp_path, "a-run", network)  # it is being made: nothing to do
    with pytest.raises(RunError, match="one is made at a time"):
        packages.begin(tmp_path, "another", network)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (FAILS, "The network of <b>this</b> run is gone (x)\n  What to do: Train it again."),
        (CRASHES, "It ended before it was done. MemoryError"),
        ("", "It ended before it was done."),
    ],
)
def test_what_goes_wrong_is_told_and_may_be_tried_again(maker, tmp_path, network, code, words):
    maker(code)
    packages.begin(tmp_path, "a-run", network)
    assert until("failed", tmp_path, "a-run", network).words == words
    maker(MAKES)
    packages.begin(tmp_path, "a-run", network)
    until("ready", tmp_path, "a-run", network)


def test_a_process_that_can_not_be_started_is_told(monkeypatch, tmp_path, network):
    def fails(*command):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(jobs, "start_apart", fails)
    with pytest.raises(RunError, match="Cannot allocate memory"):
        packages.begin(tmp_path, "a-run", network)
    assert packages.look(tmp_path, "a-run", network).state == "none"


def test_the_oldest_packages_go(maker, tmp_path, network):
    maker(MAKES)
    for number in range(packages.KEPT + 2):
        packages.begin(tmp_path, f"run-{number}", network)
        until("ready", tmp_path, f"run-{number}", network)
    kept = list((tmp_path / "cache" / "ship").glob("*.zip"))
    assert len(kept) == packages.KEPT
    assert packages.look(tmp_path, "run-0", network).state == "none"
