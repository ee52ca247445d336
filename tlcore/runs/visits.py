"""Who has been here, and when: what absent visitors left behind expires, and nothing else does.

Visitors of a lab open to anybody are known by a key in their browser, which the lab signs when it
gives one away: keys that people think up are nobody's. Those of earlier labs, which didn't sign,
are taken from whoever has anything here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from time import monotonic

from tlcore.access import Owner, known_by, new_key
from tlcore.files import written_whole
from tlcore.runs.database import Database
from tlcore.runs.identity import SYSTEM, Clock
from tlcore.runs.limits import HOUR, forget_used

NEW_KEYS = 60
"""Keys that one address is given within an hour: a class behind one router is given its own."""

_SIGNED = re.compile(r"([A-Za-z0-9_-]{32})\.([0-9a-f]{32})")
_MOST_ADDRESSES = 10_000


class Visits:
    """Who has been here, as a store knows it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def note(self, by: Owner) -> None:
        """Somebody is here. What was used so long ago that it doesn't count any more goes."""
        now = self._clock.wall()
        with self._database.writing() as sql:
            sql.execute(
                "INSERT INTO visit VALUES (?, ?) "
                "ON CONFLICT (owner) DO UPDATE SET last = excluded.last",
                (by.id, now),
            )
            forget_used(sql, now)

    def since(self, moment: float) -> frozenset[str]:
        """The ids of owners who have been here since a moment."""
        with self._database.reading() as sql:
            found = sql.execute("SELECT owner FROM visit WHERE last >= ?", (moment,))
            return frozenset(owner for (owner,) in found)

    def knows(self, by: Owner) -> bool:
        """Whether anything is known of somebody."""
        with self._database.reading() as sql:
            (known,) = sql.execute(
                "SELECT EXISTS (SELECT 1 FROM run WHERE owner = :id) "
                "OR EXISTS (SELECT 1 FROM visit WHERE owner = :id)",
                {"id": by.id},
            ).fetchone()
        return bool(known)


@lru_cache(maxsize=4)
def visits_of(home: Path) -> Visits:
    """Who has been in the lab with this home."""
    return Visits(Database(home / "runs.sqlite"), SYSTEM)


def signed_key(home: Path) -> str:
    """A key for a new visitor of the lab with this home."""
    key = new_key()
    return f"{key}.{_signature(home, key)}"


def is_key(home: Path, key: str) -> bool:
    """Whether this lab gave the key away."""
    if found := _SIGNED.fullmatch(key):
        return hmac.compare_digest(found[2], _signature(home, found[1]))
    return bool(key) and visits_of(home).knows(known_by(key))


def _signature(home: Path, key: str) -> str:
    return hmac.new(_secret(home), key.encode(), hashlib.sha256).hexdigest()[:32]


@lru_cache(maxsize=8)
def _secret(home: Path) -> bytes:
    """Of this home alone; whoever copies the home takes its visitors along."""
    path = home / "visitors.key"
    while True:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            home.mkdir(parents=True, exist_ok=True)
            with written_whole(path) as draft:
                draft.chmod(0o600)
                draft.write_bytes(secrets.token_bytes(32))


@dataclass
class NewKeys:
    """Counts the keys that each address was given within the last hour; forgets with the server."""

    most: int = NEW_KEYS
    _given: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def may_have(self, address: str) -> bool:
        """Whether an address may be given one more; if so, it counts as given."""
        now = monotonic()
        with self._lock:
            times = self._given.setdefault(address, deque())
            self._given.move_to_end(address)
            while times and now - times[0] > HOUR:
                times.popleft()
            while len(self._given) > _MOST_ADDRESSES:
                self._given.popitem(last=False)
            if len(times) >= self.most:
                return False
            times.append(now)
            return True
