"""Where a backbone's weights are, said before a run needs them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tlcore import catalog, paths
from tlcore.catalog import Backbone
from tlcore.weight_files import named

Group = Literal["Here now", "Fetched when a run starts", "Not to be had here"]


@dataclass(frozen=True)
class Whereabouts:
    """Where weights are.

    Attributes:
        group: Among which cards it stands.
        short: In a word or two.
        words: In a sentence.
        can_be_had: Whether a run would find them, as far as anybody knows.
    """

    group: Group
    short: str
    words: str
    can_be_had: bool = True

    @property
    def rank(self) -> int:
        """What is here comes first."""
        return ("Here now", "Fetched when a run starts", "Not to be had here").index(self.group)


def whereabouts(card: Backbone, weights: str, *, name: str = "") -> Whereabouts:
    """Where a run would find what `model.weights` asks for.

    Args:
        card: Of the backbone.
        weights: As the recipe says it.
        name: As the recipe names the backbone, if not by the name of its card.
    """
    if card.kind == "scratch" or weights == "none":
        return Whereabouts("Here now", "from scratch", "Trained from scratch: needs no weights.")
    if weights != "pretrained":
        return _file(named(weights))
    if path := catalog.here(name or card.name):
        return _found(path)
    if card.kind == "own":
        words = f"Not made yet. Make them: python -m tlcore pretrain {card.name}"
        return Whereabouts("Not to be had here", "not made yet", words, False)
    if not card.tag:
        words = f"From {card.source}. Put {card.name}.safetensors into {_place()}."
        return Whereabouts("Not to be had here", "bring a file", words, False)
    return _on_the_hub(card)


def _found(path: Path) -> Whereabouts:
    """Carried, or put into one of the folders for weights, or fetched before."""
    if path.parent == paths.PROJECT / "checkpoints":
        return Whereabouts("Here now", "carried", "Carried: comes with the lab.")
    if path.parent in paths.weight_folders():
        words = f"In this machine's folder of weights: {path.name}"
        return Whereabouts("Here now", "in this machine’s folder", words)
    return Whereabouts("Here now", "fetched before", "Fetched from the hub before, and kept.")


def _file(path: Path) -> Whereabouts:
    if path.is_file():
        return Whereabouts("Here now", "a file of yours", f"A file of yours: {path.name}")
    words = f"There is no file {path}."
    return Whereabouts("Not to be had here", "no such file", words, False)


def _on_the_hub(card: Backbone) -> Whereabouts:
    if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
        words = (
            "On the hub, but this machine is set to stay offline (HF_HUB_OFFLINE). "
            f"Put {card.name}.safetensors into {_place()}."
        )
        return Whereabouts("Not to be had here", "not to be had offline", words, False)
    megabytes = 4 * card.parameters / 1e6
    words = f"Fetched from the hub when the run starts: about {megabytes:.0f} MB."
    return Whereabouts("Fetched when a run starts", "would be fetched from the hub", words)


def _place() -> str:
    return "the folder weights in the lab's home"
