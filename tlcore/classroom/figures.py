"""What the lab has measured of its lessons: made by `python bench/lessons.py --write`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tlcore.analysis.intervals import Interval, over_seeds
from tlcore.analysis.seeds import over_runs
from tlcore.classroom import lesson as lessons
from tlcore.classroom.lesson import Lesson, Predict, to_text
from tlcore.classroom.measures import Outcome, truth_of
from tlcore.files import written_whole
from tlcore.formatting import rate

KEPT = Path(__file__).with_name("figures.json")
FEWEST = 5
"""Seeds below which nothing is told."""


def kept() -> dict[str, Any]:
    """All that was measured, by the names of lessons."""
    found: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    return found


def keep(name: str, lesson: Lesson, students: Sequence[Mapping[str, Any]]) -> None:
    """Keep what the first students of a lesson came to."""
    found = {**kept(), name: {"lesson": fingerprint(lesson), "students": list(students)}}
    with written_whole(KEPT) as draft:
        draft.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def fingerprint(lesson: Lesson) -> str:
    """Of all that figures depend on: the runs, and what differs from student to student."""
    asked = lesson.model_copy(update={"steps": lesson.steps[:1], "teacher": lessons.Teacher()})
    plain = asked.model_copy(update={"title": "-", "about": "", "minutes": 1, "edition": 1})
    runs = json.loads(to_text(plain))
    return hashlib.sha256(
        json.dumps([runs.get("runs"), runs.get("varies")], sort_keys=True).encode()
    ).hexdigest()[:12]


def outcomes(name: str) -> list[dict[str, Outcome]]:
    """What each student came to; none if the lesson has changed since, or few were measured."""
    found = kept().get(name)
    if not found or found["lesson"] != fingerprint(lessons.find(name)):
        return []
    students = [
        {run: _outcome(values) for run, values in student.items()} for student in found["students"]
    ]
    return students if len(students) >= FEWEST else []


def _outcome(values: Mapping[str, Any]) -> Outcome:
    accuracy = Interval(
        values["accuracy"] / 100, values["low"] / 100, values["high"] / 100, values["n"]
    )
    measured = {name: value for name, value in values.items() if name not in ("low", "high", "n")}
    return Outcome(accuracy, measured)  # type: ignore[arg-type]


def truths(step: Predict, students: Sequence[Mapping[str, Outcome]]) -> list[float]:
    """What came out of a question, for each student."""
    found = [truth_of(step.truth, student) for student in students]
    return [truth for truth in found if truth is not None]


def shown(step: Predict, found: Sequence[float]) -> int | None:
    """How many of these students saw what the lesson is about; None of a number to be guessed."""
    if step.scale:
        return None
    return sum(step.choices[step.expected].holds(truth) for truth in found)


def in_words(name: str) -> list[str]:
    """A sentence for each run and each question, with how many students it stands on."""
    students = outcomes(name)
    if not students:
        return []
    asked, said = lessons.find(name), []
    for run, planned in asked.runs.items():
        mean = over_runs([each[run].accuracy for each in students])
        said.append(f"{planned.title}: {rate(mean)} right")
    for step in asked.predictions:
        found = truths(step, students)
        line = f"{step.question} {_mean(over_seeds(found))}"
        count = shown(step, found)
        if count is not None:
            line += f"; {count} of {len(found)} students saw: {step.choices[step.expected].text}"
        said.append(line)
    return said


def _mean(found: Interval) -> str:
    return f"{found.value:.1f} [{found.low:.1f}, {found.high:.1f}]"


def as_markdown() -> str:
    """The page docs/measured/LESSONS.md."""
    lines = [
        "# What the lessons show",
        "",
        "Made by `python bench/lessons.py --write`. Means over students with dice of their own,",
        "with 95 % intervals (t); those of accuracies allow for the test pictures too. A student",
        "sees what a lesson is about where their own runs give the expected answer.",
    ]
    for name in lessons.names():
        asked = lessons.find(name)
        lines += ["", f"## {asked.title}", "", f"*{asked.about}* {asked.minutes} minutes.", ""]
        said = in_words(name)
        students = outcomes(name)
        nothing = "not measured yet" if asked.runs else "it depends on your own things"
        lines += [f"- {line}" for line in said] or [f"- {nothing}"]
        if students:
            seconds = sum(each.values["seconds"] for each in students[0].values())
            lines.append(f"- {len(students)} students; {seconds:.0f} s of one core for one of them")
    return "\n".join(lines) + "\n"
