"""The class board: who needs help, what the class predicted, and all its runs together."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tlcore.access import Owner
from tlcore.analysis.intervals import Interval
from tlcore.analysis.seeds import Runs, contrast
from tlcore.classroom.lesson import Predict
from tlcore.classroom.measures import Outcome, truth_of, was_right
from tlcore.classroom.records import Class, Sitting
from tlcore.classroom.register import Register
from tlcore.runs.states import State

QUIET = 4 * 60.0
"""Seconds without headway after which somebody is looked after."""

FAILED = 3
"""Runs that failed in a row, after which somebody is."""


@dataclass(frozen=True)
class Row:
    """A student on the board.

    Attributes:
        student: Their sitting.
        done: For each step, whether it is behind them.
        state: Of their newest run; empty if there is none.
        amber: Why somebody should look after them; empty if all goes well.
        outcomes: What their runs came to, by name.
    """

    student: Sitting
    done: tuple[bool, ...]
    state: str
    amber: str
    outcomes: Mapping[str, Outcome]

    @property
    def accuracy(self) -> Interval | None:
        """Of the newest run that was tested."""
        tested = [
            (run.created, self.outcomes[name].accuracy)
            for name, run in self.student.runs.items()
            if name in self.outcomes
        ]
        return max(tested, key=lambda each: each[0])[1] if tested else None

    @property
    def finished(self) -> bool:
        """Whether they are through."""
        return self.student.step >= len(self.done)


def rows_of(register: Register, code: str, *, by: Owner) -> tuple[Row, ...]:
    """Everybody in the class; who needs help most, first. Never sorted by how good a run is."""
    now = register.store.clock.wall()
    students = register.students(code, by=by)
    found = [_row(student, register.outcomes(student, by=by), now) for student in students]
    return tuple(sorted(found, key=_need))


def _row(student: Sitting, outcomes: Mapping[str, Outcome], now: float) -> Row:
    done = tuple(student.is_done(number) for number in range(len(student.lesson.steps)))
    newest = student.newest
    return Row(
        student, done, str(newest.state) if newest else "", _worry(student, now), outcomes
    )  # fmt: skip


def _worry(student: Sitting, now: float) -> str:
    """Why somebody should look after a student."""
    if student.failures >= FAILED:
        return f"{student.failures} runs failed in a row"
    if student.step >= len(student.lesson.steps):
        return ""
    busy = any(run.state == State.QUEUED or run.state.active for run in student.runs.values())
    latest = max([student.moved, *(run.updated for run in student.runs.values())])
    quiet = now - latest
    return "" if busy or quiet < QUIET else f"no headway for {quiet / 60:.0f} minutes"


def _need(row: Row) -> tuple[object, ...]:
    """Raised hands first, the longest before the others; then who is stuck; then who is behind."""
    hand = row.student.hand
    return (
        hand is None, hand or 0.0, not row.amber, row.finished, row.student.step, row.student.seat
    )  # fmt: skip


# What the class predicted


@dataclass(frozen=True)
class Ballot:
    """A question, what everybody said, and what came out.

    Attributes:
        step: The question.
        said: The answer of each student who gave one.
        truths: What came out for each student whose runs have ended.
        truth: Of the whole class, the mean of these with its interval; None of fewer than three.
        right: How many predictions came true, each by the student's own runs.
    """

    step: Predict
    said: tuple[float, ...]
    truths: tuple[float, ...]
    truth: Interval | None
    right: int

    def counts(self) -> tuple[int, ...]:
        """How often each choice was made; of a number, how often each tenth of the scale."""
        if self.step.scale is None:
            return tuple(
                sum(1 for value in self.said if int(value) == place)
                for place in range(len(self.step.choices))
            )
        low, high = self.step.scale.low, self.step.scale.high
        tenths = [min(9, int(10 * (value - low) / (high - low))) for value in self.said]
        return tuple(tenths.count(place) for place in range(10))


def ballot(step: Predict, each: Iterable[tuple[float | None, float | None]]) -> Ballot:
    """What a class predicted, beside the truth.

    Args:
        step: The question.
        each: Of every student what they said, and what came out for them.
    """
    pairs = tuple(each)
    truths = tuple(truth for _, truth in pairs if truth is not None)
    both = [(value, truth) for value, truth in pairs if value is not None and truth is not None]
    return Ballot(
        step=step,
        said=tuple(value for value, _ in pairs if value is not None),
        truths=truths,
        truth=contrast([(1.0, Runs(truths))]) if truths else None,
        right=sum(was_right(step, value, truth) for value, truth in both),
    )


def ballots(group: Class, rows: Sequence[Row]) -> tuple[Ballot, ...]:
    """Every question of the lesson, for the teacher."""
    found = []
    for step in group.lesson.predictions:
        answers = [row.student.answers.get(step.name) for row in rows]
        truths = [truth_of(step.truth, row.outcomes, row.student.counts) for row in rows]
        values = [answer.value if answer else None for answer in answers]
        found.append(ballot(step, zip(values, truths, strict=True)))
    return tuple(found)


# All runs together


@dataclass(frozen=True)
class Pool:
    """The runs of the whole class of one kind: so many students are so many seeds.

    Attributes:
        name: Of the run in the lesson.
        title: What it is called.
        labels: Labelled pictures of each class; None if nobody limited them.
        accuracies: One a student, in percent.
        seats: Whose they are.
        mean: With the interval for the recipe; None of fewer than three.
    """

    name: str
    title: str
    labels: int | None
    accuracies: tuple[float, ...]
    seats: tuple[int, ...]
    mean: Interval | None


def pools(group: Class, rows: Sequence[Row]) -> tuple[Pool, ...]:
    """Every run of the lesson, with what all students got. The interval has both: the spread from
    student to student, and that all were asked about the same test pictures."""
    found = []
    for name, planned in group.lesson.runs.items():
        tested = sorted(
            (row.student.seat, row.outcomes[name].accuracy)
            for row in rows
            if name in row.outcomes
        )  # fmt: skip
        each = [accuracy for _, accuracy in tested]
        found.append(
            Pool(
                name=name,
                title=planned.title,
                labels=planned.recipe.data.labels_per_class,
                accuracies=tuple(100 * accuracy.value for accuracy in each),
                seats=tuple(seat for seat, _ in tested),
                mean=contrast([(1.0, Runs.of(each))]) if each else None,
            )
        )
    return tuple(found)


# Taking it along


def as_csv(rows: Sequence[Row]) -> str:
    """One line a student: where they are, what they said and why, and what came out. What begins
    like a formula gets an apostrophe, for spreadsheets would carry it out."""
    if not rows:
        return "nickname\n"
    lesson = rows[0].student.lesson
    asked = [step for step in lesson.steps if step.kind in ("predict", "explain")]
    head = ["seat", "nickname", "group", "step", "hand", "worry"]
    for step in asked:
        head += [step.name, f"{step.name}: why"] if isinstance(step, Predict) else [step.name]
    head += [f"{name} ({side})" for name in lesson.runs for side in ("%", "low", "high")]
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(head)
    for row in sorted(rows, key=lambda row: row.student.seat):
        lines.writerow([_harmless(cell) for cell in _cells(row)])
    return text.getvalue()


def _cells(row: Row) -> list[str]:
    student = row.student
    cells = [
        str(student.seat), student.nickname, student.team,
        f"{min(student.step + 1, len(row.done))} of {len(row.done)}",
        "raised" if student.hand else "", row.amber,
    ]  # fmt: skip
    for step in student.lesson.steps:
        answer = student.answers.get(step.name)
        if isinstance(step, Predict):
            cells += [said(step, answer.value) if answer else "", answer.words if answer else ""]
        elif step.kind == "explain":
            cells.append(answer.words if answer else "")
    for name in student.lesson.runs:
        outcome = row.outcomes.get(name)
        numbers = vars(outcome.accuracy) if outcome else {}
        cells += [
            f"{100 * numbers[side]:.1f}" if numbers else "" for side in ("value", "low", "high")
        ]
    return cells


def said(step: Predict, value: float | None) -> str:
    """An answer in words."""
    if value is None:
        return ""
    if step.scale:
        return f"{value:g} {step.scale.unit}"
    return step.choices[int(value)].text


def _harmless(cell: str) -> str:
    """For spreadsheets.

    >>> _harmless("=1+1"), _harmless("Ada")
    ("'=1+1", 'Ada')
    """
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
