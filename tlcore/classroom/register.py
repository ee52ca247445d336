"""The register: who sits at which lesson, what they predicted, and what a teacher may do.

Whoever asks says who they are (`by`), as in the store of runs. A student changes their own sitting
and nothing else; a teacher of a class sees and changes that class; whoever sits at the lab's
machine may do what a teacher may. What somebody may not see looks as if it weren't there.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tlcore.access import LOCAL, Owner
from tlcore.classroom import lesson as lessons
from tlcore.classroom.lesson import Count, Do, Explain, Lesson, Predict, from_lesson_text, to_text
from tlcore.classroom.measures import Outcome, truth_of
from tlcore.classroom.records import Class, Sitting
from tlcore.classroom.rows import as_class, class_row, read_run, read_sitting, take_seat
from tlcore.errors import LessonError, NotAllowed, QuotaExceeded, RunError
from tlcore.recipe import Recipe
from tlcore.runs import gates, rows
from tlcore.runs.artifacts import remove_path
from tlcore.runs.queue import CALLED_FORWARD
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Of codes: none that is read as another."""

MOST_STUDENTS = 200
LONGEST_TITLE, LONGEST_NAME, LONGEST_WORDS = 80, 40, 2000


class Register:
    """Lessons and classes of one home."""

    def __init__(self, store: RunStore) -> None:
        self.store = store

    # Lessons

    def lesson(self, address: str, language: str = "en") -> Lesson:
        """One of the lab's, by its name, or a teacher's own, by its id."""
        if address in lessons.names():
            return lessons.find(address, language)
        with self.store.database.reading() as sql:
            found = sql.execute("SELECT text FROM lesson WHERE id = ?", (address,)).fetchone()
        if found is None:
            return lessons.find(address)  # which says what is near
        return from_lesson_text(found["text"], where=address)

    def keep_lesson(self, lesson: Lesson, *, by: Owner) -> str:
        """Keep a teacher's own lesson, and give the address that opens it."""
        given = (lesson.id, by.id, to_text(lesson), self._now())
        with self.store.database.writing() as sql:
            sql.execute("INSERT OR IGNORE INTO lesson VALUES (?, ?, ?, ?)", given)
        return lesson.id

    def own_lessons(self, *, by: Owner) -> dict[str, Lesson]:
        """The lessons that somebody has written, the newest first, by their addresses."""
        query = "SELECT id, text FROM lesson WHERE owner = ? ORDER BY created DESC"
        with self.store.database.reading() as sql:
            found = sql.execute(query, (by.id,)).fetchall()
        return {each["id"]: from_lesson_text(each["text"], where=each["id"]) for each in found}

    def drop_lesson(self, address: str, *, by: Owner) -> None:
        """Delete a lesson of one's own. Who is in the middle of it goes on."""
        with self.store.database.writing() as sql:
            sql.execute("DELETE FROM lesson WHERE id = ? AND owner = ?", (address, by.id))

    # Students

    def sit_down(self, address: str, *, by: Owner, language: str = "en") -> Sitting:
        """Begin a lesson alone, or go on where one was."""
        if found := self._find(by, address, None):
            return found
        lesson = self.lesson(address, language)
        with self.store.database.writing() as sql:
            seat = secrets.randbelow(90_000) + 1000  # dice that no class uses
            number = take_seat(sql, self._now(), by, None, address, to_text(lesson), seat, "", "")
            return read_sitting(sql, number)

    def join(self, code: str, nickname: str, *, by: Owner, team: str = "") -> Sitting:
        """Take a seat in a class, or the one that one has."""
        group = self.find_class(code)
        if found := self._find(by, group.code, group.code):
            return found
        name = _line(nickname, "A nickname", LONGEST_NAME)
        if not name:
            raise RunError("A nickname is missing", remedy="Any name will do that you are known by")
        with self.store.database.writing() as sql:
            row = class_row(sql, group.code)
            taken = sql.execute(
                "SELECT nickname, seat FROM sitting WHERE class = ?", (group.code,)
            ).fetchall()
            if len(taken) >= MOST_STUDENTS:
                raise QuotaExceeded(f"This class has {MOST_STUDENTS} students, as many as it may")
            if name.casefold() in {each["nickname"].casefold() for each in taken}:
                remedy = "Add a letter or a number to yours."
                raise RunError("Somebody in this class has this nickname", remedy=remedy)
            seat = max((each["seat"] for each in taken), default=0) + 1
            team = _line(team, "A group", LONGEST_NAME)
            now, code, text = self._now(), group.code, row["lesson"]
            number = take_seat(sql, now, by, code, code, text, seat, name, team)
            return read_sitting(sql, number)

    def sitting(self, number: int, *, by: Owner) -> Sitting:
        """A sitting, to the student whose it is and to their teachers."""
        with self.store.database.reading() as sql:
            row = self._own(sql, number, by, or_teacher=True)
            return read_sitting(sql, row["number"])

    def sittings(self, *, by: Owner) -> tuple[Sitting, ...]:
        """What somebody has begun, the last first."""
        query = "SELECT number FROM sitting WHERE owner = ? ORDER BY moved DESC"
        with self.store.database.reading() as sql:
            found = [number for (number,) in sql.execute(query, (by.id,))]
            return tuple(read_sitting(sql, number) for number in found)

    def go(self, number: int, step: int, *, by: Owner) -> Sitting:
        """Go to a step: back to any, and on to one that nothing stands before."""
        with self._moving(number, by) as (sql, before):
            here = read_sitting(sql, number)
            last = len(here.lesson.steps)
            target = max(0, min(step, last))
            for between in range(min(here.step, target), target):
                if reason := here.hindrance(between):
                    raise NotAllowed(reason)
            sql.execute("UPDATE sitting SET step = ? WHERE number = ?", (target, before["number"]))
        return self.sitting(number, by=by)

    def predict(
        self, number: int, step: str, value: float, words: str, *, by: Owner
    ) -> Sitting:  # fmt: skip
        """Commit to an answer and to the reason for it. It stays as it is, and opens the result."""
        with self._moving(number, by) as (sql, row):
            asked = self._step(row, step, Predict)
            asked.refuse_impossible(value)
            reason = _words(words, "One sentence why")
            try:
                sql.execute(
                    "INSERT INTO answer VALUES (?, ?, ?, ?, ?)",
                    (number, step, float(value), reason, self._now()),
                )
            except sqlite3.IntegrityError:
                raise NotAllowed("A prediction stays as it was made") from None
            gates.open_for_good(sql, number, step)
        return self.sitting(number, by=by)

    def count(self, number: int, step: str, value: float, *, by: Owner) -> Sitting:
        """Say what one has counted; a slip can be put right."""
        with self._moving(number, by) as (sql, row):
            asked = self._step(row, step, Count)
            if not asked.scale.low <= value <= asked.scale.high:
                raise LessonError([f"{value:g} is no answer to: {asked.question}"])
            sql.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, '', ?)",
                (number, step, float(value), self._now()),
            )
        return self.sitting(number, by=by)

    def explain(self, number: int, step: str, words: str, *, by: Owner) -> Sitting:
        """Say what one makes of it: after every prediction, and after the runs that are shown."""
        with self._moving(number, by) as (sql, row):
            self._step(row, step, Explain)
            here = read_sitting(sql, number)
            if here.waiting_for or not here.has_seen(step):
                raise NotAllowed(
                    "The explanation is written last, once the result is known",
                    remedy="Make your prediction, let the runs end, and look at them.",
                )
            sql.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, NULL, ?, ?)",
                (number, step, _words(words, "An explanation"), self._now()),
            )
        return self.sitting(number, by=by)

    def raise_hand(self, number: int, up: bool, *, by: Owner) -> None:
        """Ask for help, or take the hand down; a teacher takes it down, too."""
        with self.store.database.writing() as sql:
            self._own(sql, number, by, or_teacher=not up)
            at = self._now() if up else None
            sql.execute("UPDATE sitting SET hand = ? WHERE number = ?", (at, number))

    def train(self, number: int, *, by: Owner) -> Sitting:
        """Ask for the runs of the step that a student is at, as many as the rules let wait. What
        ended without a result is asked for again. Calling it again goes on."""
        here = self.sitting(number, by=by)
        with self.store.database.reading() as sql:
            self._own(sql, number, by)
        step = here.lesson.steps[here.step] if here.step < len(here.lesson.steps) else None
        wanted = step.runs if isinstance(step, Do) else ()
        missing = [name for name in wanted if not _is_under_way(here.runs.get(name))]
        for place, name in enumerate(missing):
            try:
                self._ask_for(here, name, here.lesson.recipe(name, here.seat), by)
            except QuotaExceeded:
                if place == 0 and not any(map(_waits_or_works, here.runs.values())):
                    raise
                break
        return self.sitting(number, by=by)

    def leave(self, number: int, *, by: Owner) -> None:
        """Forget a lesson that one has begun, predictions and all; the runs stay one's own. Who is
        in a class can't undo a prediction by leaving: the gates stay until the class is deleted."""
        with self.store.database.writing() as sql:
            row = self._own(sql, number, by)
            if row["class"] is not None:
                raise NotAllowed("You are in a class", remedy="Your teacher ends it for everybody.")
            sql.execute("DELETE FROM sitting WHERE number = ?", (number,))

    def outcomes(self, here: Sitting, *, by: Owner) -> dict[str, Outcome]:
        """What the runs of a sitting came to, as far as whoever asks may know: a student, what
        they have predicted; a teacher, all."""
        own = self._is_own(here.number, by)
        if not own:
            self.taught(here.code, by=by)
        found = self._outcomes(here)
        return {name: each for name, each in found.items() if not own or here.may_open(name)}

    def opened_answers(
        self, number: int, *, by: Owner
    ) -> tuple[tuple[Predict, tuple[tuple[float | None, float | None], ...]], ...]:
        """Of the questions that the teacher has opened and this student has answered: what each
        in the class said, and what came out for them, without names."""
        here = self.sitting(number, by=by)
        opened = self.find_class(here.code).opened if here.code else frozenset()
        steps = [s for s in here.lesson.predictions if s.name in opened and s.name in here.answers]
        if not steps:
            return ()
        everybody = self._students(here.code)
        outcomes = [self._outcomes(each) for each in everybody]
        return tuple(
            (
                step,
                tuple(
                    _said_and_true(step, *each) for each in zip(everybody, outcomes, strict=True)
                ),
            )
            for step in steps
        )

    # Classes, for teachers

    def new_class(self, address: str, title: str, *, by: Owner) -> Class:
        """Open a class; whoever does is its teacher."""
        lesson = to_text(self.lesson(address))
        code = "".join(secrets.choice(LETTERS) for _ in range(6))
        name = _line(title, "A title", LONGEST_TITLE) or from_lesson_text(lesson).title
        with self.store.database.writing() as sql:
            sql.execute(
                "INSERT INTO class (code, title, lesson, invite, created) VALUES (?, ?, ?, ?, ?)",
                (code, name, lesson, secrets.token_urlsafe(16), self._now()),
            )
            sql.execute("INSERT INTO teacher VALUES (?, ?, ?)", (code, by.id, self._now()))
            return as_class(class_row(sql, code))

    def find_class(self, code: str) -> Class:
        """What everybody with the code may know: its title and its lesson."""
        with self.store.database.reading() as sql:
            found = class_row(sql, code.strip().upper())
        return as_class(found, with_invite=False)

    def classes(self, *, by: Owner) -> tuple[Class, ...]:
        """Those that somebody teaches, the newest first."""
        query = (
            "SELECT class.* FROM class WHERE :all OR EXISTS (SELECT 1 FROM teacher "
            "WHERE teacher.class = class.code AND teacher.owner = :owner) ORDER BY created DESC"
        )
        with self.store.database.reading() as sql:
            found = sql.execute(query, {"all": by == LOCAL, "owner": by.id})
            return tuple(map(as_class, found))

    def taught(self, code: str, *, by: Owner) -> Class:
        """A class, to its teachers."""
        with self.store.database.reading() as sql:
            return as_class(self._taught(sql, code, by))

    def is_teacher(self, code: str, *, by: Owner) -> bool:
        """Whether somebody teaches a class."""
        with suppress(RunError):
            return self.taught(code, by=by) is not None
        return False

    def teach_too(self, code: str, invite: str, *, by: Owner) -> Class:
        """Become a second teacher, by the link that the first one gave."""
        with self.store.database.writing() as sql:
            row = class_row(sql, code)
            if not secrets.compare_digest(row["invite"].encode(), invite.encode()):
                raise NotAllowed("This link doesn't make you a teacher of the class")
            sql.execute(
                "INSERT OR IGNORE INTO teacher VALUES (?, ?, ?)", (code, by.id, self._now())
            )
            return as_class(row)

    def new_invite(self, code: str, *, by: Owner) -> Class:
        """Make another link for second teachers; the one before opens nothing any more."""
        return self._change(code, by, "invite = ?", secrets.token_urlsafe(16))

    def freeze(self, code: str, frozen: bool, *, by: Owner) -> Class:
        """Hold back new runs of everybody in the class, or let them go on."""
        return self._change(code, by, "frozen = ?", int(frozen))

    def open_truth(self, code: str, step: str, shown: bool, *, by: Owner) -> Class:
        """Show everybody what the class predicted beside what came out, or take it down."""
        group = self.taught(code, by=by)
        opened = group.opened | {step} if shown else group.opened - {step}
        return self._change(code, by, "opened = ?", json.dumps(sorted(opened)))

    def students(self, code: str, *, by: Owner) -> tuple[Sitting, ...]:
        """Everybody in the class, in the order in which they came."""
        self.taught(code, by=by)
        return self._students(code)

    def push(self, code: str, recipe: Recipe, name: str, *, by: Owner) -> tuple[int, int]:
        """Put a run of this recipe into everybody's queue, with their own seeds; how many got one,
        and how many had too many runs already."""
        title = _line(name, "A name", rows.LONGEST_NAME) or "from your teacher"
        given = refused = 0
        for student in self.students(code, by=by):
            try:
                own = recipe.model_copy(update={"seed": student.seat})
                self._ask_for(student, title, own, self._owner_of(student.number))
                given += 1
            except QuotaExceeded:
                refused += 1
        return given, refused

    def call_forward(self, code: str, run: str, *, by: Owner) -> None:
        """Let a student's run go before everybody's."""
        with self.store.database.writing() as sql:
            row = self._run_of(sql, code, run, by)
            rows.change(sql, row, priority=CALLED_FORWARD, updated=self._now())

    def cancel(self, code: str, run: str, *, by: Owner) -> None:
        """End a student's run."""
        with self.store.database.reading() as sql:
            owner = Owner(self._run_of(sql, code, run, by)["owner"])
        self.store.ask(run, "cancel", by=owner)

    def delete_class(self, code: str, *, by: Owner) -> tuple[str, ...]:
        """Delete a class with all of it: who sat in it, what they said, and their runs of the
        lesson, for good. Give the ids of runs that are still at work and were asked to end: as
        long as there are any, the class stays, and this is to be called again."""
        self.freeze(code, True, by=by)
        for run in self._runs(code, by):
            if run.state == State.QUEUED or run.state.active or run.state == State.PAUSED:
                with suppress(RunError):
                    self.store.ask(run.id, "cancel", by=LOCAL)
        left = tuple(run.id for run in self._runs(code, by) if _waits_or_works(run))
        if left:
            return left
        for run in self._runs(code, by):
            if run.binned is None:
                self.store.delete(run.id, by=LOCAL)
            self.store.forget(run.id, by=LOCAL)
            remove_path(self.store.home / "runs" / run.id)
        with self.store.database.writing() as sql:
            self._taught(sql, code, by)
            sql.execute("DELETE FROM class WHERE code = ?", (code,))
        return ()

    # Inside

    def _now(self) -> float:
        return self.store.clock.wall()

    def _find(self, by: Owner, address: str, code: str | None) -> Sitting | None:
        query = "SELECT number FROM sitting WHERE owner = ? AND address = ? AND class IS ?"
        with self.store.database.reading() as sql:
            found = sql.execute(query, (by.id, address, code)).fetchone()
            return read_sitting(sql, found["number"]) if found else None

    def _own(
        self, sql: sqlite3.Connection, number: int, by: Owner, *, or_teacher: bool = False
    ) -> sqlite3.Row:
        """A sitting that is somebody's own, or of a student whom they teach."""
        row = sql.execute("SELECT * FROM sitting WHERE number = ?", (number,)).fetchone()
        if row is not None and row["owner"] == by.id:
            return row  # type: ignore[no-any-return]
        if row is not None and or_teacher and row["class"]:
            self._taught(sql, row["class"], by)
            return row  # type: ignore[no-any-return]
        raise RunError("There is no such lesson of yours", remedy="Open its link again.")

    def _taught(self, sql: sqlite3.Connection, code: str, by: Owner) -> sqlite3.Row:
        row = class_row(sql, code)
        query = "SELECT EXISTS (SELECT 1 FROM teacher WHERE class = ? AND owner = ?)"
        if by != LOCAL and not sql.execute(query, (code, by.id)).fetchone()[0]:
            raise NotAllowed("This is for the teachers of the class", where=code)
        return row

    @contextmanager
    def _moving(self, number: int, by: Owner) -> Iterator[tuple[sqlite3.Connection, sqlite3.Row]]:
        """Change a sitting of one's own, which counts as getting on."""
        with self.store.database.writing() as sql:
            row = self._own(sql, number, by)
            yield sql, row
            sql.execute("UPDATE sitting SET moved = ? WHERE number = ?", (self._now(), number))

    def _step(self, row: sqlite3.Row, name: str, kind: type[Any]) -> Any:
        lesson = from_lesson_text(row["lesson"], where=row["address"])
        for step in lesson.steps:
            if step.name == name and isinstance(step, kind):
                return step
        raise LessonError([f"the lesson has no such step: {name}"])

    def _ask_for(self, here: Sitting, name: str, recipe: Recipe, by: Owner) -> None:
        run = self.store.submit(recipe, by=by)
        with self.store.database.writing() as sql:
            row = rows.find(sql, run.id, LOCAL)
            sql.execute(
                "INSERT INTO lesson_run VALUES (?, ?, ?)", (row["number"], here.number, name)
            )
            sql.execute("UPDATE sitting SET moved = ? WHERE number = ?", (self._now(), here.number))

    def _is_own(self, number: int, by: Owner) -> bool:
        with self.store.database.reading() as sql:
            query = "SELECT owner FROM sitting WHERE number = ?"
            found = sql.execute(query, (number,)).fetchone()
        return found is not None and found["owner"] == by.id

    def _outcomes(self, here: Sitting) -> dict[str, Outcome]:
        planned = {name: run for name, run in here.runs.items() if name in here.lesson.runs}
        found = {name: read_run(self.store, run) for name, run in planned.items()}
        return {name: each for name, each in found.items() if each is not None}

    def _students(self, code: str) -> tuple[Sitting, ...]:
        query = "SELECT number FROM sitting WHERE class = ? ORDER BY seat"
        with self.store.database.reading() as sql:
            found = [number for (number,) in sql.execute(query, (code,))]
            return tuple(read_sitting(sql, number) for number in found)

    def _owner_of(self, number: int) -> Owner:
        with self.store.database.reading() as sql:
            row = sql.execute("SELECT owner FROM sitting WHERE number = ?", (number,)).fetchone()
        return Owner(row["owner"])

    def _change(self, code: str, by: Owner, what: str, value: object) -> Class:
        with self.store.database.writing() as sql:
            self._taught(sql, code, by)
            sql.execute(f"UPDATE class SET {what} WHERE code = ?", (value, code))
            return as_class(class_row(sql, code))

    def _run_of(self, sql: sqlite3.Connection, code: str, run: str, by: Owner) -> sqlite3.Row:
        """A run of a student's in a class that somebody teaches."""
        self._taught(sql, code, by)
        query = (
            "SELECT run.* FROM run JOIN lesson_run ON lesson_run.run = run.number JOIN sitting "
            "ON sitting.number = lesson_run.sitting WHERE run.id = ? AND sitting.class = ?"
        )
        if (found := sql.execute(query, (run, code)).fetchone()) is None:
            raise RunError("There is no such run in this class", where=run)
        return found  # type: ignore[no-any-return]

    def _runs(self, code: str, by: Owner) -> Sequence[Run]:
        with self.store.database.reading() as sql:
            self._taught(sql, code, by)
            query = (
                "SELECT run.* FROM run JOIN lesson_run ON lesson_run.run = run.number JOIN "
                "sitting ON sitting.number = lesson_run.sitting WHERE sitting.class = ?"
            )
            return [rows.as_run(row) for row in sql.execute(query, (code,))]


def _said_and_true(
    step: Predict, here: Sitting, outcomes: Mapping[str, Outcome]
) -> tuple[float | None, float | None]:
    answer = here.answers.get(step.name)
    return answer.value if answer else None, truth_of(step.truth, outcomes, here.counts)


def _waits_or_works(run: Run) -> bool:
    return run.state == State.QUEUED or run.state.active


def _is_under_way(run: Run | None) -> bool:
    return run is not None and (_waits_or_works(run) or run.state == State.FINISHED)


def _line(text: str, what: str, longest: int) -> str:
    return rows.checked(text.strip(), what, longest)


def _words(text: str, what: str) -> str:
    said = " ".join(text.split())
    if not said:
        raise RunError(f"{what} is missing", remedy="Your own words will do.")
    if len(said) > LONGEST_WORDS:
        raise RunError(f"{what} may have {LONGEST_WORDS} characters, and this has {len(said)}")
    return said
