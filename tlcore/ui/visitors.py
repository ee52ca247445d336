"""A lab that is open to anybody knows its visitors by a cookie: a key that only their browser has.

Without it, runs would be gone for their owner with the next reload.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlcore.runs.owners import LOCAL, Owner, is_public, known_by, new_key

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
                    headers.append("set-cookie", _cookie(Headers(scope=scope)))
            await send(message)

        await self.app(scope, receive, send_with_key)


def owner_of(request: HTTPConnection) -> Owner | None:
    """Whose request this is; None in a public lab if it brings no key."""
    if not is_public():
        return LOCAL
    key = _key(request)
    return known_by(key) if key else None


def _key(request: HTTPConnection) -> str:
    return request.cookies.get(COOKIE, "")


def _cookie(asked: Headers) -> str:
    """Spaces show the lab inside a page of their own, where browsers keep only `none` cookies,
    and those only over HTTPS."""
    embedded = asked.get("x-forwarded-proto", "").startswith("https")
    allowed = "SameSite=None; Secure; Partitioned" if embedded else "SameSite=Lax"
    return f"{COOKIE}={new_key()}; Path=/; Max-Age={YEAR}; HttpOnly; {allowed}"


MIDDLEWARE = (Middleware(Visitors),)
