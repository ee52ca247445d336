"""Asking, once for each network and picture: what has been answered is kept for a while.

A network's file never changes, nor do pixels; so an answer holds for as long as anybody wants it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tlcore.asking import ask, service
from tlcore.asking.ask import Answer, Block, Why, network_of
from tlcore.recipe import Recipe
from tlcore.runs.records import Run
from tlcore.ui.session import me, store
from tlcore.ui.try_it.chosen import Chosen, digest_of

_WAKING = (
    "Waking the networks: torch is loaded into a process of its own. Some seconds, and only once."
)


@dataclass(frozen=True, eq=False)
class Asked:
    """A run that was asked about a picture, with what it said.

    Attributes:
        run: Which one.
        recipe: Its recipe.
        network: Its network's file.
        pixels: The picture as this run would have it: 1 x height x width x 3.
        answer: What its network says.
    """

    run: Run
    recipe: Recipe
    network: Path
    pixels: NDArray[np.uint8]
    answer: Answer

    @property
    def surest(self) -> int:
        """The class that it says."""
        return self.answer.ranked()[0][0]


def ask_run(run: Run, picture: Chosen) -> Asked:
    """Ask a run's network what the picture is.

    Raises:
        ThawError: It has no network, the file is no picture, or no answer came.
    """
    recipe = store().recipe(run.id, by=me())
    network, pixels = network_of(store(), run.id, by=me()), picture.for_run(recipe)
    with _waiting("Asking …"):
        answer = _answer(str(network), digest_of(pixels), store().home, pixels)
    return Asked(run, recipe, network, pixels, answer)


def ask_why(asked: Asked, way: str, target: int, *, shuffled: bool, waiting: str) -> Why:
    """Ask it why it says, or doesn't say, that class."""
    with _waiting(waiting):
        return _why(
            str(asked.network),
            digest_of(asked.pixels),
            way,
            target,
            shuffled,
            store().home,
            asked.pixels,
        )


def ask_inside(asked: Asked) -> tuple[Block, ...]:
    """Ask it what each of its blocks makes of the picture."""
    with _waiting("Looking inside …"):
        return _inside(str(asked.network), digest_of(asked.pixels), store().home, asked.pixels)


@contextmanager
def _waiting(what: str) -> Iterator[None]:
    """Say what is being waited for; the first question to a lab may take a while."""
    awake = service.is_awake(store().home)
    with st.spinner(what if awake else _WAKING, show_time=not awake):
        yield


@st.cache_data(max_entries=256, show_spinner=False)
def _answer(network: str, digest: str, _home: Path, _pixels: NDArray[np.uint8]) -> Answer:
    return ask.predict(_home, Path(network), _pixels)


@st.cache_data(max_entries=128, show_spinner=False)
def _why(
    network: str,
    digest: str,
    way: str,
    target: int,
    shuffled: bool,
    _home: Path,
    _pixels: NDArray[np.uint8],
) -> Why:
    return ask.explain(_home, Path(network), _pixels, way, target, shuffled=shuffled)


@st.cache_data(max_entries=16, show_spinner=False)
def _inside(
    network: str, digest: str, _home: Path, _pixels: NDArray[np.uint8]
) -> tuple[Block, ...]:
    return ask.look_inside(_home, Path(network), _pixels)
