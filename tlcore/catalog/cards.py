"""The curated backbones, as facts: size, cost, licence, source, and where their weights are now.

Any other timm name works too; these are the ones that the lab knows something about.

>>> lookup("mobilenetv2").title, lookup("resnet18.tv_in1k").name
('MobileNetV2', 'resnet18')
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tlcore.catalog.outlines import Measured, backbone_layers, head_layers, measured
from tlcore.catalog.weight_files import in_folders, in_hub_cache
from tlcore.errors import Problem, RecipeError
from tlcore.schedule.outline import Layer, Outline

if TYPE_CHECKING:
    from tlcore.recipe import Model

Triple = tuple[float, float, float]
IMAGENET: tuple[Triple, Triple] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF: tuple[Triple, Triple] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True)
class Backbone:
    """A card of the catalogue.

    Attributes:
        name: As recipes name it; for timm's networks, timm's name.
        title: As people name it.
        family: What it is a member of.
        kind: `pretrained` on ImageNet by others, the lab's `own`, or `scratch`: without weights.
        source: Where its weights come from.
        licence: Of those weights.
        tag: Of the weights on the hub, as timm names them; empty where there are none.
        trained_with: Mean and deviation that those weights expect.
        aliases: Other names that recipes and weight files may use.
        usual: The size of picture it was made for.
        smallest: The smallest size that works at all.
        multiple: Sizes must be multiples of this.
        steps: Where features are flattened, not pooled: what each layer does to the width of
            the picture; `v` is a convolution without padding, `p` a pooling by two.
    """

    name: str
    title: str
    family: str
    kind: Literal["pretrained", "own", "scratch"] = "pretrained"
    source: str = "timm, on the Hugging Face hub; trained on ImageNet-1k"
    licence: str = "Apache-2.0"
    tag: str = ""
    trained_with: tuple[Triple, Triple] | None = IMAGENET
    aliases: tuple[str, ...] = ()
    usual: int = 224
    smallest: int = 8
    multiple: int = 1
    steps: str = ""

    @property
    def parameters(self) -> int:
        """Of the backbone alone."""
        return self._measured.parameters

    def features(self, size: int | None = None) -> int:
        """How many features reach the head, for pictures of this size."""
        if not self.steps:
            return self._measured.features
        channels = self._measured.features // self._width(self.usual) ** 2
        return int(channels * self._width(size or self.usual) ** 2)

    def multiply_adds(self, size: int | None = None) -> int:
        """Of the backbone for one picture: counted at the usual size, scaled by the area.

        By area is exact for convolutions on multiples of 32, and some percent too many for
        vision transformers on small pictures.
        """
        return round(self._measured.multiply_adds * ((size or self.usual) / self.usual) ** 2)

    @property
    def _measured(self) -> Measured:
        return measured()[self.name]

    def _width(self, size: int) -> int:
        for step in self.steps:
            size = size - 2 if step == "v" else size // 2
        return size


_KERAS = "Google's TensorFlow release, trained on ImageNet-1k; not on the hub: bring a file"
_OURS = "this lab, on pictures it draws itself: python -m tlcore pretrain pebble-shapes"
_NONE = "none: it is trained from scratch"

CARDS: tuple[Backbone, ...] = (
    Backbone(
        "pebble-shapes",
        "Pebble for shapes",
        "Pebble",
        kind="own",
        source=_OURS,
        licence="MIT",
        trained_with=None,
        usual=32,
    ),
    Backbone("resnet18", "ResNet-18", "ResNet", tag="a1_in1k", aliases=("resnet-18",)),
    Backbone("resnet50", "ResNet-50", "ResNet", tag="a1_in1k", aliases=("resnet-50",)),
    Backbone(
        "vgg16",
        "VGG16",
        "VGG",
        tag="tv_in1k",
        licence="BSD-3-Clause",
        smallest=32,
        aliases=("vgg-16",),
    ),
    Backbone(
        "inception_v3",
        "InceptionV3",
        "Inception",
        tag="tv_in1k",
        trained_with=HALF,
        smallest=75,
        usual=299,
        aliases=("inceptionv3", "inception-v3"),
    ),
    Backbone(
        "mobilenetv1_100",
        "MobileNet",
        "MobileNet",
        tag="ra4_e3600_r224_in1k",
        trained_with=HALF,
        aliases=("mobilenet", "mobilenetv1"),
    ),
    Backbone(
        "mobilenetv1_025",
        "MobileNet, a quarter as wide",
        "MobileNet",
        source=_KERAS,
        trained_with=HALF,
        usual=128,
        aliases=("mobilenetv1-0.25",),
    ),
    Backbone(
        "mobilenetv2_100",
        "MobileNetV2",
        "MobileNet",
        tag="ra_in1k",
        aliases=("mobilenetv2", "mobilenet-v2"),
    ),
    Backbone(
        "mobilenetv2_035",
        "MobileNetV2, a third as wide",
        "MobileNet",
        source=_KERAS,
        trained_with=HALF,
        aliases=("mobilenetv2-0.35",),
    ),
    Backbone(
        "mobilenetv3_small_100",
        "MobileNetV3 small",
        "MobileNet",
        tag="lamb_in1k",
        aliases=("mobilenetv3-small",),
    ),
    Backbone(
        "mobilenetv3_large_100",
        "MobileNetV3 large",
        "MobileNet",
        tag="ra_in1k",
        aliases=("mobilenetv3", "mobilenetv3-large"),
    ),
    Backbone(
        "efficientnet_b0",
        "EfficientNet-B0",
        "EfficientNet",
        tag="ra_in1k",
        aliases=("efficientnet", "efficientnet-b0"),
    ),
    Backbone(
        "tf_efficientnet_lite0",
        "EfficientNet-Lite0",
        "EfficientNet",
        tag="in1k",
        trained_with=HALF,
        aliases=("efficientnet-lite0",),
    ),
    Backbone(
        "squeezenet1_1",
        "SqueezeNet 1.1",
        "SqueezeNet",
        licence="MIT",
        smallest=17,
        source="its authors' Caffe release, trained on ImageNet-1k; not on the hub: bring a file",
        aliases=("squeezenet",),
    ),
    Backbone(
        "convnext_tiny",
        "ConvNeXt tiny",
        "ConvNeXt",
        tag="in12k_ft_in1k",
        smallest=32,
        source="timm, on the Hugging Face hub; trained on ImageNet-12k, then ImageNet-1k",
        aliases=("convnext", "convnext-tiny"),
    ),
    Backbone(
        "convnext_atto",
        "ConvNeXt atto",
        "ConvNeXt",
        tag="d2_in1k",
        smallest=32,
        aliases=("convnext-atto",),
    ),
    Backbone(
        "vit_tiny_patch16_224",
        "ViT tiny",
        "Vision transformer",
        tag="augreg_in21k_ft_in1k",
        source="timm, on the Hugging Face hub; trained on ImageNet-21k, then ImageNet-1k",
        trained_with=HALF,
        smallest=16,
        multiple=16,
        aliases=("vit", "vit-tiny"),
    ),
    Backbone(
        "scratch-plain",
        "Plain scratch CNN",
        "Scratch",
        kind="scratch",
        source=_NONE,
        licence="",
        trained_with=None,
        usual=32,
        smallest=18,
        steps="vpvpv",
    ),
    Backbone(
        "scratch-c",
        "Scratch CNN of report C",
        "Scratch",
        kind="scratch",
        source=_NONE,
        licence="",
        trained_with=None,
        usual=32,
        smallest=10,
        steps="vpvp",
    ),
    Backbone(
        "scratch-e",
        "Scratch CNN of report E",
        "Scratch",
        kind="scratch",
        source=_NONE,
        licence="",
        trained_with=None,
        usual=32,
        steps="pp",
    ),
    Backbone(
        "scratch-custom",
        "Custom CNN of report E",
        "Scratch",
        kind="scratch",
        source=_NONE,
        licence="",
        trained_with=None,
        usual=32,
        steps="ppp",
    ),
    Backbone(
        "pebble-photo",
        "Pebble for photos",
        "Pebble",
        kind="own",
        licence="MIT; its data is for research",
        source="this lab, on CIFAR-10 and by imitating EfficientNet-Lite0: "
        "python -m tlcore pretrain pebble-photo",
        trained_with=None,
        usual=32,
    ),
)


def lookup(name: str) -> Backbone | None:
    """The card of a backbone by its name or an alias, tagged or not; None for any other."""
    plain = name.partition(".")[0] if name not in _ALIASES else name
    return _BY_NAME.get(_ALIASES.get(plain, plain))


def canonical(name: str) -> str:
    """The name without an alias, its tag kept.

    >>> canonical("resnet-18"), canonical("resnet18.tv_in1k"), canonical("regnetx_002")
    ('resnet18', 'resnet18.tv_in1k', 'regnetx_002')
    """
    return _ALIASES.get(name, name)


def here(name: str) -> Path | None:
    """The file of pre-trained weights that a recipe with this backbone would use, if it is here.

    For networks that are not in the catalogue, the hub's cache is looked through only if the
    name brings its tag.
    """
    card, name = lookup(name), canonical(name)
    if "." in name or card is None:
        return in_folders((name,)) or in_hub_cache(f"timm/{name}")
    usual = f"{name}.{card.tag}"
    return in_folders((usual, name, *card.aliases)) or in_hub_cache(f"timm/{usual}")


def check(model: Model, size: int) -> None:
    """Refuse what a curated backbone can't do; of others nothing is known before they run.

    >>> from tlcore.recipe import Model
    >>> check(Model(backbone="inception_v3"), size=32)
    Traceback (most recent call last):
        ...
    tlcore.errors.RecipeError: The recipe has 1 problem:
      - input.size is 32: must be at least 75 for InceptionV3.
    """
    if (card := lookup(model.backbone)) and (problems := _misfits(card, model, size)):
        raise RecipeError(problems)


def outline_for(model: Model, classes: int, size: int | None = None) -> Outline | None:
    """A curated network as the plain room sees it, without torch; None for any other backbone.

    >>> from tlcore.recipe import Head, Model
    >>> report_d = Model(backbone="efficientnet_b0", head=Head(hidden=(256,), batchnorm=True))
    >>> outline_for(report_d, classes=100).size
    4361696
    """
    if not (card := lookup(model.backbone)):
        return None
    size = size or card.usual
    layers = (_resized(layer, card, size) for layer in backbone_layers(card.name))
    return Outline((*layers, *head_layers(model.head, card.features(size), classes)))


def _resized(layer: Layer, card: Backbone, size: int) -> Layer:
    """A vision transformer has a position for each patch, and one for its class token."""
    if layer.name != "pos_embed":
        return layer
    usual, now = ((side // card.multiple) ** 2 + 1 for side in (card.usual, size))
    ((name, count),) = layer.parameters
    return replace(layer, parameters=((name, count // usual * now),))


def _misfits(card: Backbone, model: Model, size: int) -> list[Problem]:
    problems = []
    if size < card.smallest:
        rule = f"must be at least {card.smallest} for {card.title}"
        problems.append(Problem("input.size", str(size), rule))
    elif size % card.multiple:
        rule = f"must be a multiple of {card.multiple} for {card.title}"
        problems.append(Problem("input.size", str(size), rule))
    if card.kind == "scratch" and model.weights == "pretrained":
        rule = f"must be none for {card.title}, which has no pre-trained weights"
        problems.append(Problem("model.weights", "'pretrained'", rule))
    return problems


_BY_NAME = {card.name: card for card in CARDS}
_ALIASES = {alias: card.name for card in CARDS for alias in card.aliases}
