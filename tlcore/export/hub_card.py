"""The page of a network on the hub: what machines read of it at the top, and the model card."""

from __future__ import annotations

from typing import Any

import yaml

from tlcore.catalog import canonical, lookup
from tlcore.export.licences import inherited, sources
from tlcore.report import RunStory

FILE = "README.md"


def hub_page(story: RunStory, card: str, *, for_timm: bool) -> str:
    """The card with its front matter.

    Args:
        story: Of the run.
        card: The model card.
        for_timm: Whether timm reads the folder; else only the ONNX file is there.
    """
    fields = yaml.safe_dump(front_matter(story, for_timm=for_timm), sort_keys=False)
    return f"---\n{fields}---\n\n{card}"


def front_matter(story: RunStory, *, for_timm: bool) -> dict[str, Any]:
    """What the hub finds a network by; figures are measured on the run's own test pictures."""
    recipe, found = story.recipe, story.test.accuracy
    licence = inherited(recipe)
    fields: dict[str, Any] = {"library_name": "timm"} if for_timm else {}
    fields |= {
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "onnx", "thaw", *(["timm"] if for_timm else [])],
        "license": licence,
    }
    if licence == "other":
        fields["license_name"] = "; ".join(dict.fromkeys(sources(recipe)))[:200]
    if recipe.data.name == "hub":
        fields["datasets"] = [recipe.data.repo]
    elif recipe.data.name in ("cifar10", "cifar100"):
        fields["datasets"] = [f"uoft-cs/{recipe.data.name}"]
    if base := _base(story):
        fields["base_model"] = base
    return fields | {"metrics": ["accuracy"], "model-index": [_measured(story, found.value)]}


def _base(story: RunStory) -> str:
    """Where the weights on the hub are that it began with."""
    model = story.recipe.model
    card = lookup(model.backbone)
    if model.weights != "pretrained" or card is None or not card.tag:
        return ""
    name = canonical(model.backbone)
    return f"timm/{name if '.' in name else f'{card.name}.{card.tag}'}"


def _measured(story: RunStory, accuracy: float) -> dict[str, Any]:
    data = story.recipe.data
    dataset = {"name": data.repo or data.name, "type": data.repo or data.name, "split": "test"}
    metric = {"type": "accuracy", "value": round(accuracy, 4), "verified": False}
    task = {"type": "image-classification"}
    return {
        "name": story.name,
        "results": [{"task": task, "dataset": dataset, "metrics": [metric]}],
    }
