"""Only keys that the lab gave away are anybody's, an address gets so many, and visits are noted."""

from bench.support.lives import NOON, submit
from tlcore.access import anonymous, known_by, new_key
from tlcore.runs.visits import NewKeys, is_key, signed_key


def test_only_keys_that_this_lab_gave_away_are_taken(store, tmp_path):
    key = signed_key(store.home)
    assert is_key(store.home, key)
    for made_up in (
        "",
        "local",
        "x",
        new_key(),
        key[:-1] + "g",
        f"{new_key()}.{'0' * 32}",
        key * 2,
    ):
        assert not is_key(store.home, made_up)
    assert not is_key(tmp_path / "another home", key)
    assert (store.home / "visitors.key").stat().st_mode & 0o777 == 0o600


def test_whoever_has_something_here_keeps_a_key_that_was_not_signed(store):
    key = new_key()
    submit(store, by=known_by(key))
    assert is_key(store.home, key)
    assert not is_key(store.home, new_key())


def test_an_address_is_given_so_many_keys_an_hour_and_others_theirs(monkeypatch):
    now, new = [0.0], NewKeys(3)
    monkeypatch.setattr("tlcore.runs.visits.monotonic", lambda: now[0])
    assert [new.may_have("a") for _ in range(5)] == [True] * 3 + [False] * 2
    assert new.may_have("b")
    now[0] = 3601.0
    assert new.may_have("a")


def test_who_was_here_is_known_by_the_latest_visit(store, time):
    ada, bob = anonymous(), anonymous()
    store.visits.note(ada)
    time.pass_by(100)
    store.visits.note(bob)
    assert store.visits.since(NOON + 50) == {bob.id}
    store.visits.note(ada)
    assert store.visits.since(NOON + 50) == {ada.id, bob.id}
