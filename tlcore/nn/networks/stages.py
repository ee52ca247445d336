"""Cutting a backbone into stages that run one after another.

Frozen leading stages need to run only once a picture, so a network has to be cut where nothing
but one tensor passes. timm's families are cut here by hand, each cut is tried on a picture
before it is believed, and a backbone that resists stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from timm.models import group_parameters
from torch import Tensor, nn

from tlcore.schedule.outline import NORMS

Step = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Stage:
    """One block of a backbone.

    Attributes:
        name: The block's name.
        run: From the activations before it to those after it; the last gives flat features.
        parameters: Names, within the backbone, of the parameters that belong to it.
    """

    name: str
    run: Step
    parameters: tuple[str, ...]


Cut = Callable[[Any], tuple[Stage, ...]]
"""From a backbone, whose parts are found by name, to its stages."""


def find_cut(backbone: nn.Module, picture: Tensor) -> tuple[Cut, bool]:
    """How to cut this backbone, and whether its stages were seen to run one after another.

    The cut of each family that has the same parts is tried on `picture`, in evaluation mode:
    its stages must give, bit for bit, what the backbone gives.
    """
    fitting = (cut for cut, parts in _FAMILIES if all(hasattr(backbone, part) for part in parts))
    for cut in fitting if not isinstance(backbone, nn.Sequential) else (_children,):
        joined = partial(_cut_and_join, cut)
        if _is_exact(joined, backbone, picture):
            return joined, True
    return keep_whole, False


def keep_whole(backbone: nn.Module) -> tuple[Stage, ...]:
    """Blocks to freeze by, all of which run in the last one: the backbone can't be cut.

    The blocks are timm's own groups. A norm that stands alone at the end belongs to the block
    before it.
    """
    groups = _groups(backbone)
    titles = _titles(groups)
    if len(groups) > 1 and _only_norms(backbone, groups[-1]):
        groups[-2:], titles = [groups[-2] + groups[-1]], titles[:-1]
    runs: list[Step] = [*[_unchanged] * (len(groups) - 1), backbone]
    return tuple(
        Stage(title, run, tuple(names))
        for title, run, names in zip(titles, runs, groups, strict=True)
    )


def _is_exact(cut: Cut, backbone: nn.Module, picture: Tensor) -> bool:
    """Whether the stages own every parameter once, change no input and give the same features."""
    try:
        stages = cut(backbone)
        owned = sorted(name for stage in stages for name in stage.parameters)
        if owned != sorted(name for name, _ in backbone.named_parameters()):
            return False
        with torch.no_grad():
            features = backbone(picture)
            activations = picture
            for stage in stages:
                entered, version = activations, activations._version
                activations = stage.run(entered)
                if entered._version != version:
                    return False
    except (AttributeError, TypeError, ValueError, RuntimeError, IndexError, AssertionError):
        return False
    return activations.dim() == 2 and torch.equal(activations, features)


def _resnet(net: Any) -> tuple[Stage, ...]:
    return (
        _stage(net, "stem", "conv1 bn1 act1 maxpool"),
        *(_stage(net, f"layer{number}", f"layer{number}") for number in (1, 2, 3)),
        _stage(net, "layer4", "layer4", net.layer4, _pooled(net)),
    )


def _vgg(net: Any) -> tuple[Stage, ...]:
    """VGG and SqueezeNet: a block ends with its pooling."""
    groups: list[list[str]] = [[]]
    for number, layer in enumerate(net.features):
        groups[-1].append(f"features.{number}")
        if isinstance(layer, nn.MaxPool2d):
            groups.append([])
    *before, last = [" ".join(group) for group in groups if group]
    return (
        *(_stage(net, f"block{number}", parts) for number, parts in enumerate(before, start=1)),
        _stage(net, f"block{len(before) + 1}", last, *_modules(net, last), _pooled(net)),
    )


def _inception(net: Any) -> tuple[Stage, ...]:
    last = "Mixed_7a Mixed_7b Mixed_7c"
    return (
        _stage(net, "stem", "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 Pool1"),
        _stage(net, "conv", "Conv2d_3b_1x1 Conv2d_4a_3x3 Pool2"),
        _stage(net, "mixed5", "Mixed_5b Mixed_5c Mixed_5d"),
        _stage(net, "mixed6", "Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e"),
        _stage(net, "mixed7", last, *_modules(net, last), _pooled(net)),
    )


def _efficientnet(net: Any) -> tuple[Stage, ...]:
    """EfficientNets, MobileNets V1 and V2, MnasNets."""
    return (
        _stage(net, "stem", "conv_stem bn1"),
        *(_stage(net, f"blocks.{number}", f"blocks.{number}") for number in range(len(net.blocks))),
        _stage(net, "conv_head", "conv_head bn2", net.conv_head, net.bn2, _pooled(net)),
    )


def _mobilenet_v3(net: Any) -> tuple[Stage, ...]:
    """Their last convolution comes after the pooling."""
    return (
        _stage(net, "stem", "conv_stem bn1"),
        *(_stage(net, f"blocks.{number}", f"blocks.{number}") for number in range(len(net.blocks))),
        _stage(net, "conv_head", "conv_head norm_head", _pooled(net)),
    )


def _stem_and_stages(net: Any) -> tuple[Stage, ...]:
    """ConvNeXt, and what is built like it."""
    last = f"stages.{len(net.stages) - 1}"
    between = [getattr(net, name) for name in ("norm_pre", "final_conv") if hasattr(net, name)]
    return (
        _stage(net, "stem", "stem"),
        *(_stage(net, f"stages.{n}", f"stages.{n}") for n in range(len(net.stages) - 1)),
        _stage(
            net, last, f"{last} norm_pre final_conv head", net.stages[-1], *between, _pooled(net)
        ),
    )


def _vision_transformer(net: Any) -> tuple[Stage, ...]:
    def embed(pictures: Tensor) -> Tensor:
        tokens: Tensor = net.norm_pre(net.patch_drop(net._pos_embed(net.patch_embed(pictures))))
        return tokens

    last = f"blocks.{len(net.blocks) - 1}"
    return (
        _stage(net, "stem", "cls_token reg_token pos_embed patch_embed norm_pre", embed),
        *(_stage(net, f"blocks.{n}", f"blocks.{n}") for n in range(len(net.blocks) - 1)),
        _stage(net, last, f"{last} norm attn_pool fc_norm", net.blocks[-1], net.norm, _pooled(net)),
    )


def _children(net: Any) -> tuple[Stage, ...]:
    """The house's own networks: one child, one block."""
    return tuple(_stage(net, name, name) for name, _ in net.named_children())


_FAMILIES: list[tuple[Cut, tuple[str, ...]]] = [
    (_resnet, ("conv1", "layer4", "global_pool")),
    (_vgg, ("features", "forward_head")),
    (_inception, ("Conv2d_1a_3x3", "Mixed_7c")),
    (_efficientnet, ("conv_stem", "blocks", "conv_head", "bn2")),
    (_mobilenet_v3, ("conv_stem", "blocks", "conv_head", "norm_head")),
    (_stem_and_stages, ("stem", "stages")),
    (_vision_transformer, ("patch_embed", "blocks", "norm_pre")),
]
"""Each cut, and the parts by which its family is known."""


def _stage(net: Any, name: str, parts: str, *steps: Step) -> Stage:
    """A stage that owns `parts` (modules or parameters) and, without `steps`, runs them."""
    owned = tuple(
        parameter
        for parameter, _ in net.named_parameters()
        if any(parameter == part or parameter.startswith(f"{part}.") for part in parts.split())
    )
    return Stage(name, partial(_run, steps or _modules(net, parts)), owned)


def _modules(net: Any, parts: str) -> tuple[nn.Module, ...]:
    return tuple(net.get_submodule(part) for part in parts.split())


def _run(steps: tuple[Step, ...], activations: Tensor) -> Tensor:
    for step in steps:
        activations = step(activations)
    return activations


def _pooled(net: Any) -> Step:
    """timm's own way from the last activations to flat features."""
    return partial(net.forward_head, pre_logits=True)


def _unchanged(activations: Tensor) -> Tensor:
    return activations


def _cut_and_join(cut: Cut, net: Any) -> tuple[Stage, ...]:
    """A stage without parameters, such as pooling, is no block: it joins the one before it."""
    first, *others = cut(net)
    joined = [first]
    for stage in others:
        if stage.parameters:
            joined.append(stage)
        else:
            before = joined.pop()
            run = partial(_run, (before.run, stage.run))
            joined.append(Stage(before.name, run, before.parameters))
    return tuple(joined)


def _groups(backbone: Any) -> list[list[str]]:
    """Parameter names in timm's coarse groups; one group where timm knows none."""
    if not hasattr(backbone, "group_matcher"):
        return [[name for name, _ in backbone.named_parameters()]]
    groups = group_parameters(backbone, backbone.group_matcher(coarse=True))
    return [list(names) for names in groups.values()]


def _only_norms(backbone: nn.Module, names: list[str]) -> bool:
    kinds = (type(backbone.get_submodule(name.rpartition(".")[0])).__name__ for name in names)
    return all(any(norm in kind for norm in NORMS) for kind in kinds)


def _titles(groups: list[list[str]]) -> list[str]:
    """Name each group by where its first parameter is: the path up to a number."""
    titles = ["stem"]
    for place, (first, *_) in enumerate(groups[1:], start=1):
        path = first.rpartition(".")[0]
        numbered = re.match(r"[^\d]*\d+(?=\.|$)", path)
        title = numbered.group() if numbered else path
        titles.append(title if title and title not in titles else f"group{place}")
    return titles
