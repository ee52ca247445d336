"""What every part of a recipe has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Frozen, strict about types, closed to unknown fields.

    Strict, because `epochs: true` or `epochs: "5"` in a recipe is a slip, and a slip that is
    quietly read as something else costs a training run.
    """

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )
