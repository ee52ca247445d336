"""Asking, once for each network and picture, while the page shows how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tlcore.asking import ask, service
from tlcore.asking.ask import Answer, Block, Why, network_of
from tlcore.asking.methods import Method
from tlcore.recipe import Recipe
from tlcore.runs.records import Run
from tlcore.ui.session import me, store
from tlcore.ui.try_it.chosen import Chosen, digest_of
from tlcore.ui.try_it.recent import Recent

ANSWERS: Recent[Answer] = Recent(256)
WHYS: Recent[Why] = Recent(64)
INSIDES: Recent[tuple[Block, ...]] = Recent(16)

_WAKING = "Waking the networks: torch is loaded into a process of its own, once. Some seconds."
_WAKING_TAKES = 8.0
_SOON = 0.4  # seconds for which nothing need be shown
_NEVER_FULL = 0.97


@dataclass(frozen=True, eq=False)
class Asked:
    """A run that was asked about a picture, with what it said.

    Attributes:
        run: Which one.
        recipe: Its recipe.
        network: Its network's file.
        pixels: The picture as this run would have it: 1 x height x width x 3.
        digest: Tells these pixels from any others.
        answer: What its network says.
    """

    run: Run
    recipe: Recipe
    network: Path
    pixels: NDArray[np.uint8]
    digest: str
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
    digest = digest_of(pixels)

    def find() -> Answer:
        with _waiting("Asking …", 1.0) as meanwhile:
            return ask.predict(store().home, network, pixels, meanwhile=meanwhile)

    answer = ANSWERS.kept((network, digest), find)
    return Asked(run, recipe, network, pixels, digest, answer)


def ask_why(asked: Asked, method: Method, target: int, *, shuffled: bool = False) -> Why:
    """Ask it why it says, or doesn't say, that class."""

    def find() -> Why:
        words = f"{method.title}: {method.looks} looks at the picture …"
        with _waiting(words, seconds_for(asked, method)) as meanwhile:
            return ask.explain(
                store().home,
                asked.network,
                asked.pixels,
                method.name,
                target,
                shuffled=shuffled,
                meanwhile=meanwhile,
            )

    return WHYS.kept((asked.network, asked.digest, method.name, target, shuffled), find)


def ask_inside(asked: Asked) -> tuple[Block, ...]:
    """Ask it what each of its blocks makes of the picture."""

    def find() -> tuple[Block, ...]:
        with _waiting("Looking inside …", 1.0) as meanwhile:
            home, network = store().home, asked.network
            return ask.look_inside(home, network, asked.pixels, meanwhile=meanwhile)

    return INSIDES.kept((asked.network, asked.digest), find)


def seconds_for(asked: Asked, method: Method) -> float:
    """About how long a method takes on this network."""
    return method.looks * asked.answer.milliseconds / 1000


@contextmanager
def _waiting(what: str, seconds: float) -> Iterator[Callable[[], None]]:
    """Show how far it is, and let Streamlit break in: whoever clicks elsewhere waits no longer."""
    awake = service.is_awake(store().home)
    words, expected = (what, seconds) if awake else (_WAKING, _WAKING_TAKES)
    place, began = st.empty(), time.monotonic()

    def show() -> None:
        waited = time.monotonic() - began
        if waited > _SOON:
            place.progress(min(_NEVER_FULL, waited / max(expected, waited)), text=words)

    try:
        yield show
    finally:
        place.empty()
