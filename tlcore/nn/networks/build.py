"""Building the network that a recipe asks for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from functools import partial
from typing import Any

import timm
import torch
from timm.models.efficientnet import _gen_mobilenet_v1
from torch import Tensor, nn

from tlcore import catalog
from tlcore.errors import Problem, RecipeError, WeightsError
from tlcore.nn.networks.network import Network
from tlcore.nn.networks.own import PEBBLES, SCRATCH, SqueezeNet
from tlcore.nn.networks.stages import find_cut
from tlcore.nn.networks.weights import load_into, source_for
from tlcore.nn.seeding import seed_for
from tlcore.recipe import Head, Model

CLASSIFIER_SPREAD = 0.01
"""So small that a fresh head says about the same of every class: training starts at the loss
of a guess. (timm's own start for MobileNetV2 with ten classes is a loss of 7.5 against 2.3.)"""


def build_head(head: Head, features: int, classes: int) -> nn.Sequential:
    """Each hidden layer is dropout, dense, ReLU and, if asked for, batch norm; then dropout, dense.

    >>> head = build_head(Head(hidden=(256,), batchnorm=True), features=1280, classes=100)
    >>> sum(parameter.numel() for parameter in head.parameters())
    354148
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, width in enumerate(head.hidden, start=1):
        layers[f"dropout{number}"] = nn.Dropout(head.dropout)
        layers[f"dense{number}"] = _hidden(features, width)
        layers[f"relu{number}"] = nn.ReLU()
        if head.batchnorm:
            layers[f"norm{number}"] = nn.BatchNorm1d(width)
        features = width
    final = head.dropout if head.final_dropout is None else head.final_dropout
    layers["dropout"] = nn.Dropout(final)
    layers["classifier"] = _classifier(features, classes)
    return nn.Sequential(layers)


def _hidden(features: int, width: int) -> nn.Linear:
    """He's initialisation: a ReLU follows."""
    dense = nn.Linear(features, width)
    nn.init.kaiming_normal_(dense.weight, nonlinearity="relu")
    nn.init.zeros_(dense.bias)
    return dense


def _classifier(features: int, classes: int) -> nn.Linear:
    dense = nn.Linear(features, classes)
    nn.init.normal_(dense.weight, std=CLASSIFIER_SPREAD)
    nn.init.zeros_(dense.bias)
    return dense


_OURS: dict[str, Callable[[], nn.Module]] = {**SCRATCH, **PEBBLES, "squeezenet1_1": SqueezeNet}
_MISFITS = (RuntimeError, ValueError, TypeError, AssertionError, IndexError, ZeroDivisionError)
"""What networks raise on pictures of a size they were not made for."""


def build(
    model: Model, classes: int, size: int, *, seed: int, options: Mapping[str, Any] | None = None
) -> Network:
    """The network of a recipe, with its pre-trained weights where it asks for them.

    What starts at random is a function of the seed alone, and the global generator is left as
    it was.

    Args:
        options: `Network.options` of an earlier build, to build the same without its weights.

    Raises:
        RecipeError: There is no such backbone, or it can't do what the recipe asks of it.
        WeightsError: The weights are missing or don't fit.
    """
    catalog.check(model, size)
    name = _known(model.backbone)
    source = source_for(model)
    options = _checked(source.options if source else options or {})
    with _chance(seed, "backbone"):
        backbone = _build_backbone(name, size, model.drop_path, options).eval()
    picture = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    features = _try_out(name, backbone, picture).shape[1]
    cut, exact = find_cut(backbone, picture)
    with _chance(seed, "head"):
        head = build_head(model.head, features, classes)
    known, note = (source.trained_with, source.note) if source else (None, "")
    network = Network(
        backbone, head, cut, exact=exact, trained_with=known, options=options, note=note
    )
    if source:
        load_into(network, source.path)
    return network.train()


def _known(name: str) -> str:
    """The name without an alias or a tag; only exact names, since timm would follow others to
    folders and repositories."""
    plain = catalog.canonical(name).partition(".")[0]
    if plain in _OURS or plain == "mobilenetv1_025" or timm.is_model(plain):
        return plain
    names = [*(card.name for card in catalog.CARDS), *timm.list_models()]
    near = get_close_matches(plain.lower().replace("-", "_"), names, n=1)
    rule = "is no backbone of the catalogue and no network of timm"
    raise RecipeError([Problem("model.backbone", repr(name), rule, *near)])


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Only what weights may ask for: timm would take anything, even files to load."""
    if unknown := sorted(set(options) - {"pad_type", "bn_eps"}):
        raise WeightsError(
            f"The weights ask for a network built with {unknown[0]}, which is not allowed",
            where="model.weights",
            remedy="Use another file.",
        )
    return dict(options)


def _build_backbone(
    name: str, size: int, drop_path: float, options: Mapping[str, Any]
) -> nn.Module:
    dials = {**options, **({"drop_path_rate": drop_path} if drop_path else {})}
    make = _OURS.get(name) or partial(_build_timm, name, size)
    try:
        return make(**dials)
    except TypeError as error:
        unknown = next((dial for dial in dials if repr(dial) in str(error)), "")
        if unknown == "drop_path_rate":
            rule = f"must be 0 for {name}, which has no branches to leave out"
            raise RecipeError([Problem("model.drop_path", str(drop_path), rule)]) from None
        if unknown:
            raise WeightsError(
                f"The weights were made for another network than {name}: they ask for {unknown}",
                where="model.weights",
                remedy="Choose the backbone that the file was made for, or another file.",
            ) from None
        raise


def _build_timm(name: str, size: int, **dials: Any) -> nn.Module:
    """timm's network without its classifier."""
    if name == "mobilenetv1_025":
        return _narrow_mobilenet(**dials)
    known = timm.models.get_pretrained_cfg(name)
    if known is not None and known.fixed_input_size:
        dials["img_size"] = size
    if timm.models.is_model_in_modules(name, ["vgg"]):
        return _build_vgg(name, **dials)
    return timm.create_model(name, num_classes=0, **dials)


def _build_vgg(name: str, **dials: Any) -> nn.Module:
    """What transfers of a VGG are its convolutions, pooled; its dense layers are a classifier.

    They are made tiny before they go: a hundred million numbers take a second to draw.
    """
    vgg = timm.create_model(name, num_classes=0, mlp_ratio=0.001, **dials)
    vgg.pre_logits = nn.Identity()
    return vgg


def _narrow_mobilenet(**dials: Any) -> nn.Module:
    """timm has the maker of MobileNets, but no name for the one a quarter as wide."""
    make: Callable[..., nn.Module] = partial(_gen_mobilenet_v1, "mobilenetv1_100", 0.25)
    return make(num_classes=0, **dials)


def _try_out(name: str, backbone: nn.Module, picture: Tensor) -> Tensor:
    """Features of one picture; networks say by failing what sizes they can't take."""
    size = picture.shape[-1]
    problem = ""
    patch = getattr(getattr(backbone, "patch_embed", None), "patch_size", (1, 1))[0]
    try:
        with torch.no_grad():
            features: Tensor = backbone(picture)
    except _MISFITS as error:
        problem = f"is a size that {name} can't take ({str(error).partition(chr(10))[0][:120]})"
    else:
        if size % patch:
            problem = f"must be a multiple of {patch} for {name}, or its edges go unseen"
        elif features.dim() != 2:
            problem = f"can't be used: {name} gives no flat features"
    if problem:
        raise RecipeError([Problem("input.size", str(size), problem)])
    return features


@contextmanager
def _chance(seed: int, part: str) -> Iterator[None]:
    """Seed what draws from torch's global generator, and put that back afterwards."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed_for(seed, part))
    try:
        yield
    finally:
        torch.set_rng_state(before)
