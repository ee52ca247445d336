"""What the register tells of classes and of who sits in them: plain, frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tlcore.classroom.lesson import Count, Do, Explain, Lesson, Look, Predict, from_lesson_text
from tlcore.runs.records import Run
from tlcore.runs.states import State


@dataclass(frozen=True)
class Class:
    """A class at a lesson.

    Attributes:
        code: What students type; it lets in, and opens nothing else.
        title: For people.
        text: The lesson, whole.
        invite: What a second teacher's link holds; empty for students.
        created: Seconds since 1970.
        frozen: Whether new runs are held back.
        opened: Names of the predictions whose distribution and truth everybody may see.
    """

    code: str
    title: str
    text: str = field(repr=False)
    invite: str = field(repr=False)
    created: float
    frozen: bool
    opened: frozenset[str]

    @cached_property
    def lesson(self) -> Lesson:
        """What it does."""
        return from_lesson_text(self.text, where=self.code)


@dataclass(frozen=True)
class Answer:
    """What somebody said in a step.

    Attributes:
        value: The number, or the place of the choice; None of an explanation.
        words: Why, or the explanation.
        at: Seconds since 1970.
    """

    value: float | None
    words: str
    at: float


@dataclass(frozen=True)
class Sitting:
    """Somebody at a lesson.

    Attributes:
        number: Of the sitting, in this home.
        code: Of the class; empty for who does it alone.
        address: Which lesson: one of the lab's by name, or a teacher's by its id.
        text: The lesson, whole, as it was when it was begun.
        seat: Counts who sits in a class, from 1; it is the seed of all runs.
        nickname: For the board.
        team: The group; empty if there is none.
        step: Where they are, from 0.
        hand: Since when the hand is raised; None if it isn't.
        joined: When they came.
        moved: When they last got on.
        answers: Predictions and explanations, by the names of steps.
        runs: Runs of the lesson, by name; the newest of each.
        failures: Runs of theirs in a row, the newest first, that failed.
    """

    number: int
    code: str
    address: str
    text: str = field(repr=False)
    seat: int
    nickname: str
    team: str
    step: int
    hand: float | None
    joined: float
    moved: float
    answers: Mapping[str, Answer]
    runs: Mapping[str, Run]
    failures: int = 0

    @cached_property
    def lesson(self) -> Lesson:
        """What they do."""
        return from_lesson_text(self.text, where=self.address)

    @property
    def waiting_for(self) -> tuple[Predict, ...]:
        """Predictions that are still to be made."""
        return tuple(step for step in self.lesson.predictions if step.name not in self.answers)

    @property
    def counts(self) -> dict[str, float]:
        """What they have counted, by the names of steps."""
        counted = {step.name for step in self.lesson.steps if isinstance(step, Count)}
        return {
            name: answer.value
            for name, answer in self.answers.items()
            if name in counted and answer.value is not None
        }

    def may_open(self, run: str) -> bool:
        """Whether the result of a run is no secret any more."""
        return all(run not in self.lesson.sealed_by(step) for step in self.waiting_for)

    def is_done(self, number: int) -> bool:
        """Whether a step is behind them."""
        step = self.lesson.steps[number]
        if isinstance(step, Predict | Count | Explain):
            return step.name in self.answers
        return self.step > number

    def has_seen(self, name: str) -> bool:
        """Whether all that is shown before a step could be shown."""
        place = next(n for n, step in enumerate(self.lesson.steps) if step.name == name)
        looks = [step for step in self.lesson.steps[:place] if isinstance(step, Look)]
        return all(has_ended(self.runs.get(run)) for step in looks for run in step.runs)

    def hindrance(self, number: int) -> str:
        """What has to be done before a step can be left; empty if nothing."""
        step = self.lesson.steps[number]
        if isinstance(step, Predict) and step.name not in self.answers:
            return "Write down your prediction first; then it goes on"
        if isinstance(step, Count) and step.name not in self.answers:
            return "Say what you have counted first; then it goes on"
        if isinstance(step, Explain) and step.name not in self.answers:
            return "Write down your explanation first; then it goes on"
        if isinstance(step, Do) and not all(has_ended(self.runs.get(run)) for run in step.runs):
            return "Wait until your runs have a result; then it goes on"
        return ""

    @property
    def newest(self) -> Run | None:
        """The run that was asked for last."""
        return max(self.runs.values(), key=lambda run: (run.created, run.id), default=None)


def has_ended(run: Run | None) -> bool:
    """Whether a run has come to a result."""
    ended = (State.FINISHED, State.STOPPED)
    return run is not None and run.state in ended and run.ended is not None
