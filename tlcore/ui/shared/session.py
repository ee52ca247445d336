"""Who is looking, and at which runs."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlcore import paths
from tlcore.access import LOCAL, Owner, is_public, known_by, new_key
from tlcore.errors import StoreError
from tlcore.runs.limits import DAY, HOUR
from tlcore.runs.store import RunStore
from tlcore.runs.visits import is_key, signed_key
from tlcore.ui.shared.door import Door, brings_mark, cookie

COOKIE = "thaw"
YEAR = 365 * 24 * 3600


class Visitors:
    """Gives whoever opens a page of a public lab a key of their own, once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_public() or _key(HTTPConnection(scope)):
            await self.app(scope, receive, send)
            return

        async def send_with_key(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _new_cookie(HTTPConnection(scope)))
            await send(message)

        await self.app(scope, receive, send_with_key)


def owner_of(request: HTTPConnection) -> Owner | None:
    """Whose request this is; None in a public lab if it brings no key."""
    if not is_public() or brings_mark(request.cookies):
        return LOCAL
    key = _key(request)
    return known_by(key) if key else None


def _key(request: HTTPConnection) -> str:
    """The key that it brings, if it is one that the lab gave away."""
    key = request.cookies.get(COOKIE, "")
    return key if is_key(paths.home(), key) else ""


def _new_cookie(request: HTTPConnection) -> str:
    return cookie(COOKIE, signed_key(paths.home()), request, seconds=YEAR)


MIDDLEWARE = (Middleware(Door), Middleware(Visitors))


def store() -> RunStore:
    """The runs of this lab."""
    return _opened(paths.home())


@lru_cache(maxsize=4)  # not Streamlit's, which warns when a route asks
def _opened(home: Path) -> RunStore:
    return RunStore(home)


def me() -> Owner:
    """Whoever sits at the machine or came by the owner's link; in a lab that is open to anybody,
    whoever has this browser."""
    if not is_public() or brings_mark(st.context.cookies):
        return LOCAL
    key = str(st.context.cookies.get(COOKIE) or "")
    if not is_key(paths.home(), key):
        key = st.session_state.setdefault("key for want of a cookie", new_key())
    visitor = known_by(key)
    _note(paths.home(), visitor, int(time.time() // HOUR))
    return visitor


@lru_cache(maxsize=10_000)
def _note(home: Path, visitor: Owner, hour: int) -> None:
    """That somebody is here is written down once an hour: what they left isn't to expire."""
    with suppress(StoreError):
        _opened(home).visits.note(visitor)


def expiry() -> str:
    """What becomes of what somebody leaves lying here, in a sentence; empty if it stays."""
    absent = store().rules().absent if me() != LOCAL else None
    if absent is None:
        return ""
    return (
        f"What you leave here stays for {absent / DAY:.0f} days after your last visit. Then runs "
        "that have ended and pictures that no run uses are deleted for good."
    )
