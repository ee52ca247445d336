import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tlcore.runs import identity
from tlcore.runs.identity import SYSTEM

pytestmark = pytest.mark.processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def process():
    with subprocess.Popen(SLEEP) as process:
        yield process
        process.kill()


def found(process):
    alive = identity.of(process.pid)
    assert alive
    return alive


@pytest.fixture(params=["proc", "ps"])
def any_system(request, monkeypatch, tmp_path):
    """Linux, and a system that has no `/proc`."""
    if request.param == "ps":
        monkeypatch.setattr(identity, "_PROC", tmp_path)
    elif not Path("/proc/self/stat").exists():
        pytest.skip("this system has no /proc")


def test_whoever_asks_is_alive(any_system):
    assert identity.own().pid == os.getpid()


def test_a_process_is_alive_until_it_has_ended(any_system, process):
    alive = found(process)
    assert alive.pid == process.pid
    process.kill()
    process.wait()
    assert identity.of(process.pid) is None
    assert not identity.is_alive(alive)


def test_a_killed_process_that_nobody_has_taken_note_of_is_dead(any_system, process):
    """Its number is still taken, and a signal to it would still arrive."""
    alive = found(process)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    os.kill(process.pid, 0)
    assert not identity.is_alive(alive)


def test_a_stopped_process_is_alive_since_it_could_go_on(process):
    alive = found(process)
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    assert identity.is_alive(alive)


def test_a_number_that_now_belongs_to_another_process_is_not_taken_for_it():
    own = identity.own()
    assert identity.is_alive(own)
    assert not identity.is_alive(replace(own, started=own.started - 1))
    assert not identity.is_alive(replace(own, boot="another boot"))


def test_a_process_may_be_called_what_it_likes(tmp_path):
    """What follows the name in `/proc` is found behind it, whatever is in it."""
    program = tmp_path / "a) Z 1 (b\n 0"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"]) as process:
        assert identity.is_alive(found(process))
        process.kill()


def test_no_process_has_a_number_that_none_can_have(any_system):
    assert identity.of(2**22 + 1) is None


def test_the_clock_of_leases_goes_on_and_is_the_same_in_every_process():
    command = [sys.executable, "-c", "import time; print(time.monotonic())"]
    before = SYSTEM.steady()
    elsewhere = float(subprocess.check_output(command))
    assert before < elsewhere < SYSTEM.steady()
