"""Every error that the lab raises on purpose.

    ThawError
    ├── NotReadable            a text is not the YAML or JSON that it should be
    ├── RecipeError            a recipe, or a part of one, breaks its rules
    ├── DataError              a data set can't be used as it is
    │   └── DataMissing        it is not on this machine
    ├── FetchError             something could not be had from the hub
    ├── WeightsError           a weight file doesn't fit the network
    │   └── WeightsMissing     no such weights on this machine
    ├── CheckpointError        a saved state is damaged, foreign or of another recipe
    ├── LessonError            a lesson can't be read, or isn't one
    ├── RunError               a run, or a file in its folder, is missing, taken or damaged
    │   ├── NotAllowed         it is somebody else's
    │   ├── Sealed             its result opens once a prediction has been made
    │   ├── QuotaExceeded      one person, or all together, asked for more than the rules give
    │   ├── Fenced             the right to work on it has passed to another attempt
    │   └── StoreError         the disk or the database behind all runs failed
    ├── AnswerError            a trained network could not be asked about a picture
    └── TrainingError          training could not go on
        ├── NotFinite          the loss became NaN or infinite
        └── OutOfMemory        not even one picture fits

Each says three things: what is wrong, where, and what to do. `str(error)` is fit to be
shown to a student; a traceback never is.
"""

from __future__ import annotations

from dataclasses import dataclass


class ThawError(Exception):
    """Something a person can put right.

    >>> print(ThawError("The folder is empty.", where="photos/", remedy="Add a picture."))
    The folder is empty. (photos/)
      What to do: Add a picture.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        advice = f"\n  What to do: {self.remedy}" if self.remedy else ""
        return f"{self.what}{place}{advice}"


class NotReadable(ThawError):
    """A text is not the YAML or JSON that it should be; `where` is the line and column."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a recipe.

    Attributes:
        field: Where, in dots: `optimiser.rate`.
        value: What stood there, as the person wrote it.
        rule: What would have been right.
        suggestion: The nearest right name, if one is near.
    """

    field: str
    value: str
    rule: str
    suggestion: str = ""

    def __str__(self) -> str:
        found = f" is {self.value}" if self.value else ""
        hint = f" Did you mean {self.suggestion!r}?" if self.suggestion else ""
        return f"{self.field}{found}: {self.rule}.{hint}"


class RecipeError(ThawError):
    """A recipe breaks its rules; `problems` lists all of them at once.

    >>> print(RecipeError([Problem("epochs", "0", "must be at least 1")]))
    The recipe has 1 problem:
      - epochs is 0: must be at least 1.
    """

    def __init__(self, problems: list[Problem], *, where: str = "") -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"The recipe has {count}", where=where)

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        return f"{self.what}{place}:{lines}"


class LessonError(ThawError):
    """A lesson can't be read, or breaks the rules of lessons; `problems` lists all at once.

    >>> print(LessonError(["title: is missing"]))
    The lesson has 1 problem:
      - title: is missing
    """

    def __init__(self, problems: list[str], *, where: str = "") -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"The lesson has {count}", where=where)

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.what}{place}:{''.join(f'{chr(10)}  - {each}' for each in self.problems)}"


class DataError(ThawError):
    """A data set can't be used as it is."""


class DataMissing(DataError):
    """A data set is not on this machine."""


class FetchError(ThawError):
    """Something could not be had from the hub: it has none, refuses, or is out of reach."""


class WeightsError(ThawError):
    """A weight file is damaged, foreign, or of another shape than the network."""


class WeightsMissing(WeightsError):
    """Pre-trained weights were asked for and are nowhere to be found."""


class CheckpointError(ThawError):
    """A saved state is damaged, foreign, or belongs to another recipe."""


class RunError(ThawError):
    """A run, or a file in its folder, is missing, taken or damaged."""


class NotAllowed(RunError):
    """A run of somebody else's can be looked at, at most."""


class Sealed(RunError):
    """The result of a lesson's run opens once whoever asks has written down a prediction."""


class QuotaExceeded(RunError):
    """One person, or all together, asked for more than the rules of the store give."""


class Fenced(RunError):
    """The right to work on a run has passed to another attempt, or has ended."""


class StoreError(RunError):
    """The disk or the database behind all runs failed; what was kept before still stands."""


class AnswerError(ThawError):
    """A trained network could not be asked about a picture, or gave no answer."""


class TrainingError(ThawError):
    """Training could not go on."""


class NotFinite(TrainingError):
    """The loss became NaN or infinite."""


class OutOfMemory(TrainingError):
    """Not even the smallest batch fits into memory."""
