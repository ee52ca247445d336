"""What every part of a recipe has in common."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

_BREAK_A_LINE = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's control characters, half characters, line and paragraph separators."""


def _one_line(text: str) -> str:
    if any(unicodedata.category(letter) in _BREAK_A_LINE for letter in text):
        raise ValueError("must be one line, without control characters")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
"""Text that can stand in a table, a log or a file's name."""


class Part(BaseModel):
    """Frozen, strict about types, closed to unknown fields.

    Strict, because `epochs: true` or `epochs: "5"` in a recipe is a slip, and a slip that is
    quietly read as something else costs a training run.
    """

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )
