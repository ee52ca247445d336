"""`serve` in a process of its own, as a teacher starts it."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress

import pytest

from tlcore import paths
from tlcore.cli import serving

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def started():
    """Starts `serve`; gives what it has printed so far once both addresses are told."""
    running = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "tlcore", "serve", *arguments],
            cwd=paths.PROJECT, env=dict(os.environ), start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        running.append(process)
        said, end = "", time.monotonic() + 60
        while "Ctrl+C" not in said and time.monotonic() < end:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], 1)
            said += process.stdout.readline() if ready else ""
            if process.poll() is not None:
                break
        return said

    yield start
    for process in running:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def opened(url, *, cookie="", redirects=True):
    """Status, headers and text of a page, once the server answers."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *given):
            return None

    opener = urllib.request.build_opener(*([] if redirects else [Stay]))
    end = time.monotonic() + 60
    while True:
        try:
            request = urllib.request.Request(url, headers={"Cookie": cookie} if cookie else {})
            with opener.open(request, timeout=5) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()
        except OSError:
            assert time.monotonic() < end, "the server never answered"
            time.sleep(0.2)


def test_a_class_gets_an_address_and_keys_and_the_teacher_a_link(started):
    port = free_port()
    said = started("--port", str(port))
    (outside,) = re.findall(r"For the class: (\S+)", said)
    (owner,) = re.findall(r"For you alone: (\S+)", said)
    assert outside.endswith(f":{port}")
    assert "▄▄▄▄▄" in said, "the corner of a QR code"
    status, headers, _ = opened(f"http://127.0.0.1:{port}/")
    assert (status, headers["set-cookie"].split("=")[0]) == (200, "thaw")
    status, headers, _ = opened(owner, redirects=False)
    assert (status, headers["set-cookie"].split("=")[0]) == (303, "thaw-owner")


def test_a_port_that_is_taken_is_told_before_any_address(started):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        said = started("--port", str(taken.getsockname()[1]))
    assert "can't listen there" in said
    assert "For the class" not in said


def test_the_server_has_the_public_rules_the_token_and_the_name():
    found = serving.environment_for({"PATH": "x", "TL_HOSTS": "other"}, "token", "lab.school.org")
    assert found["TL_PUBLIC"] == "1"
    assert (found["TL_OWNER_TOKEN"], found["TL_HOSTS"]) == ("token", "other,lab.school.org")
    assert "TL_HOSTS" not in serving.environment_for({}, "token", "")
    command = serving.command_for("0.0.0.0", 8080)
    assert command[1:5] == ["-m", "streamlit", "run", "app.py"]
    assert command[5:9] == ["--server.address", "0.0.0.0", "--server.port", "8080"]


def test_what_is_no_address_or_port_is_told_in_a_line(command):
    for wrong in (("--port", "0"), ("--port", "65536"), ("--port", "x"), ("--address", "x")):
        answer = command("serve", *wrong)
        assert answer.code == 2
        assert answer.err.count("\n") == 1
