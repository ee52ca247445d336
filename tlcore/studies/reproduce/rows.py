"""What is trained for the table: each row begins as a preset and says what it changes.

Rows without a title are the reports' own systems. Those with one are the lab's: they stand in,
by name, for what can't be had here, or they test a claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Fields: TypeAlias = Mapping[str, Any]
Points: TypeAlias = Mapping[int, Fields]

SEEDS = 3


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        preset: What it begins as.
        name: The preset's, unless the row is the lab's own.
        title: What it is, where it is the lab's own.
        here: What is changed so that two cores can do it; None if they can't.
        quick: What is changed besides for the quick table; None leaves the row out of it.
        points: Labels a class to try, each with what is changed for it.
        quick_points: The same for the quick table.
        seeds: How many, unless asked for others.
    """

    preset: str
    name: str = ""
    title: str = ""
    here: Fields | None = None
    quick: Fields | None = None
    points: Points = field(default_factory=dict)
    quick_points: Points = field(default_factory=dict)
    seeds: int = SEEDS

    @property
    def id(self) -> str:
        return self.name or self.preset

    @property
    def own(self) -> bool:
        """Whether it is the lab's and no report's."""
        return bool(self.title)


def _part(train: int, test: int, **others: Any) -> dict[str, Any]:
    """So many pictures to train with and to test on."""
    return {"limit_train": train, "limit_test": test, **others}


_FEW = {"epochs": 3, "data": _part(3000, 1000)}

REPORTED: tuple[Row, ...] = (
    Row("a-resnet50-last-100"),
    Row("a-scratch", here={"epochs": 5}, quick=_FEW, seeds=1),
    Row(
        "b-mobilenetv2-first-10-frozen",
        here={"epochs": 2, "data": _part(4000, 2000)},
        quick={"epochs": 1, "data": _part(800, 500)},
        seeds=1,
    ),
    Row(
        "b-mobilenetv2-frozen",
        here={"data": _part(8000, 2000), "augmentation": {"flip": False, "crop": 0.0}},
        quick={"data": _part(1500, 500)},
    ),
    Row("b-scratch", here={}, quick=_FEW, seeds=1),
    Row("c-resnet50"),
    Row("c-scratch", here={}, quick=_FEW, seeds=1),
    Row("d-resnet-32"),
    Row("d-resnet-224"),
    Row("d-efficientnet"),
    Row("d-efficientnet-frozen"),
    Row("e-cnn", here={}, quick=_FEW),
    Row("e-resnet18"),
    Row("e-vgg16"),
    Row(
        "e-mobilenet",
        here={"epochs": 3, "data": _part(8000, 2000), "rate_schedule": {"at": [1, 2]}},
        quick={"epochs": 2, "data": _part(1500, 500), "rate_schedule": {"at": [1]}},
    ),
    Row(
        "e-custom-cnn",
        here={"epochs": 5, "rate_schedule": {"every": 2}},
        quick=_FEW,
        seeds=1,
    ),
    Row("e-inceptionv3"),
    Row("e-two-phase"),
)

_DEMO = (
    Row(
        "demo-transfer",
        title="The demo's transfer: ten labels a class of `shapes`",
        here={},
        quick={},
    ),
    Row("demo-scratch", title="The demo's network from scratch", here={}, quick={}),
)

_LITE0 = {
    "data": _part(4000, 2000, name="cifar10"),
    "input": {"size": 96},
    "model": {"backbone": "tf_efficientnet_lite0"},
    "epochs": 3,
}
_LITE0_QUICK = {"data": _part(700, 500), "epochs": 1}

_REPORT_D = (
    Row(
        "d-efficientnet-frozen",
        name="lite0-frozen",
        title="D's frozen base, with EfficientNet-Lite0 at 96 px on CIFAR-10",
        here=_LITE0,
        quick=_LITE0_QUICK,
    ),
    Row(
        "d-efficientnet",
        name="lite0-full",
        title="D's whole network trained, with EfficientNet-Lite0 at 96 px on CIFAR-10",
        here=_LITE0,
        quick=_LITE0_QUICK,
    ),
    Row(
        "d-efficientnet",
        name="lite0-full-32",
        title="The same at the pictures' own 32 px",
        here={**_LITE0, "input": {"size": 32}},
        quick=_LITE0_QUICK,
    ),
)

_TWO_PHASE = {
    "data": _part(12000, 10000),
    "input": {"size": 96},
    "model": {"backbone": "mobilenetv2_100"},
    "epochs": 8,
    "schedule": {"head_epochs": 5, "count": 4},
}

_REPORT_E = (
    Row(
        "e-two-phase",
        name="mobilenetv2-two-phase",
        title="E's two phases, with MobileNetV2 at 96 px",
        here=_TWO_PHASE,
    ),
    Row(
        "cifar10-head-only",
        name="mobilenetv2-first-phase",
        title="The first of these phases alone",
        here={
            "data": _part(12000, 10000, validation=0.2),
            "optimiser": {"name": "adam", "rate": 1e-3},
            "rate_schedule": {"name": "constant"},
            "epochs": 5,
            "batch": 32,
        },
    ),
)

_SUSPECT = {"epochs": 3, "data": _part(8000, 2000), "rate_schedule": {"at": [1, 2]}}
_SUSPECT_QUICK = {"epochs": 2, "data": _part(1500, 500), "rate_schedule": {"at": [1]}}

_SUSPECTS = (
    Row(
        "e-mobilenet",
        name="mobilenet-raw",
        title="E's MobileNet, its input not rescaled (0 to 255)",
        here={**_SUSPECT, "input": {"normalise": "raw"}},
        quick=_SUSPECT_QUICK,
    ),
    Row(
        "e-mobilenet",
        name="mobilenet-zero-one",
        title="E's MobileNet, its input from 0 to 1 where the weights expect −1 to 1",
        here={**_SUSPECT, "input": {"normalise": "zero-one"}},
    ),
    Row(
        "e-mobilenet",
        name="mobilenet-norm-frozen",
        title="E's MobileNet, its BatchNorm statistics never changing",
        here={**_SUSPECT, "schedule": {"batchnorm": "frozen"}},
    ),
    Row(
        "e-mobilenet",
        name="mobilenet-head-only",
        title="E's MobileNet, its base frozen, so that it sees 32 px as it saw 224",
        here={**_SUSPECT, "schedule": {"preset": "head-only"}},
    ),
    Row(
        "e-mobilenet",
        name="mobilenet-scratch",
        title="E's MobileNet without ImageNet weights",
        here={**_SUSPECT, "model": {"weights": "none"}},
        quick=_SUSPECT_QUICK,
    ),
)

_FROM_SCRATCH = (
    Row(
        "e-resnet18",
        name="resnet18-scratch",
        title="E's ResNet-18 without ImageNet weights, at 32 px",
        here={
            "epochs": 4,
            "data": _part(6000, 2000),
            "rate_schedule": {"at": [3]},
            "model": {"weights": "none"},
        },
        quick={"epochs": 2, "data": _part(1500, 500), "rate_schedule": {"at": [1]}},
    ),
    Row(
        "e-custom-cnn",
        name="custom-scratch",
        title="E's custom CNN on the same pictures",
        here={"epochs": 4, "data": _part(6000, 2000), "rate_schedule": {"every": 3}},
        quick={"epochs": 2, "data": _part(1500, 500), "rate_schedule": {"every": 1}},
    ),
)

_SHAPES = {"validation": 0.05, "shapes": {"per_class": 400}}

_CURVES = (
    Row(
        "cifar10-head-only",
        name="cifar-transfer",
        title="A new head on MobileNetV2 at 96 px, CIFAR-10",
        here={"data": _part(12_000, 2000), "batch": 64},
        quick={"data": _part(2500, 500)},
        points={10: {}, 50: {}, 200: {}, 1000: {}},
        quick_points={10: {}, 200: {}},
    ),
    Row(
        "b-scratch",
        name="cifar-scratch",
        title="A plain scratch CNN on the same pictures, flipped and shifted",
        here={"data": _part(12_000, 2000), "batch": 32},
        quick={"data": _part(2500, 500)},
        points={
            10: {"epochs": 40},
            50: {"epochs": 40},
            200: {"epochs": 30},
            1000: {"epochs": 20},
        },
        quick_points={10: {"epochs": 20}, 200: {"epochs": 10}},
    ),
    Row(
        "demo-transfer",
        name="shapes-transfer",
        title="Pebble for shapes, its head and then all of it, on `shapes`",
        here={"data": _SHAPES},
        points={
            10: {},
            50: {"epochs": 20, "schedule": {"head_epochs": 5}},
            380: {"epochs": 8, "schedule": {"head_epochs": 1}, "batch": 50},
        },
    ),
    Row(
        "demo-scratch",
        name="shapes-scratch",
        title="The same network from scratch",
        here={"data": _SHAPES},
        points={
            10: {},
            50: {"epochs": 20},
            380: {"epochs": 8, "batch": 50},
        },
    ),
)

ROWS: tuple[Row, ...] = (
    *REPORTED,
    *_DEMO,
    *_REPORT_D,
    *_REPORT_E,
    *_SUSPECTS,
    *_FROM_SCRATCH,
    *_CURVES,
)
