"""A run's network as a folder that timm reads, for whoever goes on in Python:
`timm.create_model("local-dir:timm", pretrained=True)`.

Only networks of timm with a linear head can be had so. It is given away only if timm, reading the
folder, answers as the lab does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from timm.data.config import resolve_data_config
from timm.data.transforms_factory import create_transform
from torch import nn

from tlcore import catalog
from tlcore.data.pictures import Pictures
from tlcore.errors import ThawError
from tlcore.export.facts import TimmParity
from tlcore.nn.engine.saved_network import Keepsake

FOLDER, CONFIG, WEIGHTS = "timm", "config.json", "model.safetensors"
_CROPS = {"crop": "center", "squash": "squash", "pad": "border"}


def why_not(kept: Keepsake) -> str:
    """Why timm has no network like this; empty if it has."""
    name = _name(kept)
    if not timm.is_model(name):
        return f"timm has no network {name}"
    if timm.models.is_model_in_modules(name, ["vgg"]):
        return "the lab leaves out the dense layers of a VGG, and timm wants them"
    if kept.recipe.model.head.hidden:
        return "its head has hidden layers, and timm's is linear"
    return ""


def write_timm(kept: Keepsake, folder: Path, *, licence: str) -> None:
    """Write `config.json` and `model.safetensors`.

    Args:
        kept: The network; see `why_not`.
        folder: An empty folder.
        licence: Of what it was made from.

    Raises:
        ThawError: timm's network of this name is built in another way.
    """
    model = _filled(kept)
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    config = json.dumps(_config(kept, model, licence), indent=2)
    (folder / CONFIG).write_bytes(config.encode("utf-8", "backslashreplace"))


def compare(kept: Keepsake, folder: Path, pictures: Pictures) -> TimmParity:
    """Hold what timm makes of the folder against the lab's own: its numbers for the very same
    input, and its answers for the pictures that it prepares itself."""
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    told = resolve_data_config({}, model=model)  # type: ignore[no-untyped-call]
    transform = create_transform(**told, is_training=False)
    largest, different = 0.0, 0
    with torch.inference_mode():
        for start in range(0, len(pictures), 64):
            pixels = np.array(pictures.pixels[start : start + 64])
            same = kept.prepare(torch.from_numpy(pixels))
            ours = kept.network.float()(same)
            largest = max(largest, float((ours - model(same)).abs().max()))
            theirs = model(torch.stack([transform(Image.fromarray(each)) for each in pixels]))
            different += int((ours.argmax(1) != theirs.argmax(1)).sum())
    return TimmParity(len(pictures), largest, different)


def refuse_unless_alike(found: TimmParity) -> None:
    """Raises:
    ThawError: timm answers differently, by more than rounding.
    """
    if not found.holds:
        raise ThawError(
            f"timm doesn't answer as the lab does, so its folder is not given away. {found.words}",
            remedy="Take the ONNX file, which is checked by itself.",
        )


def _name(kept: Keepsake) -> str:
    return catalog.canonical(kept.recipe.model.backbone).partition(".")[0]


def _arguments(kept: Keepsake) -> dict[str, Any]:
    """How timm has to build it, beside its name."""
    known = timm.models.get_pretrained_cfg(_name(kept))
    fixed = known is not None and known.fixed_input_size
    size = {"img_size": kept.prepare.size} if fixed else {}
    return {**kept.network.options, **size}


def _filled(kept: Keepsake) -> nn.Module:
    """timm's network with the lab's numbers in it."""
    model: nn.Module = timm.create_model(
        _name(kept), num_classes=len(kept.classes), **_arguments(kept)
    )
    head, own = model.get_classifier(), kept.network.head.get_submodule("classifier")  # type: ignore[operator]
    place = next((name for name, module in model.named_modules() if module is head), "")
    tensors = {**kept.network.backbone.state_dict(),
               f"{place}.weight": own.weight, f"{place}.bias": own.bias}  # fmt: skip
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()[:150]
        raise ThawError(
            f"timm's {_name(kept)} is built in another way: {reason}",
            remedy="Take the ONNX file, which is checked by itself.",
        ) from None
    return model.eval()


def _config(kept: Keepsake, model: nn.Module, licence: str) -> dict[str, Any]:
    """As timm writes it, but for what the source's weights would say of themselves."""
    size, arguments = kept.prepare.size, _arguments(kept)
    return {
        "architecture": _name(kept),
        "num_classes": len(kept.classes),
        "num_features": int(model.num_features),  # type: ignore[arg-type]
        "label_names": list(kept.classes),
        "model_args": {k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()},
        "pretrained_cfg": {
            "tag": "thaw",
            "custom_load": False,
            "input_size": [3, size, size],
            "fixed_input_size": "img_size" in arguments,
            "interpolation": kept.prepare.interpolation,
            "crop_pct": 1.0,
            "crop_mode": _CROPS[kept.recipe.input.fit],
            "mean": list(kept.prepare.mean),
            "std": list(kept.prepare.std),
            "num_classes": len(kept.classes),
            "license": licence,
            "first_conv": None,
            "classifier": None,
        },
    }
