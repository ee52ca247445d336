"""Labels that people put right by hand, as a recipe names them.

>>> mug, blurred = Correction(picture="7.png", label="mug"), Correction(picture="3.png",
...                                                                     leave_out=True)
>>> in_words((mug, blurred))
'1 picture given another label, 1 left out'
>>> listed((mug, blurred))
'7.png → mug; 3.png left out'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import Field, model_validator

from tlcore.strict import Part

MOST: Final = 1000
"""Corrections in a recipe."""

LONGEST: Final = 100_000
"""Bytes of all names in them: a recipe has to stay a text that can be read."""

LONGEST_ID: Final = 1000
LONGEST_LABEL: Final = 300
_TOLD = 3
_SHORT = 80


class Correction(Part):
    """A picture whose label was put right by hand, or that is left out.

    The data are split as if there were none, so every other picture stays on its side.

    Attributes:
        picture: Its id, as predictions and galleries name it: `train/00042`, or a file's name.
        label: The class that it is of.
        leave_out: Do without it instead.
    """

    picture: str = Field(min_length=1, max_length=LONGEST_ID)
    label: str | None = Field(default=None, min_length=1, max_length=LONGEST_LABEL)
    leave_out: bool = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> Correction:
        if (self.label is None) != self.leave_out:
            raise ValueError("label: must be given, or leave_out be true, and not both")
        return self


def in_order(given: Sequence[Correction]) -> tuple[Correction, ...]:
    """In the order of the pictures, so that the same ones make the same recipe.

    Raises:
        ValueError: A picture is named twice, or there are too many.
    """
    if too_many(given):
        most = f"{MOST:,}, with names of {LONGEST:,} bytes"
        raise ValueError(f"must be at most {most}: if more is wrong, mend the data set itself")
    names = [each.picture for each in given]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"must name a picture once, and names {twice[0]:.100} again")
    return tuple(sorted(given, key=lambda each: each.picture))


def too_many(given: Sequence[Correction]) -> bool:
    """Whether these are more than a recipe can hold."""
    size = sum(len(f"{each.picture}{each.label or ''}".encode()) for each in given)
    return len(given) > MOST or size > LONGEST


def in_words(corrections: Sequence[Correction]) -> str:
    """How many there are of which kind; empty for none."""
    gone = sum(each.leave_out for each in corrections)
    labels = len(corrections) - gone
    pictures = "picture" if labels == 1 else "pictures"
    parts = [f"{labels:,} {pictures} given another label"] if labels else []
    if gone:
        noun = "" if labels else " picture" if gone == 1 else " pictures"
        parts.append(f"{gone:,}{noun} left out")
    return ", ".join(parts)


def listed(corrections: Sequence[Correction], *, most: int = _TOLD) -> str:
    """The first ones, each with what became of it; names are as somebody typed them."""
    told = []
    for each in corrections[:most]:
        now = "left out" if each.label is None else f"→ {each.label[:_SHORT]}"
        told.append(f"{each.picture[:_SHORT]} {now}")
    more = len(corrections) - most
    return "; ".join([*told, f"and {more:,} more"] if more > 0 else told)
