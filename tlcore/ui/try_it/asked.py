"""Asking, once for each network and picture, while the page shows how far it is."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tlcore.access import Owner
from tlcore.inference import client, process
from tlcore.inference.client import Answer, Block, Why, network_of
from tlcore.inference.methods import Method
from tlcore.recipe import Recipe
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.shared.page import link
from tlcore.ui.shared.session import me, store
from tlcore.ui.try_it.samples import Chosen, digest_of

TESTED = (State.FINISHED, State.STOPPED)


def askable(run: Run) -> bool:
    """Whether a run has left a network: it finished, or was stopped and tested."""
    return run.state == State.FINISHED or store().artifact(run.id, "best", by=me()) is not None


def anybody_to_ask(runs: RunStore, by: Owner) -> bool:
    """Whether any run has left a network."""
    return bool(runs.counts(by=by).get(State.FINISHED)) or any(
        askable(run) for run in runs.list(by=by, states=[State.STOPPED])
    )


def show_nobody_to_ask(runs: RunStore, by: Owner) -> None:
    """The way to a first network, or to the one that is on its way."""
    if any(state.active or state == State.QUEUED for state in runs.counts(by=by)):
        st.info(
            "No run has finished yet. As soon as one has, its network can be asked here.",
            icon=":material/hourglass_empty:",
        )
        link("runs", "See how far the runs are", icon=":material/monitoring:")
        return
    st.info(
        "There is no trained network to ask yet. The demo trains two, usually in 15 to 30 seconds.",
        icon="🧊",
    )
    with st.container(horizontal=True):
        link("start", "Train the demo", icon=":material/play_circle:")
        link("train", "Train a network of your own", icon=":material/tune:")


T = TypeVar("T")


class Recent(Generic[T]):
    """Answers by question, for everybody together; the ones that nobody asks for go first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def kept(self, key: Hashable, find: Callable[[], T]) -> T:
        """What is kept under this key; found first if nothing is."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = find()
        with self._lock:
            self._found[key] = found
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._found.clear()


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
            return client.predict(store().home, network, pixels, meanwhile=meanwhile)

    answer = ANSWERS.kept((network, digest), find)
    return Asked(run, recipe, network, pixels, digest, answer)


def ask_why(asked: Asked, method: Method, target: int, *, shuffled: bool = False) -> Why:
    """Ask it why it says, or doesn't say, that class."""

    def find() -> Why:
        words = f"{method.title}: {method.looks} looks at the picture …"
        with _waiting(words, seconds_for(asked, method)) as meanwhile:
            return client.explain(
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
            return client.look_inside(home, network, asked.pixels, meanwhile=meanwhile)

    return INSIDES.kept((asked.network, asked.digest), find)


def seconds_for(asked: Asked, method: Method) -> float:
    """About how long a method takes on this network."""
    return method.looks * asked.answer.milliseconds / 1000


@contextmanager
def _waiting(what: str, seconds: float) -> Iterator[Callable[[], None]]:
    """Show how far it is, and let Streamlit break in: whoever clicks elsewhere waits no longer."""
    awake = process.is_awake(store().home)
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
