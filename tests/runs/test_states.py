import re
import sqlite3
from itertools import product

import pytest

from tlcore.errors import RunError
from tlcore.runs import states
from tlcore.runs.database import Database
from tlcore.runs.states import ACTIVE, TRANSITIONS, State, check


def test_every_state_has_its_line_in_the_table():
    assert set(TRANSITIONS) == set(State)


def test_every_state_is_in_the_drawing():
    drawn = re.findall(r"\w+", (states.__doc__ or "").split("\n\n")[1])
    assert set(drawn) >= {state.value for state in State}


def test_every_state_can_be_reached_and_only_finished_is_final():
    reached = {State.QUEUED}
    for _ in State:
        reached |= {after for before in reached for after in TRANSITIONS[before]}
    assert reached == set(State)
    assert [state for state in State if not TRANSITIONS[state]] == [State.FINISHED]


def test_whatever_is_at_work_can_be_lost_and_nothing_else():
    assert {state for state in State if State.LOST in TRANSITIONS[state]} == ACTIVE


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return Database(tmp_path_factory.mktemp("states") / "runs.sqlite")


def test_python_and_the_database_refuse_the_same_transitions(subtests, database):
    """The database by itself, so that no other program and no slip of ours gets past it."""
    for before, after in product(State, State):
        with subtests.test(before=before, after=after):
            _make(database, before)
            if after in TRANSITIONS[before]:
                check(before, after)
                _set(database, after)
            else:
                with pytest.raises(RunError, match=f"{before} can't become {after}"):
                    check(before, after)
                with pytest.raises(sqlite3.IntegrityError, match="no such transition"):
                    _set(database, after)


def test_no_transition_goes_unrecorded_however_it_was_made(database):
    _make(database, State.QUEUED)
    _set(database, State.STARTING)
    with database.reading() as sql:
        changes = sql.execute("SELECT before, after FROM change").fetchall()
    assert [tuple(change) for change in changes] == [(None, "queued"), ("queued", "starting")]


def _make(database, state):
    with database.writing() as sql:
        sql.execute("DELETE FROM run")
        sql.execute(
            "INSERT INTO run (id, owner, owner_name, name, preset, recipe, recipe_id, state, "
            "ticket, created, updated, epochs) "
            "VALUES ('x', '', '', '', '', '', '', ?, 1, 0, 0, 1)",
            (state.value,),
        )


def _set(database, state):
    with database.writing() as sql:
        sql.execute("UPDATE run SET state = ?", (state.value,))
