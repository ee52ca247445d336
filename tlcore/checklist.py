"""What a class has thought about a run, in its own words: kept beside the run, whole or not at all.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> folder = Path(mkdtemp())
>>> keep_answers(folder, {"Who is missing?": Answer("Nobody over 60.", settled=True)})
>>> read_answers(folder)["Who is missing?"].text
'Nobody over 60.'
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tlcore.errors import RunError
from tlcore.files import written_whole

LONGEST = 4000
"""Characters of an answer."""

_FILE = "checklist.json"
_MOST = 100
_LARGEST = 4 * 1024**2


@dataclass(frozen=True)
class Answer:
    """What was said to a question.

    Attributes:
        text: In anybody's words.
        settled: Whether the class is done with it.
    """

    text: str = ""
    settled: bool = False


def read_answers(folder: Path) -> dict[str, Answer]:
    """Question to answer, as far as there are any.

    Args:
        folder: Of the run.
    """
    path = folder / _FILE
    try:
        if path.stat().st_size > _LARGEST:
            raise _damaged(path)
        fields = json.loads(path.read_bytes())["answers"]
        return {
            str(question): Answer(str(each["text"])[:LONGEST], bool(each["settled"]))
            for question, each in fields.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged(path) from None


def keep_answers(folder: Path, answers: Mapping[str, Answer]) -> None:
    """Put these answers in the place of those that were there."""
    if not folder.is_dir():
        remedy = "Copy what you wrote: the run may have been deleted in another tab."
        raise RunError("The run is gone, so nothing can be kept beside it", remedy=remedy)
    kept = {
        question: asdict(Answer(answer.text[:LONGEST], answer.settled))
        for question, answer in list(answers.items())[:_MOST]
    }
    text = json.dumps({"version": 1, "answers": kept}, ensure_ascii=False, indent=1)
    try:
        with written_whole(folder / _FILE) as draft:
            draft.write_text(text.encode("utf-8", "replace").decode(), encoding="utf-8")
    except OSError as error:
        raise RunError(
            f"The answers can't be kept: {error.strerror}",
            where=str(folder / _FILE),
            remedy="Copy what you wrote, and free some space.",
        ) from None


def _damaged(path: Path) -> RunError:
    remedy = "Mend the file or take it away; the run itself is whole."
    return RunError(
        "The answers of this run's checklist can't be read", where=str(path), remedy=remedy
    )
