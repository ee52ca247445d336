"""Putting a file's tensors into a backbone that they fit exactly, or saying how they differ."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from torch import Tensor, nn

CLASSIFIERS = ("fc.", "classifier.", "head.", "head_dist.", "pre_logits.", "AuxLogits.")
"""What may be left over in a file: the old classifier, under the names it goes by."""


def fit(tensors: Mapping[str, Tensor], backbone: nn.Module) -> dict[str, Tensor]:
    """The tensors under the backbone's names: as they are, or as timm translates them.

    A network of ours calls its backbone so, which is left off. timm's translators know older
    names of the same weights, and resample what depends on the size of the pictures; a file
    that they can't make sense of is judged as it is.
    """
    plain = {name.removeprefix("backbone."): tensor for name, tensor in tensors.items()}
    translate = getattr(sys.modules[type(backbone).__module__], "checkpoint_filter_fn", None)
    if translate is None or not differences(plain, backbone):
        return plain
    try:
        return dict(translate(dict(plain), backbone))
    except Exception:  # noqa: BLE001 - it takes any name and shape for granted
        return plain


def differences(tensors: Mapping[str, Tensor], backbone: nn.Module) -> str:
    """What is missing, left over or of another shape, a line each; empty where all fits."""
    wanted = backbone.state_dict()
    missing = [n for n in wanted if n not in tensors and not n.endswith("num_batches_tracked")]
    unexpected = [n for n in tensors if n not in wanted and not n.startswith(CLASSIFIERS)]
    other = [
        f"{name} is {_shown(tensor)}, not {_shown(wanted[name])}"
        for name, tensor in tensors.items()
        if name in wanted and not _alike(tensor, wanted[name])
    ]
    found = {"missing": missing, "unexpected": unexpected, "other": other}
    return "\n".join(_listed(title, names) for title, names in found.items() if names)


def _alike(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and one.is_floating_point() == other.is_floating_point()


def _shown(tensor: Tensor) -> str:
    shape = "x".join(str(side) for side in tensor.shape) or "one number"
    return shape if tensor.is_floating_point() else f"{shape} {str(tensor.dtype)[6:]}"


def _listed(title: str, names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"  {title}: {', '.join(names[:3])}{more}"
