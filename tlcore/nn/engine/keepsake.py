"""The network a run leaves behind: weights and all that predicting with them needs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from tlcore.nn.backbones import build
from tlcore.nn.engine.sealed import read, sealed_by_us, under, write
from tlcore.nn.network import Network
from tlcore.nn.prepare import Preparation
from tlcore.recipe import Recipe
from tlcore.recipe_text import from_fields, to_fields


@dataclass(frozen=True)
class Keepsake:
    """A trained network, ready to predict.

    Attributes:
        recipe: What made it.
        classes: What its outputs mean.
        prepare: What pictures go through before it.
        network: In evaluation mode, on the CPU.
    """

    recipe: Recipe
    classes: tuple[str, ...]
    prepare: Preparation
    network: Network


def save_network(
    path: Path, recipe: Recipe, classes: tuple[str, ...], prepare: Preparation, network: Network
) -> None:
    """Write a network so that `load_network` needs nothing else, not even the old weights."""
    facts = {
        "recipe": to_fields(recipe),
        "classes": classes,
        "prepare": asdict(prepare),
        "options": network.options,
    }
    write(path, "network", network.state_dict(), facts)


def load_network(path: Path) -> Keepsake:
    """Read it back; the pre-trained weights it started from are not needed any more."""
    tensors, facts = read(path, "network")
    with sealed_by_us(path):
        recipe = from_fields(facts["recipe"], where=str(path))
        classes = tuple(str(name) for name in facts["classes"])
        prepare = Preparation(**facts["prepare"])
    bare = recipe.model.model_copy(update={"weights": "none"})
    size, options = recipe.input.size, facts["options"]
    network = build(bare, len(classes), size, seed=recipe.seed, options=options)
    with sealed_by_us(path):
        network.load_state_dict(under(tensors, ""))
    network.eval()
    return Keepsake(recipe, classes, prepare, network)
