"""Whose a run is, without accounts; and the rules that a teacher or a host sets for everybody.

Whoever knows the key is the owner, so a key can't be guessed; the id that stands beside a run,
where others may read it, is made from the key and doesn't tell it.

>>> ada = known_by("a key that only Ada's browser knows", name="Ada")
>>> ada == known_by("a key that only Ada's browser knows", name="Ada L.")
True
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field

GIGABYTE = 10**9


@dataclass(frozen=True)
class Owner:
    """Somebody whose runs these are; two with the same id are the same, whatever their names.

    Attributes:
        id: Made from a key. It may be shown; it opens nothing.
        name: A nickname, to be shown to people. May be empty.
    """

    id: str
    name: str = field(default="", compare=False)


LOCAL = Owner("local", "this machine")
"""Whoever sits at the machine: may see and do everything."""


def new_key() -> str:
    """A key for a new owner, to be kept by a browser and nowhere else."""
    return secrets.token_urlsafe(24)


def known_by(key: str, *, name: str = "") -> Owner:
    """The owner who knows this key."""
    return Owner(hashlib.sha256(f"owner {key}".encode()).hexdigest()[:32], name)


def anonymous(*, name: str = "") -> Owner:
    """An owner whom nobody can become again, once this value is gone."""
    return known_by(new_key(), name=name)


def is_public() -> bool:
    """Whether the lab is open to anybody: `TL_PUBLIC=1`, and always on a Space of the hub."""
    return os.environ.get("TL_PUBLIC", "") not in ("", "0") or bool(os.environ.get("SPACE_ID"))


@dataclass(frozen=True)
class Rules:
    """What everybody may see and use; None is no limit. Limits of one person don't bind LOCAL.

    Attributes:
        show_others: Whether people see each other's runs. They never change them.
        running: Runs of one person at work at once; further ones wait.
        queued: Runs of one person that may wait.
        bytes: Bytes of one person's checkpoints and results, and of what they took in.
        seconds: Computing time of one person within a day.
        runs: Runs of all together.
        free_bytes: What has to stay free on the disk.
        runs_each: Runs of one person, the bin included.
        imports: Runs that one person may take in within an hour.
        memory: Bytes that a run may need, as it is forecast.
        absent: Seconds after which what a person left lying goes who hasn't been here since.
    """

    show_others: bool = True
    running: int | None = None
    queued: int | None = None
    bytes: int | None = None
    seconds: float | None = None
    runs: int | None = None
    free_bytes: int | None = None
    runs_each: int | None = None
    imports: int | None = None
    memory: int | None = None
    absent: float | None = None


PRIVATE = Rules()
PUBLIC = Rules(
    show_others=False,
    running=1,
    queued=3,
    bytes=GIGABYTE,
    seconds=3600.0,
    runs=1000,
    free_bytes=5 * GIGABYTE,
    runs_each=50,
    imports=10,
    memory=8 * GIGABYTE,
    absent=30 * 24 * 3600.0,
)


def usual_rules() -> Rules:
    """The rules where nobody has set others."""
    return PUBLIC if is_public() else PRIVATE


def share(most: int, left: int | None, few: int) -> int:
    """How much one person may have: less and less as the room for all becomes scarce, so that
    whoever comes last still finds some.

    Args:
        most: What they may have where there is room.
        left: What is left for all together; None without a limit.
        few: What everybody may have as long as anything is left.

    >>> [share(50, left, 3) for left in (None, 1000, 80, 4)]
    [50, 50, 20, 3]
    """
    return most if left is None else min(most, max(few, left // 4))
