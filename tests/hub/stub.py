"""A hub on loopback: the routes that its own tools ask, and every way to answer badly."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

PART = 16 * 1024


@dataclass
class Repository:
    """What lies at a name: its files, at one commit."""

    files: Mapping[str, bytes]
    commit: str = "ab" * 20
    card: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Stub:
    """What the hub has, how it misbehaves, and who asked for what.

    Faults: `status` and `code` answer so, `times` often if that is given, to whoever asks for
    `where` (api or file); `cut` ends a file after so many bytes, `cuts` times; `wrong` sends
    another content; `pause` seconds go by between parts; `circle` redirects for ever; `page`
    answers with somebody's log-in page; `elsewhere` sends whoever wants a file to another host.
    """

    repositories: dict[str, Repository]
    faults: dict[str, Any] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    address: str = ""


def _what(path: str) -> str:
    return "api" if path.startswith("/api/") else "file"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: Stub

    def log_message(self, *given: Any) -> None:
        """Quietly."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path, faults = unquote(urlsplit(self.path).path), self.stub.faults
        self.stub.requests[f"{self.command} {path}"] += 1
        if faults.get("circle"):
            return self._send(302, headers={"Location": self.path + "x"})
        if faults.get("page"):
            return self._send(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
        api = path.startswith("/api/")
        times = faults.get("times", 1)
        if "status" in faults and times and faults.get("where", "api") == _what(path):
            faults |= {"times": times - 1} if "times" in faults else {}
            headers = {"X-Error-Code": faults["code"]} if "code" in faults else {}
            return self._send(faults["status"], headers={**headers, **faults.get("headers", {})})
        kind, _, rest = path.removeprefix("/api/").lstrip("/").partition("/")
        kind, rest = (kind, rest) if kind in ("datasets", "models") else ("models", path[1:])
        name, repository = self._find(kind, rest)
        if repository is None:
            return self._send(404, headers={"X-Error-Code": "RepoNotFound"})
        tail = rest[len(name) :].lstrip("/").split("/")
        return self._info(kind, name, repository) if api else self._file(repository, tail)

    def _find(self, kind: str, rest: str) -> tuple[str, Repository | None]:
        name = "/".join(rest.split("/")[:2])
        return name, self.stub.repositories.get(f"{kind}/{name}")

    def _info(self, kind: str, name: str, repository: Repository) -> None:
        siblings = [
            {"rfilename": path, "size": len(content), "blobId": "0" * 40,
             "lfs": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content),
                     "pointerSize": 130}}
            for path, content in repository.files.items()
        ]  # fmt: skip
        body = {"id": name, "_id": "1", "sha": repository.commit, "private": False, "gated": False,
                "downloads": 0, "likes": 0, "tags": [], "cardData": repository.card,
                "siblings": siblings}  # fmt: skip
        self._send(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _file(self, repository: Repository, tail: list[str]) -> None:
        content = repository.files.get("/".join(tail[2:]))
        if content is None or tail[1] not in (repository.commit, "main"):
            code = "EntryNotFound" if content is None else "RevisionNotFound"
            return self._send(404, headers={"X-Error-Code": code})
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        if self.stub.faults.get("wrong"):
            content = bytes(len(content))
        if self.command == "GET" and "elsewhere" in self.stub.faults:
            return self._send(302, headers={"Location": self.stub.faults["elsewhere"]})
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        headers = {"ETag": etag, "X-Repo-Commit": repository.commit, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._send(206 if start else 200, content[start:], headers, position=start)

    def _send(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None,
        position: int = 0,
    ) -> None:  # fmt: skip
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        faults = self.stub.faults
        for start in range(0, len(body), PART):
            if (
                "/resolve/" in self.path
                and faults.get("cuts", 0)
                and (position + start >= faults.get("cut", 0))
            ):
                faults["cuts"] -= 1
                self.close_connection = True
                self.connection.close()
                return
            part = body[start : start + PART]
            self.wfile.write(part)
            self.stub.sent += len(part)
            if "/resolve/" in self.path and faults.get("pause"):
                time.sleep(faults["pause"])


@contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """Have it answer on a free port meanwhile."""
    handler = type("Handler", (_Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    stub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
