"""Small pictures are given to whoever may see their run, for good; to others not at all."""

from io import BytesIO

import pytest
from PIL import Image
from starlette.requests import Request
from starlette.routing import Match

from bench.support.archives import finished
from tests.runs.fake_run import draw
from tlcore import paths
from tlcore.access import LOCAL, known_by
from tlcore.runs.store import RunStore
from tlcore.runs.visits import signed_key
from tlcore.ui.shared.pictures_route import ROUTE, picture_address
from tlcore.ui.shared.session import COOKIE

KEY = "a key that only Ada's browser knows"


@pytest.fixture
def store():
    return RunStore()


def ask(address, *, cookie=""):
    """What a browser is answered."""
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())] if cookie else []
    scope = {"type": "http", "method": "GET", "path": address, "headers": headers}
    found, child = ROUTE.matches(scope)
    assert found == Match.FULL, address
    return ROUTE.endpoint(Request({**scope, **child}))


def test_each_row_has_its_own_picture_at_an_address_that_never_changes(store):
    run = finished(store)
    pictures = store.artifact(run, "pictures", by=LOCAL)
    for row in (0, 3, 11):
        answer = ask(picture_address(run, pictures, row))
        assert (answer.status_code, answer.media_type) == (200, "image/jpeg")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        shown = Image.open(BytesIO(answer.body)).getpixel((5, 5))
        meant = draw(12)[row, 5, 5].tolist()
        assert isinstance(shown, tuple)
        assert max(abs(a - b) for a, b in zip(shown, meant, strict=True)) < 4


@pytest.mark.parametrize(
    "change", [("/5", "/12"), ("pictures-", "pictures-9"), ("/runs/2", "/runs/3")]
)
def test_what_is_not_there_is_told_in_words_and_not_remembered(store, change):
    run = finished(store)
    address = picture_address(run, store.artifact(run, "pictures", by=LOCAL), 5)
    answer = ask(address.replace(*change))
    assert answer.status_code == 404
    assert len(answer.body.decode().split()) > 4
    assert "immutable" not in answer.headers["cache-control"]


def test_a_row_is_a_number_and_a_file_too(store):
    run = finished(store)
    for address in (f"/api/runs/{run}/pictures-x/1", f"/api/runs/{run}/pictures-3/../../x"):
        assert ROUTE.matches({"type": "http", "method": "GET", "path": address})[0] == Match.NONE


def test_a_damaged_file_is_told_in_words(store):
    run = finished(store)
    pictures = store.artifact(run, "pictures", by=LOCAL)
    pictures.write_bytes(b"no zip")
    answer = ask(picture_address(run, pictures, 0))
    assert answer.status_code == 404
    assert b"can't be read" in answer.body


def test_in_a_public_lab_only_the_owner_sees_them(store, monkeypatch):
    run = finished(store, by=known_by(KEY))
    address = picture_address(run, store.artifact(run, "pictures", by=LOCAL), 0)
    monkeypatch.setenv("TL_PUBLIC", "1")
    assert ask(address, cookie=KEY).status_code == 200
    assert ask(address, cookie=signed_key(paths.home())).status_code == 404
    assert ask(address).status_code == 403
