"""Where questions come in, and wait their turn. It opens before torch is loaded, so nobody who
asks early is turned away."""

from __future__ import annotations

import os
import queue
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tlcore.asking.place import prepare_folder, socket_of
from tlcore.asking.wire import BadMessage, Message, receive, send

WAITING = 16
"""Questions that may wait; whoever comes then is told that it is busy."""

ASKING_TAKES = 30.0
_ONLY_OURS = 0o177


@dataclass(frozen=True)
class _Waiting:
    question: Message
    answer: Future[Message] = field(default_factory=Future)


class Door:
    """Questions that came in.

    Attributes:
        ready: Told to whoever comes in: whether an answer takes no longer than it must.
    """

    def __init__(self) -> None:
        self.ready = False
        self._queue: queue.Queue[_Waiting] = queue.Queue(WAITING)

    def answer_next(self, answer: Callable[[Message], Message], *, within: float) -> bool:
        """Answer whoever is next; False if nobody comes in time."""
        try:
            waiting = self._queue.get(timeout=within)
        except queue.Empty:
            return False
        waiting.answer.set_result(answer(waiting.question))
        return True

    def ask(self, question: Message) -> Message:
        """Wait for the answer."""
        waiting = _Waiting(question)
        try:
            self._queue.put_nowait(waiting)
        except queue.Full:
            return refusal("Too many questions at once", remedy="Ask again in a moment.")
        return waiting.answer.result()


def refusal(what: str, *, where: str = "", remedy: str = "") -> Message:
    """An answer that is none, in words."""
    return Message({"error": {"what": what, "where": where, "remedy": remedy}})


@contextmanager
def opened(home: Path) -> Iterator[Door]:
    """A door at the home's socket, for this user alone. Nobody else has one: hold the lock."""
    place, door = socket_of(home), Door()
    prepare_folder(place)
    place.unlink(missing_ok=True)
    before = os.umask(_ONLY_OURS)
    try:
        server = _Server(str(place), door)
    finally:
        os.umask(before)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield door
    finally:
        server.shutdown()
        server.server_close()
        place.unlink(missing_ok=True)


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
                answer = self.server.door.ask(receive(self.request))
            except BadMessage as error:
                answer = refusal(f"This is no question: {error}")
            send(self.request, answer)
