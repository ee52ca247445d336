"""Workers as they are in earnest, with torch, on recipes that take a second."""

import ast
import os
import signal
from pathlib import Path

import pytest

from tests.runs.rehearsal import until
from tlcore import paths
from tlcore.access import LOCAL
from tlcore.nn import warm, worker
from tlcore.nn.engine.saved_network import read
from tlcore.recipe.text import from_fields
from tlcore.runs.identity import is_alive, of
from tlcore.runs.launchers.local import Local
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

pytestmark = pytest.mark.processes


def recipe(epochs=4):
    fields = {
        "data": {"name": "shapes", "shapes": {"per_class": 3, "test_per_class": 2, "size": 16}},
        "input": {"size": 32},
        "model": {"backbone": "pebble-shapes", "weights": "none"},
        "schedule": {"preset": "full"},
        "epochs": epochs,
        "batch": 8,
        "precision": "float32",
    }
    return from_fields(fields)


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def launcher(store):
    with Local(store) as launcher:
        yield launcher


def start(launcher, store, run):
    until(launcher.is_ready, seconds=60)
    attempt = store.claim(device="cpu", run=run)
    launcher.submit(attempt, 1)


def submit(store, epochs=4):
    return store.submit(recipe(epochs), by=LOCAL).id


def state(store, run):
    return store.get(run, by=LOCAL).state


def until_finished(store, run):
    until(lambda: not state(store, run).active, seconds=60)
    assert state(store, run) == State.FINISHED, store.get(run, by=LOCAL).reason


def weights(store, run):
    tensors, _ = read(store.artifact(run, "best", by=LOCAL), "network")
    return {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}


def test_a_killed_worker_changes_nothing_in_the_weights_of_its_run(store, launcher):
    whole = submit(store)
    worker.work(store, store.claim(device="cpu", run=whole), threads=1)

    run = submit(store)
    start(launcher, store, run)
    until(lambda: store.checkpoints(run, by=LOCAL), seconds=60)
    os.kill(store.worker(run).pid, signal.SIGKILL)
    until(lambda: [lost.id for lost in store.find_lost()] == [run])
    store.resume(run, by=LOCAL)
    start(launcher, store, run)
    until_finished(store, run)
    assert weights(store, run) == weights(store, whole)
    resumed = [e["resumed_at"] for e in store.events(run, by=LOCAL) if e["event"] == "Started"]
    assert resumed[0] < resumed[1]


def test_workers_outlive_the_server_that_forked_them_and_it_outlives_nobody(store, launcher):
    run = submit(store, epochs=1)
    until(launcher.is_ready, seconds=60)
    server = of(launcher._warm._process.pid)
    assert server
    assert len(os.listdir(f"/proc/{server.pid}/task")) == 1
    start(launcher, store, run)
    until(lambda: state(store, run) == State.RUNNING)
    found = store.worker(run)
    assert found != server
    assert os.getsid(found.pid) == found.pid
    assert os.getpriority(os.PRIO_PROCESS, found.pid) == worker.NICENESS
    group = Path(f"/proc/{found.pid}/autogroup")  # empty where sessions don't matter
    words = group.read_text().split() if group.exists() else []
    assert words[-1:] in ([], [str(worker.NICENESS)])
    score = Path(f"/proc/{found.pid}/oom_score_adj").read_text()
    assert int(score) == worker.FIRST_TO_GO
    launcher.cool_down()
    assert not is_alive(server)
    until_finished(store, run)
    until(lambda: not is_alive(found))
    assert store.folder(run, by=LOCAL).log.exists()


def test_without_a_server_a_worker_is_started_anew(store, launcher):
    os.kill(launcher._warm._process.pid, signal.SIGKILL)
    until(lambda: launcher.is_ready() and launcher._warm is None)
    run = submit(store, epochs=1)
    start(launcher, store, run)
    until_finished(store, run)
    [child] = launcher._children
    child.wait(20)


def test_the_server_touches_nothing_of_torch():
    """A process that is forked after a torch operation may hang."""
    tree = ast.parse(Path(warm.__file__).read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imported = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert not {"torch", "timm", "torchvision", "train"} & names
    assert "torch" not in imported


def test_nothing_else_forks():
    """Whatever has used torch starts processes anew (`subprocess`), never by forking."""
    forks = {"fork", "forkpty", "forkserver"}
    for path in sorted((paths.PROJECT / "tlcore").rglob("*.py")):
        called = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        }
        if path != Path(warm.__file__):
            assert not called & forks, path
            assert "ProcessPoolExecutor" not in path.read_text(), path
