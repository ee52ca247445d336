"""Small pictures by address: exact where every pixel counts, bounded, and for visitors alone."""

import io

import numpy as np
from PIL import Image
from starlette.requests import Request
from starlette.routing import Match

from tlcore import paths
from tlcore.runs.visits import signed_key
from tlcore.ui.shared.session import COOKIE
from tlcore.ui.shared.small_pictures import LARGEST_SIDE, ROUTE, Shelf, address_of


def ask(address, *, cookie=""):
    """What a browser is answered."""
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())] if cookie else []
    scope = {"type": "http", "method": "GET", "path": address, "headers": headers}
    found, child = ROUTE.matches(scope)
    assert found == Match.FULL, address
    return ROUTE.endpoint(Request({**scope, **child}))


def random(side, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def opened(answer):
    return np.asarray(Image.open(io.BytesIO(answer.body)))


def test_a_small_picture_comes_pixel_for_pixel_and_is_asked_for_once():
    pixels = random(32)
    answer = ask(address_of(pixels))
    assert (opened(answer) == pixels).all()
    assert answer.media_type == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_large_picture_is_made_smaller():
    answer = ask(address_of(random(800)))
    assert opened(answer).shape == (LARGEST_SIDE, LARGEST_SIDE, 3)
    assert len(answer.body) < 60_000


def test_an_address_is_made_from_the_picture_alone():
    assert address_of(random(8, 1)) == address_of(random(8, 1)) != address_of(random(8, 2))


def test_what_is_not_kept_is_not_found_and_not_remembered():
    answer = ask("/api/pictures/0123")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


def test_in_a_lab_open_to_anybody_only_visitors_see_pictures(monkeypatch):
    address = address_of(random(8))
    monkeypatch.setenv("TL_PUBLIC", "1")
    assert ask(address).status_code == 403
    assert ask(address, cookie=signed_key(paths.home())).status_code == 200


def test_the_shelf_never_holds_more_than_it_may_and_keeps_what_is_used():
    shelf = Shelf(most=1000)
    names = [shelf.put(bytes([number]) * 300, "image/png") for number in range(3)]
    assert shelf.get(names[0])
    shelf.put(b"x" * 300, "image/png")
    assert [bool(shelf.get(name)) for name in names] == [True, False, True]
    assert shelf.put(bytes([0]) * 300, "image/png") == names[0]
    assert shelf.get(names[2])
