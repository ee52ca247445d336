"""A field of the recipe as a control: what it means beside it, what is wrong with it beneath it.

Controls show what stands in the form. Whatever can't be shown by the control that a field usually
has, because it was typed as text or came from a link, is shown as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st

from tlcore import strict
from tlcore.errors import NotReadable, Problem
from tlcore.formatting import literal
from tlcore.recipe.fields import FieldCard, field_cards
from tlcore.ui.train.form import Form
from tlcore.ui.train.form import form as current_form

_LARGEST = 2**53
"""The largest whole number that a browser counts exactly."""

_LABELS = {
    "l1": "L1 penalty",
    "at": "Step at epochs",
    "hold": "Epochs at the full rate",
    "min_delta": "Least improvement",
    "labels_per_class": "Labels a class",
}


def show_field(form: Form, path: str, *, label: str = "", place: str = "") -> None:
    """Show one field.

    Args:
        form: Where it is typed.
        path: Which one.
        label: What to call it; unset, its own name.
        place: Tells it from the same field elsewhere on the page.
    """
    card, value = field_cards()[path], form.value(path)
    label = label or _LABELS.get(card.name) or card.name.replace("_", " ").capitalize()
    _control_for(card, value)(card, value, label, place)
    show_problems(form.problems_at(path))


def show_problems(problems: Iterable[Problem]) -> None:
    """What is wrong, where it is wrong."""
    for problem in problems:
        found = f"{problem.value}: " if problem.value else ""
        hint = f" Did you mean {problem.suggestion}?" if problem.suggestion else ""
        st.error(literal(f"{found}{problem.rule}.{hint}"), icon=":material/error:")


def explained(card: FieldCard) -> str:
    """What a field means and what may stand there.

    >>> explained(field_cards()["optimiser.rate"])
    'The full learning rate. Number above 0.'
    """
    values = "" if card.kind in ("choice", "truth") else f" {card.values.capitalize()}."
    unset = " Left empty: unset." if card.default is None else ""
    return f"{card.meaning}{values}{unset}"


Control = Callable[[FieldCard, Any, str, str], None]


def _control_for(card: FieldCard, value: Any) -> Control:
    """The usual control, if what stands in the field can be shown by it."""
    if card.kind == "truth" and isinstance(value, bool):
        return _switch
    if card.kind == "choice" and value in card.choices:
        return _choice
    if card.kind == "whole number" and card.default is not None and _is_countable(value):
        return _stepper
    return _text


def _is_countable(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


def _switch(card: FieldCard, value: Any, label: str, place: str) -> None:
    key = _shown_as(f"{card.path} switch {place}", value)
    st.toggle(label, key=key, help=explained(card), on_change=_take, args=(card.path, key))


def _choice(card: FieldCard, value: Any, label: str, place: str) -> None:
    key = _shown_as(f"{card.path} choice {place}", value)
    st.selectbox(
        label,
        card.choices,
        key=key,
        format_func=lambda choice: choice or "none",
        help=explained(card),
        on_change=_take,
        args=(card.path, key),
    )


def _stepper(card: FieldCard, value: Any, label: str, place: str) -> None:
    key = _shown_as(f"{card.path} stepper {place}", value)
    st.number_input(
        label, key=key, step=1, help=explained(card), on_change=_take, args=(card.path, key)
    )


def _text(card: FieldCard, value: Any, label: str, place: str) -> None:
    key = f"{card.path} text {place}"
    fresh = key not in st.session_state
    if not fresh and read_as(card, st.session_state[key]) != value:
        st.session_state[key] = written(value)
    st.text_input(
        label,
        # as its first value, not as a change of it: a browser that hasn't heard of a change yet
        # reports the first value back with the next click, which would then count as typed
        value=written(value) if fresh else "",
        key=key,
        help=explained(card),
        placeholder="unset" if card.default is None else None,
        on_change=_take_text,
        args=(card.path, key),
    )


def _shown_as(key: str, value: Any) -> str:
    """Have a control show what stands in the form, however it came there."""
    st.session_state[key] = value
    return key


def _take(path: str, key: str) -> None:
    current_form().set(path, st.session_state[key])


def _take_text(path: str, key: str) -> None:
    current_form().set(path, read_as(field_cards()[path], st.session_state[key]))


def read_as(card: FieldCard, text: str) -> Any:
    """What a typed text means in a field; what can't be read stays text, and is then wrong.

    >>> cards = field_cards()
    >>> read_as(cards["optimiser.rate"], "1e-2"), read_as(cards["optimiser.rate"], "fast")
    (0.01, 'fast')
    >>> read_as(cards["model.head.hidden"], "256, 128"), read_as(cards["name"], "1e-2")
    ([256, 128], '1e-2')
    """
    text = text.strip()
    if card.kind == "text":
        return text
    if not text:
        return None if card.kind != "list" else []
    try:
        return strict.load(f"[{text.strip('[]')}]" if card.kind == "list" else text)
    except NotReadable:
        return text


def written(value: Any) -> str:
    """What stands in a field, as one would type it.

    >>> written(0.001), written([256, 128]), written(None), written(True)
    ('0.001', '256, 128', '', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(written(each) for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
