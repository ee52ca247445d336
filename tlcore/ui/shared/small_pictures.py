"""Small pictures that belong to no run, one address each, for galleries.

An address is made from the picture itself, so what it gives never changes, a browser asks for it
once, and nobody can guess it who hasn't seen the picture. A bounded number of them is kept in
memory; what has gone comes back with the next run of a page.

>>> shelf = Shelf(most=100)
>>> first, second = (shelf.put(letter * 60, "image/png") for letter in (b"a", b"b"))
>>> shelf.get(first), shelf.get(second)[0][:3]
(None, b'bbb')
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tlcore.ui.shared.session import owner_of

MOST = 64 * 1024**2
"""Bytes of pictures in memory, for everybody together."""

LARGEST_SIDE = 192
"""Pixels: what is larger is made smaller, for nobody sees more in a gallery."""

_PLAIN_SIDE = 64  # up to here every pixel counts, and PNG keeps it
_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Shelf:
    """Pictures by name; those that nobody has put or asked for in a while make room for others."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._bytes = most, 0
        self._kept: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, content: bytes, kind: str) -> str:
        """Keep a picture, and give its name."""
        name = hashlib.sha256(content).hexdigest()[:40]
        with self._lock:
            if name not in self._kept:
                self._bytes += len(content)
            self._kept[name] = (content, kind)
            self._kept.move_to_end(name)
            while self._bytes > self._most and len(self._kept) > 1:
                _, (gone, _) = self._kept.popitem(last=False)
                self._bytes -= len(gone)
        return name

    def get(self, name: str) -> tuple[bytes, str] | None:
        """A picture and its media type."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)


_shelf = Shelf()


def address_of(pixels: NDArray[np.uint8]) -> str:
    """Where the browser finds a picture."""
    return address_for(*encoded(pixels))


def address_for(content: bytes, kind: str) -> str:
    """The same for a picture that is a file already, which must be one of `encoded`."""
    return f"/api/pictures/{_shelf.put(content, kind)}"


def encoded(pixels: NDArray[np.uint8]) -> tuple[bytes, str]:
    """A picture as a file, made smaller where it is large; and the file's media type.

    >>> encoded(np.zeros((32, 32, 3), np.uint8))[1], encoded(np.zeros((99, 99, 3), np.uint8))[1]
    ('image/png', 'image/jpeg')
    """
    image, file = Image.fromarray(pixels), io.BytesIO()
    if max(image.size) <= _PLAIN_SIDE:
        image.save(file, "PNG", compress_level=3)
        return file.getvalue(), "image/png"
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    image.save(file, "JPEG", quality=88)
    return file.getvalue(), "image/jpeg"


def answer(request: Request) -> Response:
    """The picture, if it is still kept."""
    if owner_of(request) is None:
        return _refused("This browser keeps no cookie of the lab's.", 403)
    found = _shelf.get(request.path_params["name"])
    if found is None:
        return _refused("This picture is not kept any more: open its page again.", 404)
    content, kind = found
    return Response(content, media_type=kind, headers=_HEADERS)


ROUTE = Route("/api/pictures/{name}", answer)


def _refused(why: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(why, status, {"Cache-Control": "no-store"})
