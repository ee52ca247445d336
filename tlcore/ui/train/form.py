"""A recipe as it is being typed: nothing that was typed is lost, and all of it can be undone.

What stands in a form may be wrong for a while. It is kept as it was typed, with what is wrong
with each field, and beside it the last recipe that was right.

>>> form = Form(Recipe())
>>> form.set("epochs", 0)
>>> form.value("epochs"), form.recipe.epochs, str(form.problems[0])
(0, 5, 'epochs is 0: must be at least 1.')
>>> form.undo()
>>> form.value("epochs"), form.problems
(5, ())
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import streamlit as st

from tlcore.advice.defaults import suited
from tlcore.errors import Problem, RecipeError
from tlcore.recipe import Recipe, presets
from tlcore.recipe.fields import field_cards
from tlcore.recipe.presets import Preset
from tlcore.recipe.text import Fields, from_fields, to_fields
from tlcore.runs.limits import may_open
from tlcore.ui.shared.draft import (
    draft,
    keep_draft,
    packed_fields,
    show_in_address,
    typed_by_hand,
    unpacked,
)
from tlcore.ui.shared.page import show_error
from tlcore.ui.shared.session import me

_FORM, _KEPT, _TYPED = "the form of Train", "what Train kept", "typed"


def form() -> Form:
    """The form of this session, which `opened` has opened."""
    found: Form = st.session_state[_FORM]
    return found


def opened() -> Form:
    """The form, with what other pages or an address have changed in the draft since."""
    try:
        recipe = draft()
    except RecipeError as error:
        return _with_what_is_wrong(error)
    form: Form | None = st.session_state.get(_FORM)
    if form is None:
        form = st.session_state[_FORM] = Form(recipe, typed_by_hand())
        form.replace(_fields_in(_TYPED) or form.fields)
    elif recipe != st.session_state.get(_KEPT):
        form.take_over(recipe)
    return form


def keep(form: Form) -> None:
    """Make the recipe the draft of all pages, and have the address reopen it."""
    keep_draft(form.recipe)
    st.session_state[_KEPT] = form.recipe
    show_in_address(form.recipe)
    if form.problems:
        st.query_params[_TYPED] = packed_fields(form.fields)
    elif _TYPED in st.query_params:
        del st.query_params[_TYPED]


def _with_what_is_wrong(error: RecipeError) -> Form:
    """A link that holds a recipe with mistakes opens with them; one that holds none is told."""
    fields = _fields_in("recipe")
    if fields is None:
        show_error(error)
    form: Form = st.session_state.setdefault(_FORM, Form(Recipe()))
    form.replace(fields or form.fields)
    return form


def _fields_in(name: str) -> Fields | None:
    """The fields that a part of the address holds, if it is whole."""
    try:
        return dict(unpacked(st.query_params[name])) if name in st.query_params else None
    except RecipeError:
        return None


MOST_UNDONE = 200
HEAD_ONLY = "head-only"


class Form:
    """What was typed, what is wrong with it, and how it came about.

    Attributes:
        fields: As they were typed; defaults are left out once all of them are right.
        recipe: The last one that was right: the one of these fields, if there are no problems.
        problems: What is wrong with the fields.
        began: The preset that it began as; None for one's own.
        typed: Fields that the person has set: what belongs to data or a backbone never moves them.
    """

    def __init__(self, recipe: Recipe, typed: set[str] | None = None) -> None:
        self.typed = set() if typed is None else typed
        self.recipe = recipe
        self.fields = to_fields(recipe)
        self.problems: tuple[Problem, ...] = ()
        self.began = preset_like(recipe)
        self._past: list[Fields] = []
        self._future: list[Fields] = []

    def value(self, path: str) -> Any:
        """What stands in a field, or its default."""
        place: Any = self.fields
        for name in path.split("."):
            if not isinstance(place, dict) or name not in place:
                card = field_cards().get(path)
                default = card.default if card else None
                return list(default) if isinstance(default, tuple) else default
            place = place[name]
        return place

    def problems_at(self, *paths: str) -> list[Problem]:
        """What is wrong with these fields, or with what is within them."""
        within = tuple(f"{path}." for path in paths)
        return [p for p in self.problems if p.field in paths or p.field.startswith(within)]

    def set(self, path: str, value: Any) -> None:
        """Type into one field."""
        self.change({path: value})

    def change(self, values: Mapping[str, Any]) -> None:
        """Type into some fields, in one step that is undone as one."""
        self.typed.update(path for path in values if not path.startswith("data."))
        self.replace(self._changed(values))

    def _changed(self, values: Mapping[str, Any]) -> Fields:
        fields = deepcopy(self.fields)
        for path, value in values.items():
            if value != self.value(path):
                _put(fields, path.split("."), value)
        return _without_solving(fields) if "schedule" in values else fields

    def choose(self, values: Mapping[str, Any]) -> None:
        """Choose data or a backbone: fields that belong to it follow, but for those typed before.

        >>> form = Form(Recipe())
        >>> form.choose({"data.name": "cifar10"})
        >>> form.recipe.model.backbone != Recipe().model.backbone, form.recipe.optimiser.name
        (True, 'exact')
        """
        before, past = self.recipe, len(self._past)
        self.typed.update({"model.backbone"} & values.keys())
        self.replace(self._changed(values))
        if self.problems or not may_open(self.recipe.data, by=me()):
            return
        found = suited(self.recipe, typed=self.typed, before=before).recipe
        if found != self.recipe:
            self._past = self._past[: past + 1]  # one choice, undone as one
            self._take(to_fields(found))

    def suit(self) -> None:
        """Set everything that belongs to the data and the backbone, whoever set it before."""
        self.typed.clear()
        bare = {
            name: self.fields[name] for name in ("version", "name", "data") if name in self.fields
        }
        self.replace(to_fields(suited(from_fields(bare)).recipe))

    def replace(self, fields: Fields) -> None:
        """Type everything anew."""
        if fields != self.fields:
            self._past = [*self._past, self.fields][-MOST_UNDONE:]
            self._future = []
            self._take(fields)

    def take_over(self, recipe: Recipe) -> None:
        """Go on with what another page has made of the recipe; what is typed elsewhere stays."""
        before, after = to_fields(self.recipe), to_fields(recipe)
        changed = [name for name in before | after if before.get(name) != after.get(name)]
        fields = {name: value for name, value in self.fields.items() if name not in changed}
        self.began = preset_like(recipe) or self.began
        self.replace(fields | {name: after[name] for name in changed if name in after})

    def start_from(self, preset: Preset) -> None:
        """Take over a recipe that comes with the lab."""
        self.began = preset
        self.typed.clear()
        self.replace(to_fields(preset.recipe))

    @property
    def shared(self) -> Recipe:
        """The recipe without a name that was typed: that is of one run, not of all that follow."""
        lent = self.began.recipe.name if self.began else ""
        if lent and self.recipe.name in (lent, f"{lent}, changed"):
            return self.recipe
        return self.recipe.model_copy(update={"name": ""})

    def forget_name(self) -> None:
        """A name that was typed counts once."""
        if self.shared != self.recipe:
            self.set("name", None)

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    def undo(self) -> None:
        """Back to what stood there before the last change."""
        if self._past:
            self._future.append(self.fields)
            self._take(self._past.pop())

    def redo(self) -> None:
        """Change again what was undone last."""
        if self._future:
            self._past.append(self.fields)
            self._take(self._future.pop())

    def _take(self, fields: Fields) -> None:
        self.fields = fields
        try:
            recipe = from_fields(fields)
        except RecipeError as error:
            self.problems = tuple(error.problems)
            return
        self.problems = ()
        self.began = preset_like(recipe) or self.began
        self.recipe = self._renamed(recipe)
        self.fields = to_fields(self.recipe)

    def _renamed(self, recipe: Recipe) -> Recipe:
        """A changed recipe must not go by the name of what it began as."""
        began = self.began
        if began is None or recipe.name != began.recipe.name or recipe.id == began.recipe.id:
            return recipe
        return recipe.model_copy(update={"name": f"{recipe.name}, changed"})


def preset_like(recipe: Recipe) -> Preset | None:
    """The lab's own recipe that is just like this one."""
    return next((each for each in presets.presets() if each.recipe.id == recipe.id), None)


def _without_solving(fields: Fields) -> Fields:
    """An exact head can't be solved while blocks thaw: then it is learned step by step."""
    schedule, optimiser = fields.get("schedule"), fields.get("optimiser")
    solves = isinstance(optimiser, dict) and optimiser.get("name") == "exact"
    if solves and isinstance(schedule, dict) and schedule.get("preset", HEAD_ONLY) != HEAD_ONLY:
        return {name: value for name, value in fields.items() if name != "optimiser"}
    return fields


def _put(fields: Fields, path: list[str], value: Any) -> None:
    """Write a value to its place; whatever is no part there makes way."""
    *parents, name = path
    for parent in parents:
        if not isinstance(fields.get(parent), dict):
            fields[parent] = {}
        fields = fields[parent]
    if value is None:
        fields.pop(name, None)
    else:
        fields[name] = value
