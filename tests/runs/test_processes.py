import os
import signal
import subprocess
import sys
import time

import pytest

from tests.runs.rehearsal import until
from tlcore.runs import supervise
from tlcore.runs.identity import Identity, is_alive, of, own
from tlcore.runs.supervise import ask_to_end, command_of, end_family, family

pytestmark = pytest.mark.processes

TREE = """
import subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
apart = "import subprocess, sys, time; subprocess.Popen({!r}); time.sleep(60)".format(sleep)
subprocess.Popen(sleep)
subprocess.Popen([sys.executable, "-c", apart], start_new_session=True)
time.sleep({})
"""


@pytest.fixture
def tree():
    """A process in a session of its own, with a child in it and two outside."""
    begun: list[subprocess.Popen[bytes]] = []
    members: set[Identity] = set()

    def begin(lives=60):
        code = TREE.replace("{})\n", f"{lives})\n")
        process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        begun.append(process)
        root = of(process.pid)
        assert root is not None
        until(lambda: len(family(root)) == 4)
        members.update(family(root))
        return process, root

    yield begin
    for member in filter(is_alive, members):
        os.kill(member.pid, signal.SIGKILL)
    for process in begun:
        process.wait()


def test_whoever_came_of_a_process_is_found_and_ended_outside_its_group_too(tree):
    process, root = tree()
    members = family(root)
    assert root in members
    assert end_family(root)
    assert process.wait(5) == -signal.SIGKILL
    assert not any(is_alive(member) for member in members)


def test_a_stopped_process_is_ended_as_well(tree):
    process, root = tree()
    process.send_signal(signal.SIGSTOP)
    assert end_family(root)
    process.wait(5)


def test_what_a_dead_process_left_in_its_session_is_found(tree):
    process, root = tree(lives=60)
    child = min((m for m in family(root) if m != root), key=lambda member: member.pid)
    process.kill()
    process.wait()
    assert family(root) == (child,)
    assert end_family(root)
    until(lambda: not is_alive(child))


def test_what_goes_by_the_number_of_a_dead_process_but_is_not_the_labs_is_left_alone(
    tree, monkeypatch
):
    monkeypatch.delenv("TL_HOME")
    process, root = tree()
    process.kill()
    process.wait()
    assert family(root) == ()


def test_a_process_from_before_a_reboot_has_left_nothing(tree):
    process, root = tree()
    assert family(Identity("another boot", root.pid, root.started)) == ()
    process.kill()
    process.wait()
    assert family(Identity("another boot", root.pid, root.started)) == ()


def test_a_number_that_another_process_has_by_now_is_left_alone(tree):
    process, root = tree()
    before = Identity(root.boot, root.pid, root.started - 1)
    assert family(before) == ()
    assert end_family(before)
    ask_to_end(before)
    time.sleep(0.1)
    assert process.poll() is None


def test_nobody_ends_themselves():
    assert own() not in family(own())


def test_a_process_is_told_to_end(tree):
    process, root = tree()
    ask_to_end(root)
    assert process.wait(5) == -signal.SIGTERM
    end_family(root)


def test_the_command_of_a_process_is_known_and_of_a_dead_one_empty(tree):
    process, root = tree()
    assert "import subprocess" in command_of(root)
    end_family(root)
    process.wait()
    assert command_of(root) == ""


def test_where_there_is_no_proc_ps_tells_who_came_of_whom(tree, monkeypatch, tmp_path):
    process, root = tree()
    seen = {m.pid for m in family(root)}
    monkeypatch.setattr(supervise, "_PROC", tmp_path)
    assert {m.pid for m in family(root)} >= seen
    assert os.getpid() not in {m.pid for m in family(root)}
    assert end_family(root)
    process.wait()
