"""Making the lab's own backbones: of what an ordinary run has kept, the backbone as weights.

The recipes are the presets `pretrain-...`; anybody can read them, change them and run them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from tlcore.analysis.intervals import Interval
from tlcore.files import written_whole
from tlcore.nn.engine.saved_network import load_network

LARGEST = 6_000_000
"""Bytes that a carried file may have: what would be larger is kept in half precision."""


def save_backbone(network: Path, path: Path, accuracy: Interval) -> None:
    """Write the backbone of a run alone, with a header that says what it is and how good.

    Args:
        network: What the run kept.
        path: Where the weights go.
        accuracy: The run's, on its test pictures.
    """
    kept = load_network(network)
    tensors = compact(kept.network.backbone.state_dict())
    facts = {
        "architecture": kept.recipe.model.backbone,
        "mean": json.dumps(kept.prepare.mean),
        "std": json.dumps(kept.prepare.std),
        "classes": json.dumps(kept.classes, ensure_ascii=False),
        "teacher": kept.recipe.distillation.teacher,
        "recipe": kept.recipe.id,
        "seed": str(kept.recipe.seed),
        "test_accuracy": f"{accuracy.value:.4f}",
        "test_accuracy_interval": f"[{accuracy.low:.4f}, {accuracy.high:.4f}]",
        "format": "pt",
    }
    with written_whole(path) as draft:
        save_file(tensors, draft, metadata=facts)


def compact(tensors: Mapping[str, Tensor], largest: int = LARGEST) -> dict[str, Tensor]:
    """The tensors as they are, or if that is too much the weights in half precision; the norms,
    which are small and sensitive, stay whole."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    if sum(tensor.nbytes for tensor in plain.values()) <= largest:
        return plain
    return {name: t.to(torch.float16) if t.dim() > 1 else t for name, t in plain.items()}
