"""Where questions come in, and wait their turn. It opens before torch is loaded, so nobody who
asks early is turned away."""

from __future__ import annotations

import os
import queue
import select
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tlcore.inference.methods import method
from tlcore.inference.process import prepare_folder, socket_of
from tlcore.inference.protocol import BadMessage, Message, receive, send

WAITING = 16
"""Questions of a kind that may wait; whoever comes then is told that it is busy."""

ASKING_TAKES = 30.0
_LOOK = 0.25
_QUICK = 3  # looks at the picture
_LONG = ("features",)  # asked about many pictures
_ONLY_OURS = 0o177

Pause: TypeAlias = Callable[[], None]
"""Called every now and then by whoever takes long to answer."""

Clerk: TypeAlias = Callable[[Message, Pause], Message]
"""Answers a question."""


class Abandoned(Exception):
    """Nobody waits for this answer any more."""


@dataclass(frozen=True)
class _Waiting:
    question: Message
    answer: Future[Message] = field(default_factory=Future)
    gone: threading.Event = field(default_factory=threading.Event)


class Door:
    """Questions that came in. Quick ones go before slow ones, and are answered in between.

    Attributes:
        ready: Told to whoever comes in: whether an answer takes no longer than it must.
    """

    def __init__(self) -> None:
        self.ready = False
        self._quick: queue.Queue[_Waiting] = queue.Queue(WAITING)
        self._slow: queue.Queue[_Waiting] = queue.Queue(WAITING)
        self._count = threading.Semaphore(0)

    def answer_next(self, clerk: Clerk, *, within: float) -> bool:
        """Have whoever is next answered; False if nobody comes in time."""
        if not self._count.acquire(timeout=within):
            return False
        lane = self._slow if self._quick.empty() else self._quick
        self._answer(lane.get_nowait(), clerk)
        return True

    def let_in(self, question: Message) -> _Waiting | None:
        """Have it wait for its turn; None if too many do."""
        waiting = _Waiting(question)
        try:
            (self._slow if _is_slow(question) else self._quick).put_nowait(waiting)
        except queue.Full:
            return None
        self._count.release()
        return waiting

    def _answer(self, waiting: _Waiting, clerk: Clerk) -> None:
        def pause() -> None:
            if waiting.gone.is_set():
                raise Abandoned
            while not self._quick.empty() and self._count.acquire(blocking=False):
                self._answer(self._quick.get_nowait(), clerk)

        if not waiting.gone.is_set():
            waiting.answer.set_result(clerk(waiting.question, pause))


def _is_slow(question: Message) -> bool:
    if question.facts.get("ask") in _LONG:
        return True
    way = method(str(question.facts.get("way", "")))
    return way is not None and way.looks > _QUICK


def refusal(what: str, *, where: str = "", remedy: str = "") -> Message:
    """An answer that is none, in words."""
    return Message({"error": {"what": what, "where": where, "remedy": remedy}})


@contextmanager
def opened(home: Path) -> Iterator[Door]:
    """A door at the home's socket, for this user alone. Nobody else has one: hold the lock.

    Once it is closed again, whoever came in before may still be waiting in it.
    """
    place, door = socket_of(home), Door()
    prepare_folder(place)
    place.unlink(missing_ok=True)
    before = os.umask(_ONLY_OURS)
    try:
        server = _Server(str(place), door)
    finally:
        os.umask(before)
    threading.Thread(target=server.serve_forever, args=(_LOOK,), daemon=True).start()
    try:
        yield door
    finally:
        place.unlink(missing_ok=True)
        server.shutdown()
        server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, place: str, door: Door) -> None:
        self.door = door
        super().__init__(place, _Visit)


class _Visit(socketserver.BaseRequestHandler):
    """One connection: a greeting, a question, an answer."""

    server: _Server

    def handle(self) -> None:
        with suppress(OSError, EOFError):  # whoever asked has gone
            self.request.settimeout(ASKING_TAKES)
            send(self.request, Message({"ready": self.server.door.ready}))
            try:
                waiting = self.server.door.let_in(receive(self.request))
            except BadMessage as error:
                send(self.request, refusal(f"This is no question: {error}"))
                return
            if waiting is None:
                remedy = "Ask again in a moment."
                send(self.request, refusal("Too many questions at once", remedy=remedy))
                return
            self._wait_for(waiting)

    def _wait_for(self, waiting: _Waiting) -> None:
        """Pass the answer on, unless whoever asked leaves before that."""
        while True:
            try:
                send(self.request, waiting.answer.result(timeout=_LOOK))
                return
            except TimeoutError:
                if _has_left(self.request):
                    waiting.gone.set()
                    return


def _has_left(channel: socket.socket) -> bool:
    readable, _, _ = select.select([channel], [], [], 0)
    return bool(readable) and channel.recv(1, socket.MSG_PEEK) == b""
