"""What pages ask: what does this run's network say of a picture, and why?

>>> answer = Answer(("cat", "dog"), np.float32([[0.2, 0.8]]), ("lime",), 3.1)
>>> answer.ranked(0)
[(1, 0.800000011920929), (0, 0.20000000298023224)]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.access import Owner
from tlcore.errors import AnswerError
from tlcore.inference.process import ask
from tlcore.inference.protocol import Message
from tlcore.runs.store import RunStore

Pixels: TypeAlias = NDArray[np.uint8]
Meanwhile: TypeAlias = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a network says of some pictures.

    Attributes:
        classes: What it can say at all.
        probabilities: One row a picture, one column a class.
        ways: The methods by which it can be asked why.
        milliseconds: How long it took the network.
    """

    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    ways: tuple[str, ...]
    milliseconds: float

    def ranked(self, row: int = 0) -> list[tuple[int, float]]:
        """The classes by number with their probabilities, the likeliest first."""
        shares = self.probabilities[row]
        return [(int(n), float(shares[n])) for n in np.argsort(-shares, kind="stable")]


@dataclass(frozen=True, eq=False)
class Why:
    """A map of why.

    Attributes:
        map: Height x width, as the network sees the picture.
        facts: What else there is to know, such as LIME's `fidelity`.
    """

    map: NDArray[np.float32]
    facts: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Block:
    """What a block makes of a picture.

    Attributes:
        name: Of the block.
        channels: How many features it has.
        maps: The strongest ones, as grey pictures: n x height x width.
        trained: Whether anything in it was trained by the run.
    """

    name: str
    channels: int
    maps: NDArray[np.uint8]
    trained: bool


def network_of(store: RunStore, run: str, *, by: Owner) -> Path:
    """The file of the network that a run left behind, if this owner may see the run."""
    path = store.artifact(run, "best", by=by)
    if path is None:
        raise AnswerError(
            f"This run has left no network to ask: it is {store.get(run, by=by).state}",
            where=run,
            remedy="Choose a run that has finished.",
        )
    return path


def predict(
    home: Path, network: Path, pixels: Pixels, *, meanwhile: Meanwhile = lambda: None
) -> Answer:
    """What a network says of pictures (n x height x width x 3, as the run stores its own).

    Args:
        home: Of the store.
        network: From `network_of`.
        pixels: The pictures.
        meanwhile: Called several times a second; if it raises, the question is withdrawn.
    """
    question = Message({"ask": "predict", "network": str(network)}, {"pixels": pixels})
    answer = ask(home, question, meanwhile=meanwhile)
    facts = answer.facts
    return Answer(
        classes=tuple(facts["classes"]),
        probabilities=answer.arrays["probabilities"],
        ways=tuple(facts["ways"]),
        milliseconds=facts["milliseconds"],
    )


def explain(
    home: Path,
    network: Path,
    pixels: Pixels,
    way: str,
    target: int,
    *,
    shuffled: bool = False,
    meanwhile: Meanwhile = lambda: None,
) -> Why:
    """Why it says so, or why not, of the first of these pictures.

    Args:
        home: Of the store.
        network: From `network_of`.
        pixels: The picture, as the run stores its own.
        way: A method's name, one of `Answer.ways`.
        target: The class that is asked about.
        shuffled: Ask a copy of the network whose weights are shuffled instead: what is still to be
            seen then is not about anything learned.
        meanwhile: As in `predict`.
    """
    question = {"ask": "explain", "network": str(network), "way": way, "target": target}
    message = Message({**question, "shuffled": shuffled}, {"pixels": pixels[:1]})
    answer = ask(home, message, meanwhile=meanwhile)
    return Why(answer.arrays["map"], answer.facts["facts"])


def features(
    home: Path,
    network: Path,
    pixels: Pixels,
    *,
    beginning: bool = False,
    meanwhile: Meanwhile = lambda: None,
) -> NDArray[np.float32]:
    """What the backbone makes of pictures, pooled and flat, before the head: n x d.

    Args:
        home: Of the store.
        network: From `network_of`.
        pixels: The pictures.
        beginning: Ask the network that the run began with instead of the one that it kept.
        meanwhile: As in `predict`.
    """
    question = {"ask": "features", "network": str(network), "beginning": beginning}
    answer = ask(home, Message(question, {"pixels": pixels}), meanwhile=meanwhile)
    found: NDArray[np.float32] = answer.arrays["features"]
    return found


def look_inside(
    home: Path, network: Path, pixels: Pixels, *, meanwhile: Meanwhile = lambda: None
) -> tuple[Block, ...]:
    """What each block makes of the first of these pictures."""
    question = {"ask": "blocks", "network": str(network)}
    answer = ask(home, Message(question, {"pixels": pixels[:1]}), meanwhile=meanwhile)
    return tuple(
        Block(each["name"], each["channels"], answer.arrays[each["name"]], each["trained"])
        for each in answer.facts["blocks"]
    )
