"""Opening the draft's data to look at: each set once for everybody, with words for the wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import streamlit as st

from tlcore import paths
from tlcore.access import is_public
from tlcore.data.load import open_dataset
from tlcore.data.pictures import Dataset
from tlcore.data.survey import Survey, drawn_in_all, small_enough, survey
from tlcore.data.uploads.files import find_upload
from tlcore.data.uploads.folder import SCHEME
from tlcore.errors import DataMissing
from tlcore.recipe import Data, Input, Recipe
from tlcore.runs.limits import refuse_unseen
from tlcore.ui.shared.session import me

Places: TypeAlias = tuple[tuple[str, str], ...]
"""Where data and caches lie, so that nothing is remembered of another place."""

LARGEST = 224
"""Pixels a side, of pictures that anybody may have decoded to be looked at."""

_AGAIN = "folder read again"
_OF_THE_SPLIT = (
    "labels_per_class",
    "validation",
    "test",
    "split_seed",
    "limit_train",
    "limit_test",
    "corrections",
)
_OF_THE_PICTURES = ("size", "fit", "interpolation")
_WAITS = {
    "shapes": "Drawing the pictures",
    "digits": "Opening the digits",
    "folder": "Reading your pictures",
    "hub": "Decoding the pictures: this once, then never again",
    "cifar10": "Decoding 60,000 pictures: this once, some 15 seconds, then never again",
    "cifar100": "Decoding 60,000 pictures: this once, some 15 seconds, then never again",
}


@dataclass(frozen=True, eq=False)
class Seen:
    """The draft's data, opened and split.

    Attributes:
        data: As far as it was looked at.
        survey: What was found.
        part: What was left out of looking, in a sentence; empty if nothing was.
    """

    data: Data
    survey: Survey
    part: str = ""

    @property
    def key(self) -> str:
        """Names what was looked at: equal for equal pictures on equal sides."""
        return f"{self.survey.fingerprint} {self.data.model_dump_json(exclude={'path'})}"


def look(recipe: Recipe) -> Seen:
    """The pictures that a recipe learns from, or an error that says what to do."""
    data, part = _looked_at(recipe.data)
    _check_upload(data)
    fields = recipe.input.model_dump(include=set(_OF_THE_PICTURES))
    if is_public() and fields["size"] > LARGEST:
        fields["size"], part = LARGEST, f"{part} Shown at {LARGEST} pixels a side.".strip()
    known = {**fields, "resize": "batch"} if data.name in ("folder", "hub") else {}
    given = (data.model_dump_json(), Input(**known).model_dump_json(), _places(), _again())
    with st.spinner(f"{_WAITS[data.name]} …", show_time=True):
        return Seen(data, _surveyed(*given), part)


def _check_upload(data: Data) -> None:
    """What was looked at before may be in the bin now, or somebody else's."""
    refuse_unseen(data, by=me())
    if not data.path.startswith(SCHEME):
        return
    try:
        upload = find_upload(data.path.removeprefix(SCHEME), by=me())
    except DataMissing:
        return  # somebody shares it
    if upload.binned is not None:
        remedy = "Take them out of the bin, or choose others."
        raise DataMissing("These pictures are in your bin", where=upload.name, remedy=remedy)


def read_again() -> None:
    """Forget what was seen of folders: they may have changed on disk."""
    st.session_state[_AGAIN] = _again() + 1


def _again() -> int:
    return int(st.session_state.get(_AGAIN, 0))


def _looked_at(data: Data) -> tuple[Data, str]:
    if data.name != "shapes":
        return data, ""
    few = small_enough(data.shapes)
    if few == data.shapes:
        return data, ""
    whole, here = sum(drawn_in_all(data.shapes)), sum(drawn_in_all(few))
    part = f"This world has {whole:,} pictures; one of {here:,} by the same dials was looked at."
    part += " Corrections are of the whole one." if data.corrections else ""
    return data.model_copy(update={"shapes": few, "corrections": ()}), part


def _places() -> Places:
    return tuple(sorted(paths.variables().items()))


@st.cache_resource(max_entries=6, show_spinner=False)
def _surveyed(data: str, input: str, places: Places, again: int) -> Survey:
    known = Data.model_validate_json(data)
    alike = known.model_copy(
        update={name: Data.model_fields[name].default for name in _OF_THE_SPLIT}
    )
    return survey(_opened(alike.model_dump_json(), input, places, again), known)


@st.cache_resource(max_entries=6, show_spinner=False)
def _opened(data: str, input: str, places: Places, again: int) -> Dataset:
    return open_dataset(Data.model_validate_json(data), Input.model_validate_json(input))
