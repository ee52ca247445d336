"""Two people at every function of the store, and five hundred ids that nobody has."""

import inspect
import random

import pytest

from bench.support.lives import bring_to, publish, submit, work
from tests.runs.test_fencing import everything
from tlcore.access import LOCAL, Owner, Rules, anonymous, known_by, new_key
from tlcore.errors import NotAllowed, RunError
from tlcore.events import Note
from tlcore.runs import identity
from tlcore.runs.records import Attempt, Metric
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

ADA = anonymous(name="Ada")
BOB = anonymous(name="Bob")
NOBODYS = "20270115-080000-0123456789abcdef"

LOOKS = {
    "get": lambda store, run, by: store.get(run, by=by),
    "position": lambda store, run, by: store.position(run, by=by),
    "recipe": lambda store, run, by: store.recipe(run, by=by),
    "recipe_version": lambda store, run, by: store.recipe_version(run, by=by),
    "folder": lambda store, run, by: store.folder(run, by=by),
    "events": lambda store, run, by: store.events(run, by=by),
    "metrics": lambda store, run, by: store.metrics(run, by=by),
    "history": lambda store, run, by: store.history(run, by=by),
    "artifact": lambda store, run, by: store.artifact(run, "last", by=by),
    "checkpoints": lambda store, run, by: store.checkpoints(run, by=by),
    "is_sealed": lambda store, run, by: store.is_sealed(run, by=by),
}
CHANGES = {
    "ask": (State.RUNNING, lambda store, run, by: store.ask(run, "cancel", by=by)),
    "resume": (State.PAUSED, lambda store, run, by: store.resume(run, by=by)),
    "rename": (State.QUEUED, lambda store, run, by: store.rename(run, "mine now", by=by)),
    "delete": (State.FINISHED, lambda store, run, by: store.delete(run, by=by)),
    "restore": (State.FINISHED, lambda store, run, by: store.restore(run, by=by)),
    "take_away": (
        State.FINISHED,
        lambda store, run, by: store.take_away(run, "embedding", by=by),
    ),
    "forget": (State.FINISHED, lambda store, run, by: store.forget(run, by=by)),
    "attach": (
        State.FINISHED,
        lambda store, run, by: store.attach(run, "embedding", draft_of(store, run), by=by),
    ),
}
WITHOUT_A_RUN = {
    "submit", "adopt", "refuse_import", "list", "recipes_like", "counts", "usage", "set_rules",
    "awaits_prediction", "has_open_question",
}  # fmt: skip
FOR_DISPATCHER_AND_WORKER = {
    "claim", "attempt", "begin", "beat", "record", "publish", "end",
    "overdue", "wait", "find_lost", "worker", "active", "queued", "strays", "lose",
}  # fmt: skip
FOR_BACKUPS = {"copied", "abandon"}
FOR_ANYBODY = {"rules", "close"}


def draft_of(store, run):
    """A map that was drawn in a run's folder."""
    return store.home / "runs" / run / ".map.tmp"


def prepared(store, change):
    """A run of Ada's for which a change would make sense."""
    run = bring_to(store, CHANGES[change][0], by=ADA)
    if change in ("restore", "forget"):
        store.delete(run, by=ADA)
    if change == "attach":
        draft_of(store, run).write_text("a map")
    if change == "take_away":
        draft_of(store, run).write_text("a map")
        store.attach(run, "embedding", draft_of(store, run), by=ADA)
    return run


def test_every_function_of_the_store_is_tried_here():
    functions = dict(inspect.getmembers(RunStore, inspect.isfunction))
    public = {name for name in functions if not name.startswith("_")}
    asks_who = {name for name in public if "by" in inspect.signature(functions[name]).parameters}
    assert asks_who == {*LOOKS, *CHANGES} | WITHOUT_A_RUN
    assert public - asks_who == FOR_DISPATCHER_AND_WORKER | FOR_BACKUPS | FOR_ANYBODY
    for name in asks_who:
        by = inspect.signature(functions[name]).parameters["by"]
        assert by.default is inspect.Parameter.empty, "who asks has to be said"


@pytest.mark.parametrize("name", [*LOOKS, *CHANGES])
def test_a_hidden_run_looks_exactly_like_one_that_doesnt_exist(store, name):
    store.set_rules(Rules(show_others=False), by=LOCAL)
    run = prepared(store, name) if name in CHANGES else submit(store, by=ADA)
    call = CHANGES[name][1] if name in CHANGES else LOOKS[name]
    before = everything(store)
    with pytest.raises(RunError) as hidden:
        call(store, run, BOB)
    with pytest.raises(RunError) as missing:
        call(store, NOBODYS, BOB)
    assert type(hidden.value) is type(missing.value) is RunError
    assert str(hidden.value) == str(missing.value).replace(NOBODYS, run)
    assert everything(store) == before


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("shown", [True, False])
def test_nobody_changes_the_runs_of_others(store, name, shown):
    store.set_rules(Rules(show_others=shown), by=LOCAL)
    run = prepared(store, name)
    before = everything(store)
    with pytest.raises(NotAllowed if shown else RunError):
        CHANGES[name][1](store, run, BOB)
    assert everything(store) == before
    CHANGES[name][1](store, run, ADA)
    assert everything(store) != before


@pytest.mark.parametrize("name", CHANGES)
def test_who_sits_at_the_machine_may_change_everything(store, name):
    store.set_rules(Rules(show_others=False), by=LOCAL)
    run = prepared(store, name)
    before = everything(store)
    CHANGES[name][1](store, run, LOCAL)
    assert everything(store) != before


@pytest.mark.parametrize("name", LOOKS)
def test_whoever_may_see_a_run_sees_what_its_owner_sees(store, name):
    attempt = work(store, by=ADA)
    store.record(attempt, [Note("hello")], [Metric("loss", 0, 0, 0.5)])
    publish(store, attempt, "last", "state")
    seen = [LOOKS[name](store, attempt.run, by) for by in (ADA, BOB, LOCAL)]
    assert seen[0] == seen[1] == seen[2]


def test_what_is_hidden_is_not_listed_counted_or_named(store):
    store.set_rules(Rules(show_others=False), by=LOCAL)
    hers, his = submit(store, by=ADA), submit(store, by=BOB)
    assert [run.id for run in store.list(by=BOB)] == [his]
    assert [run.id for run in store.list(by=LOCAL)] == [his, hers]
    alike = store.recipe(hers, by=LOCAL)
    assert set(store.recipes_like(alike, by=BOB).values()) == {his}
    assert store.list(by=BOB, recipes=[alike.id])[0].id == his
    assert store.usage(by=BOB).queued == 1
    with pytest.raises(RunError) as caught:
        store.get(hers[:-1] + "x", by=BOB)
    assert hers not in str(caught.value)
    assert his in str(caught.value)
    with pytest.raises(RunError, match=hers):
        store.get(hers[:-1] + "x", by=LOCAL)


def test_the_bin_of_others_is_hidden_too(store):
    store.set_rules(Rules(show_others=False), by=LOCAL)
    store.delete(bring_to(store, State.FINISHED, by=ADA), by=ADA)
    assert store.list(by=BOB, binned=True) == ()


def test_the_id_beside_a_run_opens_nothing(store):
    """It is shown to others; whoever gives it as a key is somebody else."""
    key = new_key()
    owner = known_by(key)
    run = submit(store, by=owner)
    assert store.get(run, by=LOCAL).owner == known_by(key)
    impostor = known_by(store.get(run, by=LOCAL).owner.id)
    with pytest.raises(NotAllowed):
        store.ask(run, "cancel", by=impostor)


def test_owners_cant_be_guessed_or_taken_for_who_sits_at_the_machine():
    assert len({anonymous().id for _ in range(1000)}) == 1000
    assert len({new_key() for _ in range(1000)}) == 1000
    assert known_by("local") != LOCAL
    assert Owner("local", "any name") == LOCAL


def test_run_ids_cant_be_guessed(store):
    runs = [submit(store) for _ in range(50)]
    secret = {run[16:] for run in runs}
    assert len(secret) == 50
    assert all(len(part) == 16 for part in secret)


def hostile_ids():
    """Half of them by hand, the rest thrown together."""
    dice = random.Random(3)
    real = NOBODYS
    by_hand = [
        "", ".", "..", "/", "\\", "~", "*", "?", "%", "_", "run", "None", "0", "-1", "\n", "\0",
        "/etc/passwd", "../../etc/passwd", "..\\..\\windows", "....//....//", "%2e%2e%2f", "~root",
        "file:///etc/passwd", "C:\\", "\\\\host\\share", "con", "nul", "a" * 300, "../" * 400,
        "x" * 1_000_000, "\udc80", "\ud800\udfff", "\u202e" + real, "\ufeff" + real, "\uff11" * 8,
        real.upper(), real + "\n", real + "\0", " " + real, real + " ", real + "/", real + "/..",
        real + "/../" + real, "./" + real, "../runs/" + real, real[:-1], real + "0", real[16:],
        real.replace("0", "\uff10"), real.replace("-", "–"), real.replace("-", "_"), real + "%00",
        "' OR '1'='1", "'; DROP TABLE run; --", '" OR 1=1 --', "1 UNION SELECT token FROM attempt",
        "$(touch pwned)", "`touch pwned`", "| touch pwned", "; touch pwned", "&& touch pwned",
        "{run}", "%s", "%n", "{0.__class__}", "<script>alert(1)</script>", "![x](//127.0.0.1/)",
        "recipe.yaml", "runs.sqlite", "runs", ".git", "CON.txt", "a:b", "鳥", "é", "e\u0301", "🐟",
    ]  # fmt: skip
    parts = [
        "../", "..", "/", "\0", "\n", "etc", "passwd", "runs", real, real[:15], "%2e", "'", '"',
        "\u202e", "\udc80", "é", "🐟", "x" * 255, "-", "0", "a", " ", ".", "~", "\\", ";",
    ]  # fmt: skip
    thrown = ["".join(dice.choices(parts, k=dice.randint(2, 8))) for _ in range(500 - len(by_hand))]
    return [*by_hand, *thrown]


def test_five_hundred_hostile_ids_are_refused_everywhere_and_touch_no_file(store, tmp_path):
    own = submit(store)
    (tmp_path / "canary").write_text("sings")
    (store.home / "runs" / "canary").write_text("sings")
    before = _files(tmp_path), everything(store)
    functions = [*LOOKS.values(), *(call for _, call in CHANGES.values()), *_UNASKED.values()]
    ids = hostile_ids()
    assert len(ids) == 500
    for run in ids:
        for call in functions:
            with pytest.raises(RunError) as caught:
                call(store, run, LOCAL)
            assert len(str(caught.value)) < 500
    assert (_files(tmp_path), everything(store)) == before
    assert store.get(own, by=LOCAL).state == State.QUEUED


_UNASKED = {
    "claim": lambda store, run, by: store.claim(device="cpu", run=run or "x"),
    "attempt": lambda store, run, by: store.attempt(run),
    "worker": lambda store, run, by: store.worker(run),
    "begin": lambda store, run, by: store.begin(_held(run), identity.own(), {}),
    "beat": lambda store, run, by: store.beat(_held(run), progress=1),
    "record": lambda store, run, by: store.record(_held(run), [Note("x")]),
    "publish": lambda store, run, by: store.publish(
        _held(run), "last", store.home / "runs" / "canary"
    ),
    "end": lambda store, run, by: store.end(_held(run), State.FAILED, "x"),
}


def _held(run):
    return Attempt(run, 1, "0" * 32, "cpu")


def _files(folder):
    """Names and contents, but for the database's own files, which `everything` looks into."""
    found = [path for path in folder.rglob("*") if not path.name.startswith("runs.sqlite")]
    return {path: path.read_bytes() if path.is_file() else b"" for path in found}


@pytest.mark.parametrize("run", [None, 7, 1.5, b"x", ["x"], {"a": 1}, NOBODYS.encode()])
def test_what_is_not_even_text_is_no_run(store, run):
    with pytest.raises(RunError, match="There is no run"):
        store.get(run, by=LOCAL)


def test_a_hidden_run_is_neither_counted_nor_found_by_its_words(store):
    store.set_rules(Rules(show_others=False), by=LOCAL)
    run = submit(store, by=ADA, name="Pupils of 7b")
    assert store.counts(by=BOB) == {}
    for words in ("pupils", run, ""):
        assert store.list(by=BOB, words=words) == ()
        assert [each.id for each in store.list(by=ADA, words=words)] == [run]
    assert store.counts(by=ADA) == {State.QUEUED: 1}
