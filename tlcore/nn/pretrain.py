"""Making the lab's own backbones: an ordinary run whose backbone is kept as weights.

The recipes are the presets `pretrain-...`; anybody can read them, change them and run them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors.torch import save_file

from tlcore import paths
from tlcore.events import Event, Tested
from tlcore.files import written_whole
from tlcore.nn.engine import train
from tlcore.nn.engine.keepsake import load_network
from tlcore.presets import find
from tlcore.recipe import Recipe


def pretrain(name: str, *, recipe: Recipe | None = None) -> Iterator[Event]:
    """Train a backbone from scratch and save it where `weights: pretrained` will find it.

    Args:
        name: Of the backbone, such as `pebble-shapes`.
        recipe: Another one than the preset's, for a quick try.
    """
    for event in train(recipe or find(f"pretrain-{name}").recipe):
        if isinstance(event, Tested):
            save_backbone(paths.home() / "weights" / f"{name}.safetensors", event)
        yield event


def save_backbone(path: Path, tested: Tested) -> None:
    """Write the backbone alone, with a header that says what it is and how good."""
    with TemporaryDirectory() as folder:
        tested.save(Path(folder) / "network.safetensors")
        kept = load_network(Path(folder) / "network.safetensors")
    backbone = kept.network.backbone.state_dict()
    accuracy = tested.report.accuracy
    facts = {
        "architecture": kept.recipe.model.backbone,
        "mean": json.dumps(kept.prepare.mean),
        "std": json.dumps(kept.prepare.std),
        "classes": json.dumps(kept.classes, ensure_ascii=False),
        "recipe": kept.recipe.id,
        "seed": str(kept.recipe.seed),
        "test_accuracy": f"{accuracy.value:.4f}",
        "test_accuracy_interval": f"[{accuracy.low:.4f}, {accuracy.high:.4f}]",
        "format": "pt",
    }
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in backbone.items()}
    with written_whole(path) as draft:
        save_file(plain, draft, metadata=facts)
