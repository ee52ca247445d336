"""What a lab that is open to anybody takes from one address and one person, so that it lasts.

Each runs before Streamlit sees a request: how many new visitors one address may bring within an
hour, and how many bytes of files one session, one person and all together may keep in the server's
memory, where Streamlit holds whatever is put into an upload box until its page is closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlcore.access import is_public
from tlcore.data.uploads.limits import MEGABYTE
from tlcore.runs.visits import NewKeys
from tlcore.ui.shared.door import address_of
from tlcore.ui.shared.session import owner_of

_TOO_MANY = (
    "Many new visitors have come from your address within an hour, as many as this lab takes. "
    "Come back later in the browser that you were here with, or in an hour."
)
_NO_ROOM = "There is no room for this file now. Close pages that hold others, or try again later."
_PUT = re.compile(r".*/_stcore/upload_file/([^/]+)/([^/]+)")


class Crowd:
    """Lets in so many people without a key from one address within an hour."""

    def __init__(self, app: ASGIApp, new: NewKeys | None = None) -> None:
        self.app, self.new = app, new or NewKeys()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not _is_stranger(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self.app(scope, receive, self._counting(scope, receive, send))
        elif self.new.may_have(_address(scope)):
            await self.app(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "too many visitors"})

    def _counting(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """Only a page brings a key along, so only pages count."""
        refused = False

        async def send_or_refuse(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and _is_page(message):
                refused = not self.new.may_have(_address(scope))
                if refused:
                    await PlainTextResponse(_TOO_MANY, 429)(scope, receive, send)
            if not refused:
                await send(message)

        return send_or_refuse


@dataclass(frozen=True)
class Room:
    """Bytes of files in the server's memory.

    Attributes:
        session: Of one page that is open.
        person: Of one person's pages.
        all: Of all together.
    """

    session: int = 60 * MEGABYTE
    person: int = 60 * MEGABYTE
    all: int = 150 * MEGABYTE


@dataclass
class _Coming:
    """Files on their way into memory."""

    sizes: dict[tuple[str, str], int] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


class UploadRoom:
    """Refuses a file for which there is no room in memory, before a byte of it is read."""

    def __init__(self, app: ASGIApp, room: Room | None = None) -> None:
        self.app, self.room, self._coming = app, room or Room(), _Coming()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        put = _PUT.fullmatch(scope["path"]) if _is_put(scope) else None
        if put is None:
            await self.app(scope, receive, send)
            return
        size = HTTPConnection(scope).headers.get("content-length", "")
        if not size.isdecimal():
            await PlainTextResponse("How large the file is must be said.", 411)(
                scope, receive, send
            )
            return
        with self._taken(put[1], put[2], int(size), scope) as taken:
            if taken:
                await self.app(scope, receive, send)
            else:
                await PlainTextResponse(_NO_ROOM, 413)(scope, receive, send)

    @contextmanager
    def _taken(self, session: str, file: str, size: int, scope: Scope) -> Iterator[bool]:
        """Room for a file, as long as it is on its way; False if there is none."""
        owner = owner_of(HTTPConnection(scope))
        person, coming = owner.id if owner else _address(scope), self._coming
        with coming.lock:
            held = _held()
            coming.persons[session] = person
            coming.persons = {s: p for s, p in coming.persons.items() if s in held or s == session}
            fits = self._fits(session, person, size, held)
            if fits:
                coming.sizes[session, file] = size
        try:
            yield fits
        finally:
            if fits:
                with coming.lock:
                    coming.sizes.pop((session, file), None)

    def _fits(self, session: str, person: str, size: int, held: Mapping[str, int]) -> bool:
        both: dict[str, int] = dict(held)
        for (on_its_way, _), more in self._coming.sizes.items():
            both[on_its_way] = both.get(on_its_way, 0) + more
        own = sum(n for s, n in both.items() if self._coming.persons.get(s) == person)
        return (
            both.get(session, 0) + size <= self.room.session
            and own + size <= self.room.person
            and sum(both.values()) + size <= self.room.all
        )


def _held() -> dict[str, int]:
    """Bytes of files that Streamlit has in memory, by session."""
    from streamlit import runtime

    if not runtime.exists():
        return {}
    files: Any = getattr(runtime.get_instance().uploaded_file_mgr, "file_storage", {})
    return {
        session: sum(len(file.data) for file in list(of_session.values()))
        for session, of_session in list(files.items())
    }


def _is_stranger(scope: Scope) -> bool:
    return is_public() and owner_of(HTTPConnection(scope)) is None


def _is_put(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] == "PUT" and is_public()


def _is_page(message: Message) -> bool:
    types = [value for name, value in message.get("headers", ()) if name.lower() == b"content-type"]
    return any(value.startswith(b"text/html") for value in types)


def _address(scope: Scope) -> str:
    """Behind a proxy that is named, the visitor's own and not the proxy's."""
    return address_of(HTTPConnection(scope))


MIDDLEWARE = (Middleware(Crowd), Middleware(UploadRoom))
