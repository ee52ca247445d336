"""Which data the draft recipe names, and changing that: every choice on the page is one of these.

`Your own pictures` may be looked at before there are any, which no recipe could say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import streamlit as st

from tlcore.advice.defaults import suited
from tlcore.data.uploads.files import list_uploads
from tlcore.errors import ThawError
from tlcore.recipe import OF_THE_HUB, Data, Recipe
from tlcore.recipe.text import from_fields, to_fields
from tlcore.runs.limits import may_open
from tlcore.ui.shared.draft import draft, keep_draft, typed_by_hand
from tlcore.ui.shared.session import me

Given = ParamSpec("Given")

_WANTED, _TROUBLE = "own pictures are wanted", "trouble with the data"

OWN = ("path", "labels", "group_by", *OF_THE_HUB)
"""Fields that mean something for one data set alone."""

_WHICH_PICTURES = ("name", "path", "labels", "shapes", *OF_THE_HUB)
"""Fields that say which pictures and classes there are: with others, corrections mean nothing."""


def shown() -> str:
    """The data set that the page is about."""
    return "folder" if st.session_state.get(_WANTED) else draft().data.name


def noted(change: Callable[Given, object]) -> Callable[Given, None]:
    """For what a button calls: an error of the lab's is kept, to be told by `raise_trouble`."""

    @wraps(change)
    def changing(*given: Given.args, **named: Given.kwargs) -> None:
        try:
            change(*given, **named)
        except ThawError as error:
            st.session_state[_TROUBLE] = error

    return changing


def raise_trouble() -> None:
    """Raise what went wrong when a button was pressed, once."""
    if error := st.session_state.pop(_TROUBLE, None):
        raise error


@noted
def choose(name: str) -> None:
    """Have the draft learn from another data set; from one's own, once there is an upload."""
    uploads = list_uploads(by=me()) if name == "folder" else ()
    if name == "folder" and draft().data.name != "folder" and not uploads:
        st.session_state[_WANTED] = True
        return
    if name != draft().data.name:
        change(name=name, **({"path": uploads[0].path} if uploads else {}))
    st.session_state.pop(_WANTED, None)


def choose_path(path: str) -> None:
    """Have the draft learn from an upload, a folder or a zip."""
    change(name="folder", path=path)
    st.session_state.pop(_WANTED, None)


def change(**fields: Any) -> None:
    """Change fields of the draft's data."""
    recipe = draft()
    kept = recipe.data.model_dump(exclude_defaults=True)
    if fields.get("name", recipe.data.name) != recipe.data.name:
        kept = {name: value for name, value in kept.items() if name not in OWN}
    changed = _without_old_corrections(with_data(recipe, {**kept, **fields}), recipe.data)
    others = any(
        getattr(changed.data, f) != getattr(recipe.data, f) for f in ("name", "path", "repo")
    )
    if others and may_open(changed.data, by=me()):
        changed = suited(changed, typed=typed_by_hand(), before=recipe).recipe
    keep_draft(changed)


def with_data(recipe: Recipe, data: dict[str, Any]) -> Recipe:
    """The recipe with other data, checked as a whole.

    >>> with_data(Recipe(), {"name": "digits"}).data.name
    'digits'
    """
    return from_fields({**to_fields(recipe), "data": data}, where="the draft")


def _without_old_corrections(recipe: Recipe, before: Data) -> Recipe:
    """Labels that were put right belong to the pictures that they were given to."""
    data = recipe.data
    same = all(getattr(data, name) == getattr(before, name) for name in _WHICH_PICTURES)
    if same or not data.corrections:
        return recipe
    st.toast("The draft's corrections were of other pictures, and went with them.")
    return recipe.model_copy(update={"data": data.model_copy(update={"corrections": ()})})
