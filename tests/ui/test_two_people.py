"""Two people in a public lab: whatever Bob asks for, nothing of Ada's is shown, and nothing of hers
is changed.

What he asks is read from the code: every route that there is, every page, and every button on
each. The store's own functions are tried in `tests/runs/test_privacy.py`, from its own list.
"""

import hashlib
import re

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from bench.support.makers import picture
from tests.ui.looking import MAIN, finish
from tlcore import paths
from tlcore.access import LOCAL, known_by
from tlcore.data.uploads.files import Handed, keep_upload, list_uploads
from tlcore.recipe import Data, Recipe
from tlcore.runs.limits import may_open
from tlcore.runs.store import RunStore
from tlcore.ui.shared import small_pictures
from tlcore.ui.shared.draft import packed
from tlcore.ui.shared.server import ROUTES
from tlcore.ui.shared.session import COOKIE, MIDDLEWARE

HER_KEY = "a key that only her browser knows"
ADA = known_by(HER_KEY)
SECRETS = ("Pupils of 7b", "Ben of 7b", "Eva of 7b", "Ada's own run")
PAGES = sorted(path.stem for path in (paths.PROJECT / "pages").glob("*.py"))


@pytest.fixture
def hers(monkeypatch):
    """Ada's finished run and the address of her upload, in a lab that is open to anybody."""
    monkeypatch.setenv("TL_PUBLIC", "1")
    files = [Handed(f"{n}.png", picture(n), label=SECRETS[1 + n % 2]) for n in range(8)]
    upload = keep_upload(files, by=ADA, name=SECRETS[0])
    return finish(monkeypatch, by=ADA, name=SECRETS[3]), upload.path


def served():
    from starlette.applications import Starlette

    return TestClient(
        Starlette(routes=list(ROUTES), middleware=list(MIDDLEWARE)),
        base_url="http://lab", client=("10.77.0.2", 50000), follow_redirects=False,
    )  # fmt: skip


def asked(route, run):
    """What somebody would ask of a route who knows Ada's run: a new route needs a line here."""
    stem = RunStore().artifact(run, "pictures", by=LOCAL)
    given = {"run": run, "file": stem.stem.split("-")[1] if stem else "1", "row": "0",
             "name": "0" * 40}  # fmt: skip
    path = re.sub(r"{(\w+)(?::\w+)?}", lambda found: given[found[1]], route.path)
    return f"{path}?run={run}"


def test_no_route_gives_somebody_elses_run_to_a_visitor_or_to_nobody(hers):
    run, _ = hers
    lab = served()
    for route in ROUTES:
        assert isinstance(route, Route)
        theirs = lab.get(asked(route, run), headers={"cookie": f"{COOKIE}=Bob's key"})
        nobodys = lab.get(asked(route, run), headers={"cookie": ""})
        own = lab.get(asked(route, run), headers={"cookie": f"{COOKIE}={HER_KEY}"})
        for answer in (theirs, nobodys):
            assert not any(secret in answer.text for secret in SECRETS), route.path
            assert answer.headers.get("content-type", "") != "image/jpeg"
            if route.path.startswith("/api/runs/points"):
                assert "curves" not in answer.text
        assert own.status_code < 500


def test_a_small_picture_is_given_by_its_own_unguessable_name_alone(hers):
    content = picture(3)
    address = small_pictures.address_for(content, "image/png")
    assert re.fullmatch(r"/api/pictures/[0-9a-f]{40}", address)
    assert served().get(address).status_code == 403
    assert served().get("/api/pictures/" + "0" * 40).status_code == 403


def everything_of(owner):
    """Rows, files and uploads that are somebody's, in short."""
    store = RunStore()
    runs = [run for run in store.list(by=LOCAL, limit=-1) if run.owner == owner]
    files = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for run in runs
        for path in sorted(store.folder(run.id, by=LOCAL).path.rglob("*"))
        if path.is_file()
    }
    return runs, files, list_uploads(by=owner), list_uploads(by=owner, binned=True)


def open_as_bob(name, run, path):
    page = AppTest.from_file(MAIN, default_timeout=60)
    page.query_params["run"] = run
    page.query_params["recipe"] = packed(Recipe(data=Data(name="folder", path=path)))
    page.run()
    return page.switch_page(str(paths.PROJECT / "pages" / f"{name}.py")).run()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_and_no_button_shows_or_changes_anything_of_somebody_elses(hers, name):
    run, path = hers
    before = everything_of(ADA)
    page = open_as_bob(name, run, path)
    assert not page.exception
    assert not any(secret in repr(page) for secret in SECRETS)
    keys = [button.key for button in page.button if not button.disabled and button.key]
    for key in keys:
        if found := [button for button in page.button if button.key == key]:
            found[0].click().run()
            assert not any(secret in repr(page) for secret in SECRETS), (name, key)
    assert everything_of(ADA) == before
    theirs = [each for each in RunStore().list(by=LOCAL, limit=-1) if each.owner != ADA]
    for each in theirs:  # whatever he has begun, it learns from nothing of hers
        assert may_open(RunStore().recipe(each.id, by=LOCAL).data, by=each.owner)
