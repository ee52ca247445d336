"""A lesson: recipes, and the steps in which a student predicts, trains, looks and explains.

>>> lesson = find("transfer")
>>> lesson.steps[0].kind, len(lesson.runs) > 1
('read', True)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, ValidationError, model_validator

from tlcore import strict
from tlcore.errors import LessonError, NotReadable, Problem, RecipeError
from tlcore.recipe import Recipe, presets
from tlcore.recipe.problems import shown
from tlcore.recipe.text import from_fields, to_fields
from tlcore.strict import Line, Part

VERSION: Final = 1
FOLDER = Path(__file__).parent / "lessons"
MOST_STEPS, MOST_RUNS = 30, 12

Measure: TypeAlias = Literal[
    "accuracy", "overfit", "calibration", "sure-and-wrong", "by-cue", "seconds", "counted"
]
"""What is read off a tested run; see `tlcore.classroom.measures`. All but seconds in percent. What
was `counted`, students say themselves in a step of that kind."""

Show: TypeAlias = Literal["curves", "answers", "table", "labels"]
Text = Annotated[str, Field(max_length=4000)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class Planned(Part):
    """A run of the lesson: one of the lab's recipes, with changes.

    Attributes:
        title: What it is called in charts and tables.
        preset: The recipe that it begins as; the lab's default recipe if left out.
        change: Fields of the recipe that are otherwise.
    """

    title: Line = Field(min_length=1, max_length=80)
    preset: Line = Field(default="", max_length=80)
    change: dict[str, Any] = Field(default={})

    @property
    def recipe(self) -> Recipe:
        """What runs, with the seed that nobody has."""
        fields = to_fields(presets.find(self.preset).recipe) if self.preset else {}
        return from_fields(_merged(fields, {**self.change, "name": self.title}))


class Truth(Part):
    """A number that the student's own runs give: a measure of some, less that of others.

    Attributes:
        measure: What is read off each run.
        plus: Names of runs that add to it; of what was counted, names of steps.
        minus: Names of runs that are taken away from it.
    """

    measure: Measure = "accuracy"
    plus: tuple[Name, ...] = Field(min_length=1, max_length=6, strict=False)
    minus: tuple[Name, ...] = Field(default=(), max_length=6, strict=False)

    @property
    def runs(self) -> tuple[str, ...]:
        """All that it needs."""
        return () if self.measure == "counted" else (*self.plus, *self.minus)


class Choice(Part):
    """An answer that people give, and what they believe who give it.

    Attributes:
        text: The answer.
        because: The idea behind it, to be talked about once the result is known.
        low: It is right where the truth is at least this.
        high: And less than this.
    """

    text: Line = Field(min_length=1, max_length=300)
    because: Line = Field(default="", max_length=300)
    low: float | None = None
    high: float | None = None

    def holds(self, truth: float) -> bool:
        """Whether the result says so."""
        above = self.low is None or truth >= self.low
        return above and (self.high is None or truth < self.high)


class Scale(Part):
    """A number to be guessed.

    Attributes:
        low: The least that can be said.
        high: The most.
        step: From one to the next.
        unit: What stands behind it.
        near: How far off still counts as right.
    """

    low: float = 0.0
    high: float = 100.0
    step: float = Field(default=1.0, gt=0)
    unit: Line = Field(default="%", max_length=20)
    near: float = Field(default=5.0, gt=0)

    @model_validator(mode="after")
    def _rises(self) -> Scale:
        if self.low >= self.high:
            raise ValueError("high: must be more than low")
        return self


class _Step(Part):
    name: Name
    title: Line = Field(min_length=1, max_length=120)
    text: Text = ""


class Read(_Step):
    """Something to know first."""

    kind: Literal["read"]
    pictures: bool = False


class Predict(_Step):
    """A question to commit to before the result can be opened.

    Attributes:
        question: What is asked.
        choices: Answers to choose from; or
        scale: a number to be guessed.
        truth: What the student's own runs say.
        seals: Names of the runs whose results stay closed until then; all, unless named.
        expected: The choice (from 0) that the lesson is about, or the least number: what most runs
            should show.
    """

    kind: Literal["predict"]
    question: Line = Field(min_length=1, max_length=400)
    choices: tuple[Choice, ...] = Field(default=(), max_length=6, strict=False)
    scale: Scale | None = None
    truth: Truth
    seals: tuple[Name, ...] = Field(default=(), strict=False)
    expected: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Predict:
        if bool(self.choices) == bool(self.scale) or len(self.choices) == 1:
            raise ValueError("choices: give at least two, or a scale, and not both")
        return self

    def refuse_impossible(self, value: float) -> None:
        """Refuse what is no answer to this question."""
        if self.scale:
            fits = self.scale.low <= value <= self.scale.high
        else:
            fits = float(value).is_integer() and 0 <= value < len(self.choices)
        if not fits:
            raise LessonError([f"{value:g} is no answer to: {self.question}"])


class Do(_Step):
    """Runs to be trained, or something to be done on another page.

    Attributes:
        runs: Names of runs.
        page: Another page of the lab that this is done on.
        hide: Parts of that page that the lesson doesn't want.
    """

    kind: Literal["do"]
    runs: tuple[Name, ...] = Field(default=(), strict=False)
    page: Literal["", "data", "train", "results", "compare", "try_it", "bias"] = ""
    hide: tuple[Name, ...] = Field(default=(), strict=False)


class Count(_Step):
    """Something that a student counts, and says."""

    kind: Literal["count"]
    question: Line = Field(min_length=1, max_length=400)
    scale: Scale = Scale()


class Look(_Step):
    """The result, beside what was predicted."""

    kind: Literal["look"]
    show: tuple[Show, ...] = Field(default=("answers", "table"), strict=False)
    runs: tuple[Name, ...] = Field(default=(), strict=False)


class Explain(_Step):
    """What the student makes of it, in writing, once the result is known."""

    kind: Literal["explain"]
    question: Line = Field(min_length=1, max_length=400)


class Discuss(_Step):
    """What the class talks about."""

    kind: Literal["discuss"]


Step: TypeAlias = Annotated[
    Read | Predict | Do | Count | Look | Explain | Discuss, Field(discriminator="kind")
]


class Teacher(Part):
    """What a teacher wants to know beforehand.

    Attributes:
        finds: What the class should find.
        timing: Minutes and what they are for.
        questions: To be asked of the class.
        mistakes: Usual wrong answers, and what to say to them.
    """

    finds: Text = ""
    timing: tuple[Line, ...] = Field(default=(), strict=False)
    questions: tuple[Line, ...] = Field(default=(), strict=False)
    mistakes: tuple[Line, ...] = Field(default=(), strict=False)


class Lesson(Part):
    """A lesson.

    Attributes:
        version: Of this format; a newer lab reads older ones.
        edition: Of this lesson.
        title: What it is called.
        minutes: How long a class takes.
        about: The question, in a sentence.
        language: Of its texts.
        varies: What differs from student to student: the seed, and which pictures are labelled.
        runs: The runs, by name.
        steps: In their order.
        teacher: What a teacher wants to know.
    """

    version: Literal[1] = VERSION
    edition: int = Field(default=1, ge=1)
    title: Line = Field(min_length=1, max_length=120)
    minutes: int = Field(default=30, ge=1, le=240)
    about: Line = Field(default="", max_length=300)
    language: Literal["en", "de"] = "en"
    varies: tuple[Literal["seed", "split"], ...] = Field(default=("seed",), strict=False)
    runs: dict[Name, Planned] = Field(default={}, max_length=MOST_RUNS)
    steps: tuple[Step, ...] = Field(min_length=1, max_length=MOST_STEPS, strict=False)
    teacher: Teacher = Teacher()

    @model_validator(mode="after")
    def _parts_agree(self) -> Lesson:
        broken = [*_twice(self), *_unknown_runs(self), *_uncounted(self), *_out_of_order(self)]
        if broken:
            raise ValueError("\n".join(broken))
        return self

    @property
    def id(self) -> str:
        """Made from all that it says."""
        return hashlib.sha256(to_text(self).encode()).hexdigest()[:12]

    @property
    def predictions(self) -> tuple[Predict, ...]:
        """The steps that ask for one."""
        return tuple(step for step in self.steps if isinstance(step, Predict))

    def sealed_by(self, step: Predict) -> tuple[str, ...]:
        """Names of the runs whose results open with a prediction."""
        return step.seals or tuple(self.runs)

    def recipe(self, run: str, number: int) -> Recipe:
        """The recipe of a run for the student of this number, who has dice of their own."""
        recipe = self.runs[run].recipe
        data = recipe.data.model_copy(update={"split_seed": number})
        return recipe.model_copy(
            update={"seed": number} | ({"data": data} if "split" in self.varies else {})
        )


def _twice(lesson: Lesson) -> Iterator[str]:
    names = [step.name for step in lesson.steps]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"steps: two are called {name}"


def _unknown_runs(lesson: Lesson) -> Iterator[str]:
    for step in lesson.steps:
        for name in _runs_named_by(step):
            if name not in lesson.runs:
                yield f"steps: {step.name} names the run {name!r}, and there is none in runs"


def _uncounted(lesson: Lesson) -> Iterator[str]:
    counted = {step.name for step in lesson.steps if isinstance(step, Count)}
    for step in lesson.predictions:
        if step.truth.measure == "counted" and not {*step.truth.plus, *step.truth.minus} <= counted:
            yield f"steps: {step.name} asks for what no step counts"


def _runs_named_by(step: Step) -> tuple[str, ...]:
    if isinstance(step, Predict):
        return (*step.truth.runs, *step.seals)
    return step.runs if isinstance(step, Do | Look) else ()


def _out_of_order(lesson: Lesson) -> Iterator[str]:
    """A prediction comes before the look at what it is about, and an explanation last."""
    open_questions = {step.name for step in lesson.predictions}
    for step in lesson.steps:
        open_questions.discard(step.name)
        if open_questions and isinstance(step, Count | Look | Explain):
            late = ", ".join(sorted(open_questions))
            yield f"steps: {step.name} comes before the prediction {late}, which it would give away"


# Reading


def from_lesson_fields(fields: object, *, where: str = "") -> Lesson:
    """A lesson from plain values; every problem is told at once.

    Raises:
        LessonError: It can't be one.
    """
    if not isinstance(fields, dict):
        raise LessonError(["a lesson must be fields with values, such as title: ..."], where=where)
    version = fields.get("version", VERSION)
    if type(version) is int and version > VERSION:
        raise LessonError(
            [f"it is written in version {version}, and this lab knows {VERSION}: update the lab"],
            where=where,
        )
    try:
        lesson = Lesson.model_validate(fields)
    except ValidationError as error:
        raise LessonError(list(_problems(error)), where=where) from None
    _refuse_bad_recipes(lesson, where)
    return lesson


def from_lesson_text(text: str, *, where: str = "") -> Lesson:
    """A lesson written as YAML or JSON."""
    try:
        return from_lesson_fields(strict.load(text), where=where)
    except NotReadable as error:
        place = ", ".join(filter(None, (where, error.where)))
        raise LessonError([error.what], where=place) from None


def to_text(lesson: Lesson) -> str:
    """The lesson as it is kept: JSON, with what differs from the defaults."""
    fields = {"version": VERSION, **lesson.model_dump(mode="json", exclude_defaults=True)}
    return json.dumps(fields, ensure_ascii=False, sort_keys=True)


def to_lesson_yaml(lesson: Lesson) -> str:
    """The lesson as a teacher writes it."""
    return strict.dump(
        {"version": VERSION, **lesson.model_dump(mode="json", exclude_defaults=True)}
    )


@cache
def names() -> tuple[str, ...]:
    """Of the lessons that come with the lab, in the order in which they are taught."""
    return tuple(path.stem.split("-", 1)[1] for path in sorted(FOLDER.glob("*-*.yaml")))


@cache
def find(name: str, language: str = "en") -> Lesson:
    """A lesson that comes with the lab, in a language if it speaks it, else in English.

    Raises:
        LessonError: There is none of that name; it suggests the nearest.
    """
    if name not in names():
        near = get_close_matches(name.lower(), names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise LessonError([f"the lab has no lesson {shown(name)}{hint}"])
    (path,) = FOLDER.glob(f"[0-9]*-{name}.yaml")
    fields: Any = strict.load(path.read_text(encoding="utf-8"))
    spoken = FOLDER / language / path.name
    if language != "en" and spoken.exists():
        said: Any = strict.load(spoken.read_text(encoding="utf-8"))
        fields = translated(fields, said)
    return from_lesson_fields(fields, where=path.name)


def translated(fields: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a lesson with the texts of another language: steps by their names, choices by
    their places."""
    spoken = {step["name"]: step for step in said.get("steps", ())}
    return {
        **_merged(fields, {key: value for key, value in said.items() if key != "steps"}),
        "steps": [_translated_step(step, spoken.get(step["name"], {})) for step in fields["steps"]],
    }


def _translated_step(step: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    texts = {key: value for key, value in said.items() if key != "choices"}
    if choices := said.get("choices"):
        pairs = zip(step["choices"], choices, strict=True)
        texts["choices"] = [{**choice, **words} for choice, words in pairs]
    return {**step, **texts}


def _merged(fields: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with changes, also deep inside.

    >>> _merged({"data": {"name": "shapes", "test": 0.1}}, {"data": {"test": 0.2}})
    {'data': {'name': 'shapes', 'test': 0.2}}
    """
    merged = dict(fields)
    for name, value in change.items():
        before = merged.get(name)
        both = isinstance(value, Mapping) and isinstance(before, Mapping)
        merged[name] = _merged(before, value) if both else value  # type: ignore[arg-type]
    return merged


def _problems(error: ValidationError) -> Iterator[str]:
    for found in error.errors():
        place = ".".join(str(part) for part in found["loc"])
        words = str(found.get("ctx", {}).get("error", found["msg"]))
        for line in words.splitlines():
            yield f"{place}: {line}" if place else line


def _refuse_bad_recipes(lesson: Lesson, where: str) -> None:
    problems: list[Problem] = []
    for name, planned in lesson.runs.items():
        try:
            planned.recipe  # noqa: B018
        except RecipeError as error:
            problems += [
                Problem(f"runs.{name}.{each.field}", each.value, each.rule, each.suggestion)
                for each in error.problems
            ]
    if problems:
        raise LessonError([str(problem) for problem in problems], where=where)
