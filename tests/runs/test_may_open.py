"""May this person open this? Asked of uploads wherever somebody could get at one."""

import ast

import pytest

from bench.support.makers import picture
from tlcore.access import LOCAL, anonymous
from tlcore.data.uploads.files import Handed, bin_upload, keep_upload, share_upload
from tlcore.errors import DataMissing
from tlcore.nn import worker
from tlcore.paths import PROJECT
from tlcore.recipe import Data, Recipe
from tlcore.runs.limits import may_open, refuse_unseen
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.transfer import export_run, import_run

ADA, BOB = anonymous(name="Ada"), anonymous(name="Bob")
NOT_HERE = Data(name="folder", path=f"upload:{'5d' * 16}")


@pytest.fixture
def hers():
    """Ada's pictures, as a recipe names them."""
    kept = keep_upload([Handed("a.png", picture(), label=name) for name in ("Ben", "Eva")], by=ADA)
    return Data(name="folder", path=kept.path)


def id_of(data):
    return data.path.removeprefix("upload:")


def test_an_upload_is_its_owners_until_they_share_it(hers):
    assert [may_open(hers, by=who) for who in (ADA, BOB, LOCAL)] == [True, False, True]
    assert share_upload(id_of(hers), by=ADA, shared=True).shared
    assert may_open(hers, by=BOB)
    share_upload(id_of(hers), by=ADA, shared=False)
    assert not may_open(hers, by=BOB)
    with pytest.raises(DataMissing):
        share_upload(id_of(hers), by=BOB, shared=True)


def test_what_is_shared_is_so_until_it_is_in_the_bin(hers):
    share_upload(id_of(hers), by=ADA, shared=True)
    bin_upload(id_of(hers), by=ADA)
    assert not may_open(hers, by=BOB)


def test_somebody_elses_upload_looks_as_if_it_werent_there(hers):
    said = []
    for data in (hers, NOT_HERE):
        with pytest.raises(DataMissing) as caught:
            refuse_unseen(data, by=BOB)
        said.append(str(caught.value).replace(data.path, "it"))
    assert said[0] == said[1]


def test_what_is_no_upload_is_anybodys_here():
    for data in (Data(), Data(name="digits"), Data(name="folder", path="photos")):
        assert may_open(data, by=BOB)


def test_nobody_trains_on_somebody_elses_upload(hers):
    store = RunStore()
    with pytest.raises(DataMissing):
        store.submit(Recipe(data=hers), by=BOB)
    assert store.list(by=LOCAL) == ()
    share_upload(id_of(hers), by=ADA, shared=True)
    for who in (ADA, BOB, LOCAL):
        store.submit(Recipe(data=hers), by=who)


def test_a_run_that_is_taken_in_brings_no_right_to_its_pictures(hers, tmp_path):
    store = RunStore()
    run = store.submit(Recipe(data=hers), by=ADA)
    store.ask(run.id, "cancel", by=ADA)
    file = export_run(store, run.id, tmp_path / "hers.thaw", by=ADA)
    with pytest.raises(DataMissing, match="not on this machine"):
        import_run(store, file, by=BOB)
    assert len(store.list(by=LOCAL)) == 1
    assert import_run(store, file, by=ADA).owner == ADA


def test_a_worker_opens_with_the_rights_of_the_runs_owner(hers, monkeypatch):
    """What was shared when the run was asked for may not be any more when its turn comes."""
    store = RunStore()
    share_upload(id_of(hers), by=ADA, shared=True)
    run = store.submit(Recipe(data=hers), by=BOB)
    share_upload(id_of(hers), by=ADA, shared=False)
    attempt = store.claim(device="cpu", run=run.id)
    assert attempt is not None
    began: list[Recipe] = []
    monkeypatch.setattr(worker, "load_engine", lambda threads: began.append)
    with pytest.raises(DataMissing):
        worker.work(store, attempt)
    assert (store.get(run.id, by=BOB).state, began) == (State.FAILED, [])


OPENS = {
    "load",
    "open_dataset",
    "open_neighbourhood",
    "count_pictures",
    "look_through",
    "typical_side",
    "open_source",
    "open_upload",
}
"""Functions that open a recipe's pictures."""

UNASKED = {
    "tlcore/nn/engine/loop.py": "the worker has asked before it trains",
    "tlcore/cli/catalog.py": "a command of whoever sits at the machine",
    "tlcore/studies/label_curve.py": "whoever shows it asks, and every run of it is asked for",
    "tlcore/runs/limits.py": "it counts the pictures of a recipe whose submitter was asked before",
    "tlcore/nn/labels.py": "the page Data has asked before it lets anybody ask; else a command",
    "tlcore/advice/defaults.py": "whoever has something suited asks: the next test",
    "tlcore/classroom/capacity.py": "it tells a time alone, of the recipes of a lesson",
    "tlcore/ui/shared/waiting.py": "it tells a time alone, of runs whose submitters were asked",
    "tlcore/cli/auto.py": "a command of whoever sits at the machine",
    "tlcore/nn/trial.py": "the page Train asks before it shows the button; else a command",
    "tlcore/runs/card_trial.py": "the page Train asks before it looks where a trial lies",
}


def _calls(path):
    tree = ast.parse(path.read_text())
    ours = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tlcore.data")
        for alias in node.names
    }
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return called, called & ours & OPENS


def test_whatever_opens_pictures_asks_whether_it_may():
    """Every module outside the room of data itself; one that doesn't ask says here why not."""
    silent = {}
    for path in (*PROJECT.glob("tlcore/**/*.py"), *PROJECT.glob("pages/*.py")):
        name = str(path.relative_to(PROJECT))
        called, opens = _calls(path)
        if opens and "refuse_unseen" not in called and not name.startswith("tlcore/data/"):
            silent[name] = opens
    assert set(silent) == set(UNASKED)


def test_whoever_has_a_recipe_suited_to_pictures_asks_first():
    """What we would take for somebody else's pictures says how many and how large they are."""
    for path in PROJECT.glob("tlcore/ui/**/*.py"):
        called, _ = _calls(path)
        if called & {"suited", "size_warning"}:
            assert called & {"may_open", "refuse_unseen"}, path.name
