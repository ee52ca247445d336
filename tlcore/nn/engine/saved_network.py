"""Files of tensors and facts that can't run code and can't be changed unnoticed.

They are safetensors files. The header carries the facts as JSON and a SHA-256 over everything,
because a flipped bit in a safetensors file would otherwise load in silence.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tlcore.catalog.weight_files import fault_in_header
from tlcore.errors import CheckpointError
from tlcore.files import written_whole
from tlcore.nn.networks.build import build
from tlcore.nn.networks.network import Network
from tlcore.nn.preprocessing import Preparation
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_fields, to_fields


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


FORMAT = 1
_FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT))


def write(path: Path, kind: str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write one file, which appears whole or not at all."""
    plain = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    text = json.dumps({"format": FORMAT, "kind": kind, **facts})
    try:
        with written_whole(path) as draft:
            save_file(plain, draft, metadata={"thaw": text, "sha256": _digest(plain, text)})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"The file could not be saved: {_reason(error)}",
            where=str(path),
            remedy="Free some space; what was saved before still stands.",
        ) from None


def read(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write` wrote; refuse anything else, and anything changed since."""
    if fault := fault_in_header(path):
        raise unreadable(path, f"can't be read as a checkpoint: {fault}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise unreadable(path, f"can't be read as a checkpoint ({_reason(error)})") from None
    text = metadata.get("thaw", "")
    if not text:
        raise unreadable(path, "was not written by this lab")
    if metadata.get("sha256") != _digest(tensors, text):
        raise unreadable(path, "is damaged: its content is not what was saved")
    with sealed_by_us(path):
        facts = json.loads(text)
        found = (facts["kind"], facts["format"])
    if found != (kind, FORMAT):
        raise unreadable(path, f"is a {found[0]} of format {found[1]}, not a {kind} of {FORMAT}")
    return tensors, facts


@contextmanager
def sealed_by_us(path: Path) -> Iterator[None]:
    """Whatever surprises the reader of a file with a good seal: somebody else sealed it."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
        what = f"was not written by this lab, or by another version ({_reason(error)})"
        raise unreadable(path, what) from None


def under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names start with a prefix, without it."""
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def unreadable(path: Path, what: str) -> CheckpointError:
    """The one error for a file that can't be used."""
    remedy = "Use another checkpoint of the run, or start the run again."
    return CheckpointError(f"The file {what}", where=str(path), remedy=remedy)


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    total = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _reason(error: Exception) -> str:
    if any(sign in str(error) for sign in _FULL):
        return "the disk is full"
    lines = str(getattr(error, "strerror", None) or error).splitlines()
    return lines[0][:200] if lines else type(error).__name__
