"""What is got is whole and checked, is asked for once, and needs no network afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.data.sources.hub_sets import parquet, table, two_sides
from tests.hub.stub import Repository, Stub, serving
from tlcore import paths
from tlcore.cli import main
from tlcore.data.load import open_dataset
from tlcore.data.sources.repository import find
from tlcore.errors import FetchError
from tlcore.hub import downloads, fetch
from tlcore.hub.things import named, refuse_unless_allowed
from tlcore.recipe import Data, Input

PETS = "school/pets"
COMMIT = "ab" * 20


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with a small data set, which this process and those that it starts ask."""
    files = {**two_sides(), "README.md": b"---\nlicense: mit\n---\nPets"}
    stub = Stub({f"datasets/{PETS}": Repository(files, card={"license": "mit"})})
    with serving(stub):
        monkeypatch.setenv("HF_ENDPOINT", stub.address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr(
            "huggingface_hub.utils._http.time", SimpleNamespace(sleep=lambda seconds: None)
        )
        yield stub


def get(*words):
    """In this process, which has everything loaded."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["get", *words])
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def get_apart(*words, timeout=60, **settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tlcore", "get", *words], cwd=paths.PROJECT, text=True, check=False,
        env={**os.environ, **settings}, capture_output=True, timeout=timeout,
    )  # fmt: skip


def read(repo=PETS, revision=COMMIT) -> int:
    data = Data(name="hub", repo=repo, revision=revision)
    return len(open_dataset(data, Input(size=16)).train)


def looked(thing) -> downloads.Download:
    found = downloads.look(thing)
    assert found
    return found


def wait(until, seconds=30.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_a_data_set_is_fetched_checked_and_read_and_then_needs_no_request(hub):
    done = get(PETS, "--json")
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    assert told["revision"] == COMMIT
    assert told["licence"] == "mit"
    assert "licence mit" in done.stderr
    assert read() == 20
    hub.requests.clear()
    again = get(PETS, "--revision", COMMIT)
    assert "here already" in again.stderr
    assert not hub.requests


def test_the_same_commit_is_read_when_the_newest_has_changed_since(hub):
    get(PETS)
    hub.repositories[f"datasets/{PETS}"] = Repository(two_sides(30), commit="cd" * 20)
    assert read() == 20
    assert get(PETS, "--revision", "cd" * 20).returncode == 0
    assert (read(), read(revision="cd" * 20)) == (20, 30)


def test_weights_are_found_by_their_backbone_afterwards(hub):
    from tlcore import catalog

    hub.repositories["models/timm/resnet18.a1_in1k"] = Repository({"model.safetensors": b"w" * 99})
    assert catalog.here("resnet18") is None
    done = get("resnet18")
    assert done.returncode == 0, done.stderr
    assert catalog.here("resnet18") is not None
    hub.requests.clear()
    assert "here already" in get("resnet18").stderr
    assert not hub.requests


def test_a_set_that_only_the_hub_has_converted_to_parquet_is_fetched_too(hub):
    converted = {f"default/{side}/0000.parquet": parquet(table([0, 1] * 5))
                 for side in ("train", "test")}  # fmt: skip
    hub.repositories["datasets/school/zips"] = Repository(converted)
    assert get("school/zips").returncode == 0
    assert read("school/zips") == 10


def test_a_background_download_goes_on_without_its_server_and_is_found_again(hub):
    hub.faults["pause"] = 0.2
    thing = named(PETS)
    downloads.start(thing)
    wait(lambda: (found := downloads.look(thing)) and found.state == "fetching" and found.done)
    assert looked(thing).goes_on
    assert 0 < looked(thing).share < 1
    hub.faults.clear()
    wait(lambda: looked(thing).state == "done")
    assert thing.is_here
    assert read() == 20


def test_two_who_click_get_one_download(hub):
    hub.faults["pause"] = 0.05
    thing = named(PETS)
    downloads.start(thing)
    downloads.start(thing)
    other = get(PETS)
    assert other.returncode == 0, other.stderr
    gets = [n for route, n in hub.requests.items() if route.startswith("GET") and "train-" in route]
    assert gets == [1]


def test_a_cancelled_download_leaves_nothing_half_done(hub, tmp_path):
    hub.faults["pause"] = 0.3
    thing = named(PETS)
    downloads.start(thing)
    wait(lambda: (found := downloads.look(thing)) and found.done)
    downloads.cancel(thing)
    assert looked(thing).state == "cancelled"
    assert not list((tmp_path / "hub").rglob("*.incomplete"))
    assert find(PETS) is None
    hub.faults.clear()
    downloads.start(thing)
    wait(lambda: looked(thing).state == "done")
    assert read() == 20


def test_a_killed_download_says_so_and_begins_again(hub, tmp_path):
    hub.faults["pause"] = 0.3
    thing = named(PETS)
    downloads.start(thing)
    wait(lambda: (found := downloads.look(thing)) and found.done)
    os.kill(looked(thing).pid, signal.SIGKILL)
    wait(lambda: not downloads.goes_on(thing))
    assert looked(thing).state == "interrupted"
    assert find(PETS) is None
    hub.faults.clear()
    assert get(PETS).returncode == 0
    assert not list((tmp_path / "hub").rglob("*.incomplete"))


def test_another_lab_with_the_same_cache_sweeps_nothing_that_is_being_fetched(
    hub, tmp_path, monkeypatch
):
    hub.faults["pause"] = 0.2
    thing = named(PETS)
    downloads.start(thing)

    def parts() -> list[Path]:
        return list((tmp_path / "hub").rglob("*.incomplete"))

    wait(parts)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TL_HOME", str(tmp_path / "other"))  # its locks tell of nobody
        assert fetch.sweep(thing) == 0
    assert parts()
    hub.faults.clear()
    wait(lambda: looked(thing).state == "done")
    assert read() == 20


def test_who_gives_up_sweeps_what_was_its_own(hub, tmp_path):
    hub.faults["pause"] = 3600.0
    done = get_apart(PETS, TL_STALLED="2")
    assert done.returncode == 1
    assert "Nothing comes from the hub any more" in done.stderr
    assert not list((tmp_path / "hub").rglob("*.incomplete"))


FAULTS = {
    "gated": ({"status": 401, "code": "GatedRepo"}, "accepted its conditions"),
    "gated file": ({"status": 401, "code": "GatedRepo", "where": "file"}, "accepted its"),
    "unknown": ({"status": 401, "code": "RepoNotFound"}, "has no school/pets"),
    "no such file": ({"status": 404, "code": "EntryNotFound", "where": "file"}, "lacks a file"),
    "proxy": ({"status": 407}, "proxy wants a name"),
    "trouble": ({"status": 503, "where": "file"}, "trouble of its own"),
    "circle": ({"circle": True}, "round in a circle"),
    "log-in page": ({"page": True}, "Something else answered"),
    "wrong bytes": ({"wrong": True}, "came damaged"),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "words"), FAULTS.values(), ids=FAULTS)
def test_every_fault_is_a_sentence_with_what_to_do_and_leaves_nothing_half_done(
    fault, words, hub, tmp_path
):
    hub.faults.update(fault)
    done = get(PETS)
    assert done.returncode == 1
    assert words in done.stderr
    assert "What to do:" in done.stderr
    assert "Traceback" not in done.stderr
    assert find(PETS) is None
    assert not list((tmp_path / "hub").rglob("*.incomplete"))
    assert looked(named(PETS)).state == "failed"
    assert looked(named(PETS)).remedy


def test_no_network_and_staying_offline_are_told_apart(hub):
    assert "doesn't reach the hub" in get_apart(PETS, HF_ENDPOINT="http://127.0.0.1:9").stderr
    assert "HF_HUB_OFFLINE" in get_apart(PETS, HF_HUB_OFFLINE="1").stderr
    assert not hub.requests


def test_in_a_public_lab_only_what_its_owner_lists_is_fetched(monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    for name in (PETS, "cifar10", "resnet18"):
        with pytest.raises(FetchError, match="open to anybody"):
            refuse_unless_allowed(named(name))
    monkeypatch.setenv("TL_HUB", f"cifar10, {PETS}")
    refuse_unless_allowed(named(PETS))
    refuse_unless_allowed(named("cifar10"))


def test_names_that_nobody_knows_get_a_hint():
    with pytest.raises(FetchError) as caught:
        named("cifar1O")
    assert "cifar10" in caught.value.remedy
