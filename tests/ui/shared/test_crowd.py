"""One address and one person take so much of a lab open to anybody, and no more."""

import asyncio

import pytest
from starlette.responses import HTMLResponse, PlainTextResponse

from tlcore import paths
from tlcore.runs.visits import NewKeys, signed_key
from tlcore.ui.shared import crowd
from tlcore.ui.shared.crowd import Crowd, Room, UploadRoom
from tlcore.ui.shared.session import COOKIE


@pytest.fixture(autouse=True)
def public(monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")


def request(method, path, *, key="", size=None, address="1.2.3.4", kind="http"):
    headers = [(b"cookie", f"{COOKIE}={key}".encode())] if key else []
    headers += [(b"content-length", str(size).encode())] if size is not None else []
    return {"type": kind, "method": method, "path": path, "headers": headers, "query_string": b"",
            "client": (address, 1), "server": ("h", 80), "scheme": "http"}  # fmt: skip


def ask(app, scope):
    """The first thing that is said to a request."""
    said = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        said.append(message)

    asyncio.run(app(scope, receive, send))
    return said[0].get("status", said[0]["type"])


async def page(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await HTMLResponse("hello")(scope, receive, send)


def test_an_address_brings_so_many_new_visitors_and_whoever_has_a_key_is_let_in():
    app, key = Crowd(page, NewKeys(3)), signed_key(paths.home())
    assert [ask(app, request("GET", "/")) for _ in range(5)] == [200] * 3 + [429] * 2
    assert ask(app, request("GET", "/", key=key)) == 200
    assert ask(app, request("GET", "/", key="made up")) == 429
    assert ask(app, request("GET", "/", address="5.6.7.8")) == 200


def test_whoever_opens_sessions_without_a_key_counts_as_new_each_time():
    app = Crowd(page, NewKeys(2))
    scope = request("GET", "/_stcore/stream", kind="websocket")
    opened = [ask(app, scope) for _ in range(3)]
    assert opened == ["websocket.accept", "websocket.accept", "websocket.close"]
    mine = request("GET", "/_stcore/stream", kind="websocket", key=signed_key(paths.home()))
    assert ask(app, mine) == "websocket.accept"


def test_behind_a_proxy_that_is_named_each_visitor_counts_for_themselves(monkeypatch):
    monkeypatch.setattr(crowd, "address_of", lambda asked: asked.headers["x-forwarded-for"])
    app = Crowd(page, NewKeys(1))
    for visitor, status in ((b"7.7.7.7", 200), (b"8.8.8.8", 200), (b"7.7.7.7", 429)):
        scope = request("GET", "/")
        scope["headers"].append((b"x-forwarded-for", visitor))
        assert ask(app, scope) == status


def test_in_a_lab_of_one_s_own_nobody_is_counted(monkeypatch):
    monkeypatch.delenv("TL_PUBLIC")
    app = Crowd(page, NewKeys(0))
    assert ask(app, request("GET", "/")) == 200


def test_a_person_and_all_together_keep_so_much_in_memory(monkeypatch):
    held: dict[str, int] = {}
    monkeypatch.setattr(crowd, "_held", lambda: dict(held))

    async def put(scope, receive, send):
        session = scope["path"].split("/")[-2]
        held[session] = held.get(session, 0) + int(dict(scope["headers"])[b"content-length"])
        await PlainTextResponse("", 204)(scope, receive, send)

    app = UploadRoom(put, Room(session=50, person=60, all=100))
    ada, bob, cem = (signed_key(paths.home()) for _ in range(3))

    def give(session, size, key):
        path = f"/_stcore/upload_file/{session}/file"
        return ask(app, request("PUT", path, key=key, size=size))

    assert [give("a1", 20, ada) for _ in range(3)] == [204, 204, 413]
    assert give("a2", 30, ada) == 413
    assert give("a2", 20, ada) == 204
    assert give("b", 40, bob) == 204
    assert give("c", 1, cem) == 413
    del held["a1"], held["a2"]
    assert give("c", 40, cem) == 204
    assert give("c", None, cem) == 411


def test_files_on_their_way_count_as_if_they_were_there(monkeypatch):
    monkeypatch.setattr(crowd, "_held", dict)
    key = signed_key(paths.home())

    async def nested(scope, receive, send):
        path = "/_stcore/upload_file/s/second"
        await app(request("PUT", path, key=key, size=30), receive, send)

    app = UploadRoom(nested, Room(session=50, person=50, all=50))
    assert ask(app, request("PUT", "/_stcore/upload_file/s/first", key=key, size=30)) == 413
