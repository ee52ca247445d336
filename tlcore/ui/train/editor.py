"""The freeze editor: a strip of blocks and epochs that is painted on with the mouse or by keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from tlcore.formatting import amount
from tlcore.recipe import Recipe
from tlcore.recipe.text import to_fields
from tlcore.schedule.outline import HEAD, Layer, Outline
from tlcore.schedule.plan import Plan
from tlcore.schedule.selection import spoken
from tlcore.schedule.strip import painted, schedule_of, shares, strip_of
from tlcore.ui.shared.frontend import widget
from tlcore.ui.train.cost_panel import outline_of
from tlcore.ui.train.form import Form
from tlcore.ui.train.form import form as current_form

KEY = "freeze editor"

_strip = widget("train/strip", "train/strip_model", "train/strip_view")
_SEEN = "strokes seen"


@dataclass(frozen=True)
class Stroke:
    """One stroke of the brush, or one press of a key.

    Attributes:
        number: Counts the strokes of an editor.
        blocks: First and last block.
        epochs: First and last epoch.
        thaw: Whether they thaw or freeze.
    """

    number: int
    blocks: tuple[int, int]
    epochs: tuple[int, int]
    thaw: bool


def show_strip(recipe: Recipe, outline: Outline, *, locked: str = "") -> None:
    """Draw the schedule of a recipe, and take down what is painted on it.

    Args:
        recipe: What would run.
        outline: Of its network.
        locked: Why the first epoch can't be painted; empty if it can.
    """
    data = strip_data(recipe, outline) | {
        "locked": locked,
        "seen": st.session_state.get(_SEEN, 0),
    }
    _strip(data=data, key=KEY, on_asked_change=_take_strokes)


def strip_data(recipe: Recipe, outline: Outline) -> dict[str, Any]:
    """All that the editor draws: plain values for its script."""
    plan = Plan(recipe.schedule, outline, recipe.epochs)
    factors = [
        recipe.rate_schedule.factor(epoch - thaw.rate_start + 0.5, thaw.rate_epochs)
        for epoch in range(recipe.epochs)
        for thaw in [plan.at(epoch)]
    ]
    return {
        "blocks": [
            _anatomy(block, [layer for layer in outline.layers if layer.block == block])
            for block in (*outline.blocks, HEAD)
        ],
        "phases": [
            {
                "start": thaw.start,
                "epochs": thaw.epochs,
                "thaw": spoken(thaw.thawed),
                "shares": [*shares(thaw.thawed, outline), 1.0],
                "rates": [thaw.rates[block] for block in (*outline.blocks, HEAD)],
                "restart": thaw.rate_start == thaw.start and thaw.phase > 0,
            }
            for thaw in plan.thaws
        ],
        "factors": factors,
        "rate": recipe.optimiser.rate,
    }


def _anatomy(block: str, layers: list[Layer]) -> dict[str, Any]:
    """A block with its layers and parameters, in words."""
    size = sum(layer.size for layer in layers)
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(x.kind for x in layers).most_common())
    noun = "layer" if len(layers) == 1 else "layers"
    words = f"{amount(size)} parameters in {len(layers)} {noun} ({kinds})"
    return {"name": block, "size": size, "words": words}


def _take_strokes() -> None:
    """Called when the editor asks for something: strokes, or to undo or redo one."""
    asked = st.session_state[KEY].asked
    if not isinstance(asked, Mapping):
        return
    form = current_form()
    match asked.get("what"):
        case "undo":
            form.undo()
        case "redo":
            form.redo()
        case _:
            _paint_all(form, asked.get("strokes"))


def _paint_all(form: Form, given: object) -> None:
    """A stroke is sent again until it was seen: two quick ones may come as one message."""
    for each in given if isinstance(given, list) else ():
        stroke = as_stroke(each)
        if stroke and stroke.number > st.session_state.get(_SEEN, 0):
            st.session_state[_SEEN] = stroke.number
            paint(form, stroke)


def paint(form: Form, stroke: Stroke) -> None:
    """Make the schedule what it is after a stroke, where there is something to paint on."""
    recipe = form.recipe
    outline = outline_of(recipe)
    if outline is None:
        return
    first = max(stroke.epochs[0], 1 if recipe.model.weights == "none" else 0)
    blocks = range(stroke.blocks[0], min(stroke.blocks[1], len(outline.blocks) - 1) + 1)
    epochs = range(first, min(stroke.epochs[1], recipe.epochs - 1) + 1)
    if not epochs or not blocks:
        return
    strip = strip_of(recipe.schedule, outline, recipe.epochs)
    strip = painted(strip, outline, blocks=blocks, epochs=epochs, thaw=stroke.thaw)
    schedule = schedule_of(strip, outline, recipe.schedule.batchnorm)
    after = to_fields(recipe.model_copy(update={"schedule": schedule}))
    form.change({"schedule": after["schedule"]})


def as_stroke(given: object) -> Stroke | None:
    """What the script sent, if it is a stroke.

    >>> as_stroke({"number": 1, "blocks": [0, 2], "epochs": [3, 3], "thaw": True})
    Stroke(number=1, blocks=(0, 2), epochs=(3, 3), thaw=True)
    """
    if not isinstance(given, Mapping):
        return None
    number, thaw = given.get("number"), given.get("thaw")
    blocks, epochs = (_span(given.get(name)) for name in ("blocks", "epochs"))
    if not (isinstance(number, int) and isinstance(thaw, bool) and blocks and epochs):
        return None
    return Stroke(number, blocks, epochs, thaw)


def _span(given: object) -> tuple[int, int] | None:
    if not isinstance(given, list) or len(given) != 2:
        return None
    first, last = given
    whole = isinstance(first, int) and isinstance(last, int)
    return (first, last) if whole and 0 <= first <= last else None
