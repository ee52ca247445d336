"""What a student takes along: predictions, results and reasons side by side, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tlcore.classroom.board import Row, ballots, pools, said
from tlcore.classroom.lesson import Explain, Predict
from tlcore.classroom.measures import Outcome, right_choice, truth_of, was_right
from tlcore.classroom.records import Class, Sitting
from tlcore.report.document.blocks import Block, Document, Facts, Paragraph, Section, Table
from tlcore.report.document.html import as_html


def lesson_html(here: Sitting, outcomes: Mapping[str, Outcome]) -> str:
    """The report of a lesson as one HTML file.

    Args:
        here: Whose.
        outcomes: Of their runs, as far as they may know.
    """
    lesson = here.lesson
    subtitle = " · ".join(filter(None, (here.nickname, here.team, lesson.about)))
    sections = (
        Section("Predicted and found", tuple(_predictions(here, outcomes))),
        Section("Explained", tuple(_explanations(here))),
        Section("What was trained", tuple(_runs(here, outcomes))),
    )
    return as_html(Document(lesson.title, subtitle, tuple(s for s in sections if s.blocks)))


def _predictions(here: Sitting, outcomes: Mapping[str, Outcome]) -> Iterator[Block]:
    for step in here.lesson.predictions:
        answer, truth = here.answers.get(step.name), truth_of(step.truth, outcomes, here.counts)
        yield Paragraph(step.question)
        yield Facts(
            (
                ("Predicted", said(step, answer.value) if answer else "nothing"),
                ("Because", answer.words if answer else ""),
                ("Came out", result_of(step, truth)),
                *_held(step, answer.value if answer else None, truth),
            )
        )


def _held(step: Predict, value: float | None, truth: float | None) -> tuple[tuple[str, str], ...]:
    if value is None or truth is None:
        return ()
    return (("As predicted", "yes" if was_right(step, value, truth) else "no"),)


def result_of(step: Predict, truth: float | None) -> str:
    """What came out, as an answer to the question."""
    if truth is None:
        return "no result yet"
    if step.scale:
        return f"{truth:.0f} {step.scale.unit}"
    choice = right_choice(step, truth)
    unit = "s" if step.truth.measure == "seconds" else "percentage points"
    number = f"{truth:+.1f} {unit}"
    return f"{choice.text} ({number})" if choice else number


def _explanations(here: Sitting) -> Iterator[Block]:
    for step in here.lesson.steps:
        if isinstance(step, Explain):
            answer = here.answers.get(step.name)
            yield Paragraph(step.question)
            yield Paragraph(answer.words if answer else "not written yet", "finding")


def _runs(here: Sitting, outcomes: Mapping[str, Outcome]) -> Iterator[Block]:
    rows = []
    for name, planned in here.lesson.runs.items():
        if outcome := outcomes.get(name):
            found = outcome.accuracy
            between = f"{100 * found.low:.1f} to {100 * found.high:.1f} %"
            rows.append((planned.title, f"{100 * found.value:.1f} %", between, f"{found.n:,}"))
    if rows:
        head = ("Network", "Right", "95 % interval", "Test pictures")
        yield Table(head, tuple(rows), "Each network was asked about pictures it had never seen.")


# Of a whole class


def class_html(group: Class, rows: Sequence[Row]) -> str:
    """The report of a class as one HTML file."""
    students = sorted(rows, key=lambda row: row.student.seat)
    sections = (
        Section("All runs of the class", tuple(_pooled(group, rows))),
        Section("Predictions", tuple(_ballots(group, rows))),
        *(Section(row.student.nickname, tuple(_of_student(row))) for row in students),
    )
    subtitle = f"{group.title} · {len(rows)} students"
    document = Document(group.lesson.title, subtitle, tuple(s for s in sections if s.blocks))
    return as_html(document)


def _pooled(group: Class, rows: Sequence[Row]) -> Iterator[Block]:
    lines = []
    for pool in pools(group, rows):
        mean = pool.mean
        lines.append(
            (
                pool.title,
                f"{len(pool.accuracies)}",
                f"{100 * mean.value:.1f} %" if mean else "–",
                f"{100 * mean.low:.1f} to {100 * mean.high:.1f} %" if mean else "–",
            )
        )
    head = ("Network", "Students", "Right, on average", "95 % interval")
    yield Table(head, tuple(lines), "Each student had dice of their own, so each is a seed.")


def _ballots(group: Class, rows: Sequence[Row]) -> Iterator[Block]:
    for found in ballots(group, rows):
        yield Paragraph(found.step.question)
        if found.step.scale:
            values = ", ".join(f"{value:g}" for value in sorted(found.said))
            yield Facts((("Said", values or "nothing"), ("Came true", str(found.right))))
        else:
            counted = zip(found.step.choices, found.counts(), strict=True)
            yield Facts(tuple((choice.text, str(count)) for choice, count in counted))


def _of_student(row: Row) -> Iterator[Block]:
    yield from _predictions(row.student, row.outcomes)
    yield from _explanations(row.student)
    yield from _runs(row.student, row.outcomes)
