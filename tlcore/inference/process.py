"""The answering process as seen from here: found, started where there is none, and asked."""

from __future__ import annotations

import hashlib
import os
import select
import socket
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import Popen

from tlcore import machine
from tlcore.errors import AnswerError
from tlcore.inference.protocol import BadMessage, Message, receive, send
from tlcore.runs.spawn import start_apart

LONGEST = 100
"""Bytes of a socket's path: systems allow 104 to 108."""


def lock_of(home: Path) -> Path:
    """Held by the answering process as long as it lives."""
    return home / "answer.lock"


def log_of(home: Path) -> Path:
    """Where all that it prints is kept."""
    return home / "answer.log"


def socket_of(home: Path) -> Path:
    """Where it listens: in the home, or in a private temporary folder where that path is too long.

    >>> socket_of(Path("/srv/lab")).name
    'answer.sock'
    >>> len(str(socket_of(Path("/srv") / ("long" * 40)))) <= LONGEST
    True
    """
    usual = home / "answer.sock"
    if len(os.fsencode(usual)) <= LONGEST:
        return usual
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"thaw-{os.getuid()}" / f"{name}.sock"


def prepare_folder(file: Path) -> None:
    """See to it that the socket's folder is there; the temporary one must be ours alone.

    Anybody may write into the folder for temporary files, and could have put a trap there.
    """
    if not file.parent.name.startswith("thaw-"):
        return
    file.parent.mkdir(mode=0o700, exist_ok=True)
    found = file.parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise AnswerError(
            "The folder for the lab's socket belongs to somebody else",
            where=str(file.parent),
            remedy="Remove it, or set TL_HOME to a shorter path.",
        )


STARTING_TAKES = 120.0
"""Seconds after which an answering process that never spoke is given up: loading torch takes some
on a good day, and a minute on a machine that is busy with everything else."""

ANSWERING_TAKES = 300.0

_AGAIN = "Ask again: it is started anew."
_GREETING_TAKES = 10.0
_BETWEEN_LOOKS = 0.05
_BETWEEN_SIGNS = 0.25
_ENOUGH_FAILURES = 2

_started: dict[Path, Popen[bytes]] = {}  # the last of each home, looked at until it has ended
_starting = threading.Lock()


def is_awake(home: Path) -> bool:
    """Whether there is an answering process that has torch loaded."""
    try:
        with closing(_connected(home)) as channel:
            return bool(receive(channel).facts.get("ready"))
    except (OSError, EOFError, BadMessage):
        return False


def wake(home: Path) -> None:
    """Have an answering process started if none is there; doesn't wait for it."""
    if ours := _started.get(home):
        ours.poll()  # so that one that has ended is no zombie for longer than need be
    try:
        _connected(home).close()
    except OSError:
        _start(home)


def ask(
    home: Path,
    question: Message,
    *,
    patience: float = ANSWERING_TAKES,
    meanwhile: Callable[[], None] = lambda: None,
) -> Message:
    """Put a question, if need be to a process that is started for it.

    Args:
        home: Whose networks.
        question: What `tlcore.nn.inference.handlers` understands.
        patience: Seconds to wait for the answer.
        meanwhile: Called several times a second. If it raises, the question is withdrawn.

    Raises:
        AnswerError: The question is refused, or the process ended over it.
    """
    with closing(_greeted(home, meanwhile)) as channel:
        try:
            send(channel, question)
            answer = _awaited(channel, patience, meanwhile)
        except TimeoutError:
            raise AnswerError(
                f"No answer came within {patience:.0f} s",
                remedy="Try a smaller network or another method, or ask again later.",
            ) from None
        except BadMessage as error:
            raise AnswerError(f"The question can't be put: it is {error}") from None
        except (OSError, EOFError):
            raise _ended(home) from None
    if refused := answer.facts.get("error"):
        raise AnswerError(refused["what"], where=refused["where"], remedy=refused["remedy"])
    return answer


def _awaited(channel: socket.socket, patience: float, meanwhile: Callable[[], None]) -> Message:
    deadline = time.monotonic() + patience
    while not select.select([channel], [], [], _BETWEEN_SIGNS)[0]:
        if time.monotonic() > deadline:
            raise TimeoutError
        meanwhile()
    return receive(channel)


def _greeted(home: Path, meanwhile: Callable[[], None]) -> socket.socket:
    """A connection whose other end has shown that it is alive.

    Whatever ends before that takes nothing with it: another one is started. But one that fails may
    have been killed, and two that fail will go on failing.
    """
    deadline = time.monotonic() + STARTING_TAKES
    process, failures = None, 0
    while time.monotonic() < deadline and failures < _ENOUGH_FAILURES:
        try:
            channel = _connected(home)
        except OSError:
            process = process or _start(home)
            if (code := process.poll()) is not None:
                process, failures = None, failures + (code != 0)
            time.sleep(_BETWEEN_LOOKS)
            meanwhile()
            continue
        if _is_greeted(channel):
            return channel
        channel.close()
    raise AnswerError(
        "The process that has the networks doesn't start",
        where=log_of(home).name,
        remedy=f"Look into that file, or try: {Path(sys.executable).name} -m tlcore doctor",
    )


def _is_greeted(channel: socket.socket) -> bool:
    try:
        return "ready" in receive(channel).facts
    except (OSError, EOFError, BadMessage):
        return False


def _connected(home: Path) -> socket.socket:
    channel = socket.socket(socket.AF_UNIX)
    try:
        channel.settimeout(_GREETING_TAKES)
        channel.connect(str(socket_of(home)))
    except OSError:
        channel.close()
        raise
    return channel


def _start(home: Path) -> Popen[bytes]:
    """Start one, unless one of ours is about to open its door. If somebody else's is faster, ours
    ends by itself."""
    with _starting:
        ours = _started.get(home)
        if ours is None or ours.poll() is not None:
            ours = _started[home] = _new_process(home)
        return ours


def _new_process(home: Path) -> Popen[bytes]:
    threads = str(max(1, min(2, machine.cores() - 1)))
    environment = {"OMP_NUM_THREADS": threads, "TL_DEVICE": "cpu"}
    command = ["tlcore.nn.inference.answer", str(home)]
    try:
        return start_apart(command, home, log_of(home), environment)
    except OSError as error:
        raise AnswerError(
            f"No process can be started for the networks: {error.strerror}",
            remedy="Free some memory or disk space, then ask again.",
        ) from None


def _ended(home: Path) -> AnswerError:
    return AnswerError(
        "The process that has the networks ended over this question, perhaps for want of memory",
        where=log_of(home).name,
        remedy=_AGAIN,
    )
