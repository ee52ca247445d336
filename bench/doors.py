"""Who is let in, over a real network: `python bench/doors.py` (Linux, as root).

Two network namespaces joined by a cable of their own: in one the lab is served, in the other sits
another machine. From both, everything that can be asked for is asked for, in the situations that a
school's network or a hostile page bring. Three labs are tried: closed, as `make run` serves it;
closed but listening to all addresses, with an owner's token; and open to a class. Printed is what
each was answered; the exit code is 1 where that isn't what it should be.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PORT = 8501
LAB, HERE = "10.77.0.1", "127.0.0.1"
OWN = f"localhost:{PORT}"
NO_CONNECTION = 0
_FRAME = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
_XSRF = "a" * 32


@dataclass(frozen=True)
class Situation:
    """Who asks, and what they say of themselves.

    Attributes:
        what: In words.
        machine: Whether it is the lab's own (`lab`) or another one (`lan`).
        address: Which address is connected to.
        host: The name that is asked for.
        origin: Of the page that asks; empty for none.
        more: Further headers.
        closed: Whether a closed lab lets it in.
        open: Whether a lab that is open to a class does.
    """

    what: str
    machine: str
    address: str
    host: str
    origin: str
    more: Mapping[str, str] = field(default_factory=dict)
    closed: bool = False
    open: bool = False


SITUATIONS = (
    Situation("this machine, localhost", "lab", HERE, OWN, f"http://{OWN}", {}, True, True),
    Situation("this machine, 127.0.0.1", "lab", HERE, f"{HERE}:{PORT}", f"http://{HERE}:{PORT}",
              {}, True, True),
    Situation("DNS rebinding", "lab", HERE, f"evil.example:{PORT}", f"http://evil.example:{PORT}",
              {}, False, True),
    Situation("another machine", "lan", LAB, f"{LAB}:{PORT}", f"http://{LAB}:{PORT}",
              {}, False, True),
    Situation("another machine that lies about Host", "lan", LAB, OWN, f"http://{OWN}",
              {}, False, True),
    Situation("a foreign page", "lab", HERE, OWN, "http://evil.example"),
    Situation("a frame in a foreign page", "lab", HERE, OWN, "", _FRAME),
)  # fmt: skip

LET_IN = {"page": 200, "WebSocket": 101, "JSON": 200, "picture": 404, "upload": 400}
"""What is answered to whoever is let in: there is no such picture, and no such session."""

LABS: Mapping[str, dict[str, str]] = {
    "closed, as `make run` serves it": {},
    "closed, listening to all addresses, with a token": {"TL_OWNER_TOKEN": secrets.token_hex(16)},
    "open to a class": {"TL_PUBLIC": "1", "TL_OWNER_TOKEN": secrets.token_hex(16)},
}


def ask(kind: str, situation: Situation, key: str) -> int:
    """The status of the answer, to who brings a visitor's key; `NO_CONNECTION` if nobody listens
    there."""
    headers = {"Host": situation.host, "Cookie": f"thaw={key}", **situation.more}
    if situation.origin:
        headers["Origin"] = situation.origin
    method, path, body = "GET", "/", b""
    match kind:
        case "WebSocket":
            path = "/_stcore/stream"
            nonce = base64.b64encode(secrets.token_bytes(16)).decode()
            headers |= {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": nonce,
                        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "streamlit",
                        }  # fmt: skip
        case "JSON":
            path = "/api/runs/points?run=x"
        case "picture":
            path = "/api/runs/x/pictures-1/0"
        case "upload":
            method, path = "PUT", "/_stcore/upload_file/s/f"
            headers |= {"X-Xsrftoken": _XSRF, "Cookie": f"thaw={key}; _streamlit_xsrf={_XSRF}",
                        "Content-Type": "multipart/form-data; boundary=b"}  # fmt: skip
            disposition = b'Content-Disposition: form-data; name="file"; filename="x.png"'
            body = b"--b\r\n" + disposition + b"\r\n\r\nx\r\n--b--\r\n"
    connection = http.client.HTTPConnection(situation.address, PORT, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        return connection.getresponse().status
    except ConnectionRefusedError:
        return NO_CONNECTION
    finally:
        connection.close()


def wanted(lab: str, kind: str, situation: Situation) -> set[int]:
    """What may be answered."""
    if lab == "closed, as `make run` serves it" and situation.machine == "lan":
        return {NO_CONNECTION}
    let_in = situation.open if "open" in lab else situation.closed and "token" not in lab
    return {LET_IN[kind]} if let_in else {403}


@contextmanager
def network() -> Iterator[dict[str, str]]:
    """Two namespaces with a cable between them: what they are called, by machine."""
    mark = secrets.token_hex(3)
    names = {"lab": f"thaw-lab-{mark}", "lan": f"thaw-lan-{mark}"}
    ends = {"lab": f"tl{mark}a", "lan": f"tl{mark}b"}
    try:
        for name in names.values():
            _ip("netns", "add", name)
        _ip("link", "add", ends["lab"], "type", "veth", "peer", "name", ends["lan"])
        for machine, address in (("lab", LAB), ("lan", "10.77.0.2")):
            _ip("link", "set", ends[machine], "netns", names[machine])
            _ip("-n", names[machine], "address", "add", f"{address}/24", "dev", ends[machine])
            _ip("-n", names[machine], "link", "set", ends[machine], "up")
            _ip("-n", names[machine], "link", "set", "lo", "up")
        yield names
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"not here: ip {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def served(namespace: str, home: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """The lab, in a namespace."""
    address = ["--server.address", "0.0.0.0"] if variables else []
    command = [
        "ip", "netns", "exec", namespace, sys.executable, "-m", "streamlit", "run", "app.py",
        "--server.headless", "true", "--server.port", str(PORT), *address,
    ]  # fmt: skip
    environment = {**os.environ, **variables, "TL_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    with (home.parent / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _until_it_listens(namespace, process, home.parent / "log")
        yield
    finally:
        process.kill()
        process.wait()


def _until_it_listens(namespace: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    command = ["ip", "netns", "exec", namespace, "ss", "-Hltn", f"sport = :{PORT}"]
    while not subprocess.run(command, capture_output=True, check=True).stdout:
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"The lab didn't come up:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)


def seen_from(machine: str, namespace: str, key: str) -> dict[str, dict[str, int]]:
    """What that machine's situations are answered: this file again, in its namespace."""
    command = ["ip", "netns", "exec", namespace, sys.executable, __file__, "ask", machine, key]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return dict(json.loads(done.stdout))


def ask_all(machine: str, key: str) -> dict[str, dict[str, int]]:
    """By situation and kind."""
    return {
        each.what: {kind: ask(kind, each, key) for kind in LET_IN}
        for each in SITUATIONS
        if each.machine == machine
    }


def tried(variables: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """What a lab with these variables answers, by situation and kind."""
    from tlcore.runs.visits import signed_key

    seen: dict[str, dict[str, int]] = {}
    with network() as names, tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with served(names["lab"], home, variables):
            for machine, namespace in names.items():
                seen |= seen_from(machine, namespace, signed_key(home))
    return seen


def main() -> int:
    """Print a table for each lab; 1 if anything isn't as it should be."""
    if os.geteuid() or not shutil.which("ip"):
        print("not here: network namespaces are made by root, with `ip` of iproute2")
        return 0
    wrong = 0
    for lab, variables in LABS.items():
        seen = tried(variables)
        print(f"\nA lab that is {lab}:\n\n| who asks | {' | '.join(LET_IN)} |")
        print(f"|---|{'---:|' * len(LET_IN)}")
        for situation in SITUATIONS:
            cells = []
            for kind, status in seen[situation.what].items():
                right = status in wanted(lab, kind, situation)
                wrong += not right
                words = str(status) if status else "no connection"
                cells.append(words if right else f"**{words}, WRONG**")
            print(f"| {situation.what} | {' | '.join(cells)} |", flush=True)
    print(f"\n{len(LABS) * len(SITUATIONS) * len(LET_IN)} requests, {wrong} answered wrongly.")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    if sys.argv[1:2] == ["ask"]:
        print(json.dumps(ask_all(*sys.argv[2:])))
        sys.exit(0)
    sys.exit(main())
