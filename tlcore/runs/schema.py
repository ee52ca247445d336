"""The tables of the store, and how older ones are brought up to date.

A change of anything here, or of the table of transitions, needs a new entry in `MIGRATIONS`: the
first one makes a database of version 1, the next one brings that to version 2, and so on.
"""

from __future__ import annotations

from typing import TypeAlias

from tlcore.runs.states import TRANSITIONS

_ALLOWED = ", ".join(
    f"('{before}', '{after}')"
    for before, followers in TRANSITIONS.items()
    for after in sorted(followers)
)

# A run has a short number inside, because its long id would stand in every point of its curves.
_RUN = """
CREATE TABLE run (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    name TEXT NOT NULL,
    preset TEXT NOT NULL,
    recipe TEXT NOT NULL,
    recipe_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    attempt INTEGER NOT NULL DEFAULT 0,
    request TEXT CHECK (request IN ('pause', 'stop', 'cancel')),
    device TEXT NOT NULL DEFAULT '',
    priority INTEGER NOT NULL DEFAULT 0,
    ticket INTEGER NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    started REAL,
    ended REAL,
    epoch INTEGER NOT NULL DEFAULT 0,
    epochs INTEGER NOT NULL,
    progress INTEGER NOT NULL DEFAULT 0,
    binned REAL
) STRICT
"""

# The worker's number is the process's; its lease runs on the steady clock of one boot.
_ATTEMPT = """
CREATE TABLE attempt (
    run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    token TEXT NOT NULL,
    device TEXT NOT NULL,
    worker_boot TEXT,
    worker_pid INTEGER,
    worker_started INTEGER,
    lease_boot TEXT NOT NULL,
    lease_until REAL NOT NULL,
    begun INTEGER NOT NULL DEFAULT 0,
    claimed REAL NOT NULL,
    claimed_steady REAL NOT NULL,
    seconds REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID
"""

_EVENT = """
CREATE TABLE event (
    run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at REAL NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID
"""

# Read by `seq` while a run is watched, written again by the rest when epochs are replayed.
# NaN becomes NULL in SQLite.
_METRIC = """
CREATE TABLE metric (
    run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    step INTEGER NOT NULL,
    value REAL,
    seconds REAL NOT NULL,
    PRIMARY KEY (run, seq),
    UNIQUE (run, name, epoch, step)
) STRICT, WITHOUT ROWID
"""

_CHANGE = """
CREATE TABLE change (
    seq INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
    before TEXT,
    after TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    why TEXT NOT NULL,
    at REAL NOT NULL
) STRICT
"""

_ARTIFACT = """
CREATE TABLE artifact (
    run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID
"""

_NOTE_FIRST_STATE = """
CREATE TRIGGER first_state AFTER INSERT ON run
BEGIN
    INSERT INTO change (run, before, after, attempt, why, at)
    VALUES (NEW.number, NULL, NEW.state, NEW.attempt, NEW.reason, NEW.updated);
END
"""

_ALLOW_TRANSITION = f"""
CREATE TRIGGER allowed_transition BEFORE UPDATE OF state ON run
WHEN (OLD.state, NEW.state) NOT IN (VALUES {_ALLOWED})
BEGIN
    SELECT RAISE(ABORT, 'no such transition of a run');
END
"""

_NOTE_TRANSITION = """
CREATE TRIGGER noted_transition AFTER UPDATE OF state ON run
BEGIN
    INSERT INTO change (run, before, after, attempt, why, at)
    VALUES (NEW.number, OLD.state, NEW.state, NEW.attempt, NEW.reason, NEW.updated);
END
"""

_VERSION_1 = (
    _RUN,
    _ATTEMPT,
    _EVENT,
    _METRIC,
    _CHANGE,
    _ARTIFACT,
    "CREATE TABLE rule (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE ticket (last INTEGER NOT NULL) STRICT",
    "INSERT INTO ticket VALUES (0)",
    "CREATE INDEX run_by_owner ON run (owner, state)",
    "CREATE INDEX run_by_state ON run (state)",
    "CREATE INDEX change_by_run ON change (run)",
    _NOTE_FIRST_STATE,
    _ALLOW_TRANSITION,
    _NOTE_TRANSITION,
)

_VERSION_2 = ("ALTER TABLE run ADD COLUMN origin TEXT NOT NULL DEFAULT ''",)

# What people have used up outlives the runs that it was used for, hour by hour.
_USED = """
CREATE TABLE used (
    owner TEXT NOT NULL,
    hour INTEGER NOT NULL,
    seconds REAL NOT NULL DEFAULT 0,
    imports INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, hour)
) STRICT, WITHOUT ROWID
"""

_USED_SO_FAR = """
INSERT INTO used (owner, hour, seconds)
SELECT owner, CAST(claimed / 3600 AS INTEGER), sum(seconds)
FROM attempt JOIN run ON run.number = attempt.run GROUP BY 1, 2
"""

_COUNT_SECONDS = """
CREATE TRIGGER counted_seconds AFTER UPDATE OF seconds ON attempt
WHEN NEW.seconds > OLD.seconds
BEGIN
    INSERT INTO used (owner, hour, seconds)
    SELECT owner, CAST(NEW.claimed / 3600 AS INTEGER), NEW.seconds - OLD.seconds
    FROM run WHERE number = NEW.run
    ON CONFLICT (owner, hour) DO UPDATE SET seconds = seconds + excluded.seconds;
END
"""

_VISIT = "CREATE TABLE visit (owner TEXT PRIMARY KEY, last REAL NOT NULL) STRICT, WITHOUT ROWID"

_VERSION_3 = (
    _USED,
    _VISIT,
    _USED_SO_FAR,
    _COUNT_SECONDS,
    "ALTER TABLE run ADD COLUMN row_bytes INTEGER NOT NULL DEFAULT 0",
)

# Lessons and classes: what `tlcore.classroom` keeps. Of a class nothing outlives it.
_CLASS = """
CREATE TABLE class (
    code TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    lesson TEXT NOT NULL,
    invite TEXT NOT NULL,
    created REAL NOT NULL,
    frozen INTEGER NOT NULL DEFAULT 0,
    opened TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID
"""

_TEACHER = """
CREATE TABLE teacher (
    class TEXT NOT NULL REFERENCES class (code) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (class, owner)
) STRICT, WITHOUT ROWID
"""

# Somebody at a lesson, in a class or alone. The lesson stands here whole: a newer one doesn't
# change under whoever is in the middle of it.
_SITTING = """
CREATE TABLE sitting (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    class TEXT REFERENCES class (code) ON DELETE CASCADE,
    address TEXT NOT NULL,
    lesson TEXT NOT NULL,
    seat INTEGER NOT NULL,
    nickname TEXT NOT NULL DEFAULT '',
    team TEXT NOT NULL DEFAULT '',
    step INTEGER NOT NULL DEFAULT 0,
    hand REAL,
    joined REAL NOT NULL,
    moved REAL NOT NULL
) STRICT
"""

_ANSWER = """
CREATE TABLE answer (
    sitting INTEGER NOT NULL REFERENCES sitting (number) ON DELETE CASCADE,
    step TEXT NOT NULL,
    value REAL,
    words TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (sitting, step)
) STRICT, WITHOUT ROWID
"""

_LESSON_RUN = """
CREATE TABLE lesson_run (
    run INTEGER PRIMARY KEY REFERENCES run (number) ON DELETE CASCADE,
    sitting INTEGER NOT NULL REFERENCES sitting (number) ON DELETE CASCADE,
    name TEXT NOT NULL
) STRICT
"""

# What an owner may not open of runs with such a recipe, until the question of a step is answered.
_GATE = """
CREATE TABLE gate (
    sitting INTEGER NOT NULL REFERENCES sitting (number) ON DELETE CASCADE,
    step TEXT NOT NULL,
    recipe TEXT NOT NULL,
    owner TEXT NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (sitting, step, recipe)
) STRICT, WITHOUT ROWID
"""

_VERSION_4 = (
    _CLASS,
    _TEACHER,
    _SITTING,
    _ANSWER,
    _LESSON_RUN,
    _GATE,
    "CREATE TABLE lesson (id TEXT PRIMARY KEY, owner TEXT NOT NULL, text TEXT NOT NULL, "
    "created REAL NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE UNIQUE INDEX sitting_of_owner ON sitting (owner, address, ifnull(class, ''))",
    "CREATE INDEX sitting_by_class ON sitting (class)",
    "CREATE INDEX lesson_run_by_sitting ON lesson_run (sitting)",
    "CREATE INDEX gate_by_owner ON gate (owner, recipe)",
)

# A sweep is its runs: nothing of it is kept beside them.
_SWEEP_RUN = """
CREATE TABLE sweep_run (
    run INTEGER PRIMARY KEY REFERENCES run (number) ON DELETE CASCADE,
    sweep TEXT NOT NULL,
    name TEXT NOT NULL,
    setting TEXT NOT NULL,
    place INTEGER NOT NULL
) STRICT
"""

_VERSION_5 = (_SWEEP_RUN, "CREATE INDEX sweep_run_by_sweep ON sweep_run (sweep)")

Migration: TypeAlias = tuple[str, ...]

MIGRATIONS: tuple[Migration, ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5)
"""The statements that bring a database from version n to n + 1; the first make it."""
