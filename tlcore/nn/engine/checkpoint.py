"""Saving a run so that it goes on with the same numbers.

A state holds the network, the best network so far, the optimiser, the scaler and where the run
stands. Chance needs no place in it: see `tlcore.nn.seeding`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from tlcore.errors import CheckpointError
from tlcore.events import EpochDone
from tlcore.nn.engine.optimise import newly_spared
from tlcore.nn.engine.progress import Progress, Sums
from tlcore.nn.engine.saved_network import read, sealed_by_us, under, write
from tlcore.nn.networks.network import Network
from tlcore.recipe import Recipe
from tlcore.recipe.text import to_fields


def save_state(
    path: Path,
    recipe: Recipe,
    fingerprint: str,
    network: Network,
    optimiser: Optimizer,
    scaler: torch.amp.GradScaler,
    progress: Progress,
) -> None:
    """Write everything that going on needs."""
    tensors = {f"network.{name}": t for name, t in network.state_dict().items()}
    tensors |= {f"best.{name}": t for name, t in progress.best.items()}
    tensors |= _optimiser_tensors(optimiser)
    facts = {
        "recipe": to_fields(recipe),
        "recipe_id": recipe.id,
        "fingerprint": fingerprint,
        "scaler": scaler.state_dict(),
        "epoch": progress.epoch,
        "step": progress.step,
        "sums": asdict(progress.sums),
        "history": [asdict(epoch) for epoch in progress.history],
        "parts": progress.parts,
        "stakes": progress.stakes,
        "judged_in": progress.judged_in,
        "seconds": progress.seconds_now,
    }
    write(path, "state", tensors, facts)


def load_state(
    path: Path,
    recipe: Recipe,
    fingerprint: str,
    network: Network,
    optimiser: Optimizer,
    scaler: torch.amp.GradScaler,
) -> Progress:
    """Read it back into the same network and optimiser; recipe and pictures must be the same."""
    tensors, facts = read(path, "state")
    with sealed_by_us(path):
        _must_match(path, facts, recipe, fingerprint)
        version = int(facts["recipe"]["version"])
        if version == 1 and newly_spared(network):
            raise CheckpointError(
                "An earlier version saved the checkpoint and let other parts of this network decay",
                where=str(path),
                remedy="Start the run again.",
            )
        network.load_state_dict(under(tensors, "network."))
        _load_optimiser(optimiser, under(tensors, "optimiser."))
        if facts["scaler"]:
            scaler.load_state_dict(facts["scaler"])
        return Progress(
            epoch=facts["epoch"],
            step=facts["step"],
            sums=Sums(**facts["sums"]),
            history=[EpochDone(**epoch) for epoch in facts["history"]],
            parts=facts["parts"],
            stakes=facts.get("stakes", []),
            judged_in=facts.get("judged_in", ""),
            version=version,
            seconds_before=facts["seconds"],
            best=under(tensors, "best."),
        )


def _must_match(path: Path, facts: Mapping[str, Any], recipe: Recipe, fingerprint: str) -> None:
    if facts["recipe_id"] != recipe.id:
        raise CheckpointError(
            "The checkpoint belongs to another recipe",
            where=str(path),
            remedy="Resume with the recipe of that run, or start a new run.",
        )
    if facts["fingerprint"] != fingerprint:
        raise CheckpointError(
            "The pictures have changed since the checkpoint was saved",
            where=str(path),
            remedy="Put the data back as it was, or start a new run on the new data.",
        )


def _optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """The optimiser's state by place; all that these optimisers remember are tensors."""
    return {
        f"optimiser.{place}.{name}": value
        for place, values in optimiser.state_dict()["state"].items()
        for name, value in values.items()
        if value is not None
    }


def _load_optimiser(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    places = [p for group in optimiser.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        place, name = key.split(".", 1)
        parameter = places[int(place)]
        if tensor.shape == parameter.shape:
            # the parameter's own memory layout, or later steps could round differently
            tensor = torch.empty_like(parameter, dtype=tensor.dtype).copy_(tensor)
        state.setdefault(int(place), {})[name] = tensor
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
