"""The door: every request passes it, be it for a page, a WebSocket, JSON, a picture or an upload.

Who may come in is told by `tlcore.access`; here that is asked of each request, and the owner who
follows their link is given a cookie for its token.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tlcore import access
from tlcore.access import Knock
from tlcore.errors import ThawError

OWNER_COOKIE = "thaw-owner"
LINKED = "owner"
"""What the owner's link calls the token."""

_METRICS = "/_stcore/metrics"  # how many people look at what, and how much memory that takes


class Door:
    """Lets in whoever may come in; to everybody else it says why not, in a sentence."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        knock = knock_of(request)
        if reason := access.refusal(knock) or _kept_back(request, knock):
            await _refuse(reason, scope, receive, send)
        elif scope["type"] == "http" and _brings_token(request):
            await _welcome(request)(scope, receive, send)
        else:
            await self.app(scope, receive, _framed_by_ours(send))


def knock_of(request: HTTPConnection) -> Knock:
    """What a request says of itself, as far as that can be believed."""
    headers = request.headers
    client, _, by_proxy = _seen(request)
    return Knock(
        client=client,
        host=headers.get("host", ""),
        origin=headers.get("origin"),
        site=headers.get("sec-fetch-site", ""),
        target=headers.get("sec-fetch-dest", ""),
        moves=headers.get("sec-fetch-mode", "") == "navigate",
        by_proxy=by_proxy,
        owner=brings_mark(request.cookies) or _brings_token(request),
    )


def address_of(request: HTTPConnection) -> str:
    """The address that a request comes from; a proxy's word counts only if it is named."""
    return _seen(request)[0]


def is_embedded(request: HTTPConnection) -> bool:
    """Whether the page may lie inside another site's, and came over HTTPS: browsers then keep no
    other cookies than `SameSite=None; Secure`."""
    return bool(access.frames()) and is_secure(request)


def is_secure(request: HTTPConnection) -> bool:
    """Whether the browser sees HTTPS."""
    _, secure, by_proxy = _seen(request)
    return secure or (request.scope.get("scheme") in ("https", "wss") and not by_proxy)


def brings_mark(cookies: Mapping[str, str]) -> bool:
    """Whether these cookies hold the owner's."""
    mark = cookies.get(OWNER_COOKIE, "")
    return bool(mark) and access.is_owner(mark=mark)


def refuse_open_address() -> None:
    """End the server before it listens to everybody without rules, in words."""
    try:
        access.refuse_open_address(st.get_option("server.address") or "")
    except ThawError as error:
        raise SystemExit(f"\n{error}\n") from None


def _seen(request: HTTPConnection) -> tuple[str, bool, bool]:
    client = request.client
    return access.believed((client.host, client.port) if client else None, request.headers)


def _kept_back(request: HTTPConnection, knock: Knock) -> str:
    """What is for whoever runs the lab alone."""
    ours = access.is_loopback(knock.client) or knock.owner
    if request.url.path.rstrip("/").endswith(_METRICS) and not ours:
        return "This is only for whoever runs the lab."
    return ""


def _brings_token(request: HTTPConnection) -> bool:
    token = request.query_params.get(LINKED, "")
    return bool(token) and access.is_owner(token=token)


def _welcome(request: HTTPConnection) -> Response:
    """A cookie for the token, which then leaves the address bar and the browser's history."""
    rest = [(name, value) for name, value in request.query_params.multi_items() if name != LINKED]
    page = request.url.path.rpartition("/")[2]
    answer = RedirectResponse(f"./{page}{f'?{urlencode(rest)}' if rest else ''}", status_code=303)
    mark = access.mark_of(request.query_params[LINKED])
    answer.headers["set-cookie"] = cookie(OWNER_COOKIE, mark, request)
    answer.headers["cache-control"] = "no-store"
    answer.headers["referrer-policy"] = "no-referrer"
    return answer


def cookie(name: str, value: str, request: HTTPConnection, *, seconds: int | None = None) -> str:
    """A cookie that scripts can't read, and other sites can't have sent.

    Args:
        name: What it is called.
        value: What it holds.
        request: For whose answer.
        seconds: How long it lasts; unset, until the browser is closed.
    """
    lasting = f"; Max-Age={seconds}" if seconds else ""
    if is_embedded(request):
        kind = "SameSite=None; Secure; Partitioned"
    else:
        kind = "SameSite=Lax; Secure" if is_secure(request) else "SameSite=Lax"
    return f"{name}={value}; Path=/{lasting}; HttpOnly; {kind}"


def _framed_by_ours(send: Send) -> Send:
    """Every answer says which pages may show it inside theirs: the lab's own, and named ones."""
    named = access.frames()

    async def send_with_frames(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            ancestors = " ".join(("'self'", *named))
            headers.append("content-security-policy", f"frame-ancestors {ancestors}")
            if not named:
                headers.setdefault("x-frame-options", "SAMEORIGIN")
        await send(message)

    return send_with_frames


async def _refuse(reason: str, scope: Scope, receive: Receive, send: Send) -> None:
    """403 and the sentence; a WebSocket is refused before it is one."""
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await _answered(reason)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})


def _answered(reason: str) -> Response:
    headers = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return PlainTextResponse(f"{reason}\n", 403, headers)
