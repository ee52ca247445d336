"""Pre-trained weights: finding them, and loading them into a network."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import timm
from timm.models import PretrainedCfg
from torch import Tensor, nn

from tlcore import catalog, paths
from tlcore.catalog.weight_files import hub_cache, in_hub_cache, named
from tlcore.errors import WeightsError, WeightsMissing
from tlcore.nn.networks.network import Network, Triple
from tlcore.nn.networks.weight_reader import damaged, read_metadata, read_weights
from tlcore.recipe import Model

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


def known_weights(name: str) -> PretrainedCfg | None:
    """What timm knows of the weights of a network, by its name and tag, or its name alone."""
    try:
        return timm.models.get_pretrained_cfg(name)
    except RuntimeError:  # another tag than timm's
        return None


def repository_of(name: str) -> str:
    """Where on the hub the weights are; empty where timm knows of none in a readable format."""
    known = known_weights(name)
    if known is None or not known.hf_hub_id or known.custom_load or known.hf_hub_filename:
        return ""
    return str(known.hf_hub_id)


_NO_OPTIONS = ("", "{}", "null", "None")
_SEPARATORS = re.compile(r"[\[\](),;\s]+")


@dataclass(frozen=True)
class Source:
    """Where a network's weights come from, and what has to be known before it is built.

    Attributes:
        path: The file.
        options: For timm, beside the network's name: padding and such, which no shape shows.
        trained_with: Mean and deviation; None where nobody says.
        assumed: The file says no such thing, and its backbone's usual ones were taken.
    """

    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    trained_with: tuple[Triple, Triple] | None = None
    assumed: bool = False

    @property
    def note(self) -> str:
        """What a person should know of the mean and deviation; nothing where the file says them."""
        if self.trained_with is None:
            return (
                f"{self.path.name} doesn't say with which mean and deviation of colours it was "
                "trained, and nothing is known of its backbone: the training pictures' own count."
            )
        if self.assumed:
            mean, std = (" ".join(f"{value:g}" for value in each) for each in self.trained_with)
            return (
                f"{self.path.name} doesn't say with which mean and deviation of colours it was "
                f"trained: those usual for its backbone count (mean {mean}, deviation {std})."
            )
        return ""


def source_for(model: Model) -> Source | None:
    """The weights that a network starts from; None where it starts from scratch.

    Raises:
        WeightsMissing: There are none on this machine, and none to be had.
        WeightsError: There is a file, and it is not what it should be.
    """
    if model.weights == "none":
        return None
    path = find(model.backbone) if model.weights == "pretrained" else named(model.weights)
    metadata = _plain(read_metadata(path), path)
    options = _options(metadata, path)
    if told := _trained_with(metadata, path):
        return Source(path, options, told)
    return Source(path, options, _usual(model.backbone), assumed=True)


def find(name: str) -> Path:
    """The file of pre-trained weights of a backbone, on this machine: in the folders for weights,
    or among what was got from the hub. A run asks nobody for it.

    Raises:
        WeightsMissing: With all places that were looked in, and what can be done.
    """
    if path := catalog.here(name):
        return path
    name = catalog.canonical(name)
    repository = repository_of(name)
    if repository and (path := in_hub_cache(repository)):
        return path
    raise _missing(name, repository)


def load_into(network: Network, path: Path) -> None:
    """Put a file's weights into the backbone: all that it needs, and nothing but the old
    classifier left over.

    Raises:
        WeightsError: The file is damaged or differs; the error lists how.
    """
    file = read_weights(path)
    tensors = fit(file.tensors, network.backbone)
    if differing := differences(tensors, network.backbone):
        made_for = file.metadata.get("architecture", "")[:100]
        says = f" (made for {made_for})" if made_for else ""
        raise WeightsError(
            f"{path}{says} does not fit the backbone:\n{differing}",
            remedy="Choose the backbone that the file was made for, or another file.",
        )
    wanted = network.backbone.state_dict()
    network.backbone.load_state_dict({name: tensors.get(name, wanted[name]) for name in wanted})


def _plain(metadata: Mapping[str, str], path: Path) -> Mapping[str, str]:
    """A network that a run of ours left behind says the same things in its own way."""
    if "thaw" not in metadata:
        return metadata
    try:
        facts = json.loads(metadata["thaw"])
        options = ", ".join(f"{name}={value!r}" for name, value in facts["options"].items())
        told = {name: json.dumps(facts["prepare"][name]) for name in ("mean", "std")}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise damaged(path, "it is no network that a run left behind") from None
    return {**told, "create_kwargs": options}


def _options(metadata: Mapping[str, str], path: Path) -> dict[str, Any]:
    """Read `create_kwargs`, such as `pad_type='same', bn_eps=1e-3, num_classes=0 (no head)`.

    Only what makes a network of the same shapes compute differently is taken up; how many
    classes there were does not matter, and anything else is refused.
    """
    options: dict[str, Any] = {}
    told = re.sub(r"\(.*?\)", "", metadata.get("create_kwargs", "")).strip()
    for part in () if told in _NO_OPTIONS else told.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name == "pad_type" and value == "'same'":
            options[name] = "same"
        elif name == "bn_eps" and re.fullmatch(r"\d(\.\d+)?e-\d|0\.0\d+", value):
            options[name] = float(value)
        elif name not in ("", "num_classes"):
            raise damaged(path, f"it asks for a network built with {part.strip()[:60]}")
    return options


def _trained_with(metadata: Mapping[str, str], path: Path) -> tuple[Triple, Triple] | None:
    """What the file says, or else what timm knows of weights by the file's or its folder's name."""
    if "mean" in metadata and "std" in metadata:
        return _triple(metadata["mean"], path), _triple(metadata["std"], path, least=0.0)
    folders = [part.rpartition("--")[2] for part in path.parts if part.startswith("models--")]
    return next((k for name in (path.stem, *folders) if (k := _known(name))), None)


def _usual(backbone: str) -> tuple[Triple, Triple] | None:
    """What the backbone's pre-trained weights are known to expect, whoever trained these."""
    card = catalog.lookup(backbone)
    return card.trained_with if card else _known(backbone)


def _known(name: str) -> tuple[Triple, Triple] | None:
    """What timm knows of weights by this name; of pictures in grey it is no use here."""
    known = known_weights(name)
    if known is None or len(known.mean) != 3:
        return None
    (r, g, b), (spread_r, spread_g, spread_b) = known.mean, known.std
    return (r, g, b), (spread_r, spread_g, spread_b)


def _triple(text: str, path: Path, *, least: float = -1000.0) -> Triple:
    """Three numbers, as a list (`[0.5, 0.5, 0.5]`) or as people write them (`0.5 0.5 0.5`)."""
    try:
        red, green, blue = (float(value) for value in _SEPARATORS.sub(" ", text[:1000]).split())
    except ValueError:
        raise damaged(path, f"{text[:60]} is no mean or deviation of three channels") from None
    if not all(math.isfinite(value) and least < value < 1000 for value in (red, green, blue)):
        raise damaged(path, f"{text[:60]} is no mean or deviation of colours")
    return red, green, blue


def _missing(name: str, repository: str) -> WeightsMissing:
    card = catalog.lookup(name)
    places = [str(folder) for folder in paths.weight_folders()]
    if repository:
        places.append(f"what was got from the hub ({hub_cache()})")
    return WeightsMissing(
        f"The pre-trained weights of {card.title if card else name} are nowhere to be found. "
        f"Looked in {', '.join(places)}",
        where="model.weights",
        remedy=_remedy(name, repository, own=card is not None and card.kind == "own"),
    )


def _remedy(name: str, repository: str, *, own: bool) -> str:
    if own:
        return f"Make them: python -m tlcore pretrain {name}"
    others = [card.title for card in catalog.CARDS if card.name != name and catalog.here(card.name)]
    ways = [f"Get them: python -m tlcore get {repository}"] if repository else []
    ways.append(f"Put {name}.safetensors into {paths.home() / 'weights'}")
    if others:
        ways.append(f"choose a backbone whose weights are here ({', '.join(others)})")
    return "; or ".join((*ways, "set model.weights to none and train from scratch")) + "."
