"""A lab that is open to anybody knows its visitors by a cookie: a key that only their browser has.

Without it, runs would be gone for their owner with the next reload.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlcore import paths
from tlcore.runs.owners import LOCAL, Owner, is_public, known_by
from tlcore.runs.visits import is_key, signed_key
from tlcore.ui.door import Door, brings_mark, cookie

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
