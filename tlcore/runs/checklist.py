"""What a class has thought about a run, in its own words: kept beside the run, whole or not at all.

Several tabs may write at once: each writes only what was changed in it, into what is there.

>>> from tempfile import mkdtemp
>>> folder = Path(mkdtemp())
>>> keep_answers(folder, {"Who is missing?": Answer("Nobody over 60.")})
>>> settle(folder, "Who is missing?", True)
>>> read_answers(folder)["Who is missing?"]
Answer(text='Nobody over 60.', settled=True)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from tlcore.errors import RunError
from tlcore.runs.notes import Note

LONGEST = 4000
"""Characters of an answer."""

_FILE = "checklist.json"
_MOST = 100


@dataclass(frozen=True)
class Answer:
    """What was said to a question.

    Attributes:
        text: In anybody's words.
        settled: Whether the class is done with it.
    """

    text: str = ""
    settled: bool = False


Answers: TypeAlias = dict[str, Answer]


def read_answers(folder: Path) -> Answers:
    """Question to answer, as far as there are any.

    Args:
        folder: Of the run, here and below.
    """
    return _ANSWERS.read(folder, _FILE)


def keep_answers(folder: Path, answers: Mapping[str, Answer]) -> None:
    """Put these answers in the place of earlier ones to the same questions; others stay."""
    _ANSWERS.change(folder, _FILE, lambda there: _fields({**there, **answers}))


def say(folder: Path, question: str, text: str, *, seen: str) -> None:
    """Put new words in the place of those that their writer has seen. If somebody else has written
    others meanwhile, both stand there.

    Raises:
        RunError: Together they would be too long; nothing was changed.
    """

    def merged(there: Answers) -> dict[str, Any]:
        before = there.get(question, Answer())
        others = before.text not in ("", seen, text)
        words = f"{before.text}\n\n{text}" if others else text
        if len(words) > LONGEST:
            what = f"Somebody else has answered meanwhile; both have over {LONGEST:,} characters"
            raise RunError(what, remedy="Copy what you wrote, open the page anew, and shorten it.")
        return _fields({**there, question: replace(before, text=words)})

    _ANSWERS.change(folder, _FILE, merged)


def settle(folder: Path, question: str, settled: bool) -> None:
    """Note whether the class is done with a question, whatever was said to it."""

    def merged(there: Answers) -> dict[str, Any]:
        return _fields({**there, question: replace(there.get(question, Answer()), settled=settled)})

    _ANSWERS.change(folder, _FILE, merged)


def _fields(answers: Answers) -> dict[str, Any]:
    kept = {
        question: asdict(Answer(answer.text[:LONGEST], answer.settled))
        for question, answer in list(answers.items())[:_MOST]
    }
    return {"answers": kept}


def _parsed(fields: Any) -> Answers:
    return {
        str(question): Answer(str(each["text"])[:LONGEST], bool(each["settled"]))
        for question, each in fields["answers"].items()
    }


_ANSWERS: Note[Answers] = Note(
    "The answers of this run's checklist", dict, _parsed, largest=4 * 1024**2
)
