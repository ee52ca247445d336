"""The recipe: everything a run depends on, frozen, validated and the same text everywhere.

>>> recipe = Recipe(epochs=3, schedule=FreezeSchedule(preset="lp-ft"))
>>> recipe.optimiser.rate, len(recipe.id)
(0.001, 12)

Reading and writing recipes as YAML or JSON is in `tlcore.recipe.text`.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Final, Literal

from pydantic import Field, field_validator, model_validator

from tlcore.recipe.corrections import Correction, in_order
from tlcore.schedule import Balance, FreezeSchedule
from tlcore.schedule.rates import RateSchedule
from tlcore.strict import Line, Part

VERSION: Final = 3

FOLDED_UP_TO: Final = 3000
"""Labelled pictures, every view counted, up to which folds choose the strength of an exact head; of
more, a share is enough to choose by."""
OF_THE_HUB: Final = ("repo", "revision", "config", "image", "label")
"""Fields of the data that mean something for a data set of the hub alone."""


class Shapes(Part):
    """Dials of the drawn world.

    Attributes:
        classes: The `target` silhouettes, the `source` ones a backbone was pre-trained on, or all.
        per_class: Training pictures drawn for each class.
        test_per_class: Test pictures for each class.
        size: Width and height in pixels.
        colour_shift: 0 to 1: how far colours are moved from the source world's.
        outline: Draw the outline only.
        noise: 0 to 1: grain.
        blur: 0 to 1: out of focus.
        cue: A spurious cue that goes with the class: none, a colour or a background.
        cue_share: In which share of the training pictures it does.
        test_cue_share: The same for test pictures; unset, the cue says nothing there.
        imbalance: Pictures of the commonest class for each one of the rarest.
        label_noise: Share of training labels that are wrong.
        near_duplicates: Share of test pictures that are near-copies of training pictures.
        world: Which world: another number draws other pictures.
    """

    classes: Literal["target", "source", "all"] = "target"
    per_class: int = Field(default=200, ge=2, le=20_000)
    test_per_class: int = Field(default=100, ge=2, le=20_000)
    size: int = Field(default=32, ge=16, le=256)
    colour_shift: float = Field(default=0.0, ge=0, le=1)
    outline: bool = False
    noise: float = Field(default=0.0, ge=0, le=1)
    blur: float = Field(default=0.0, ge=0, le=1)
    cue: Literal["none", "colour", "background"] = "none"
    cue_share: float = Field(default=0.95, ge=0, le=1)
    test_cue_share: float | None = Field(default=None, ge=0, le=1)
    imbalance: float = Field(default=1.0, ge=1, le=1000)
    label_noise: float = Field(default=0.0, ge=0, le=0.9)
    near_duplicates: float = Field(default=0.0, ge=0, le=1)
    world: int = Field(default=0, ge=0)


class Data(Part):
    """What to learn from.

    Attributes:
        name: The data set.
        path: For `folder`: a folder of class folders, or a zip of one.
        repo: For `hub`: the data set's name on the hub, such as `AI-Lab-Makerere/beans`.
        revision: For `hub`: the commit, in 40 hex digits, so that the pictures stay the same.
        config: For `hub`: which of the parts that the data set is offered in, if there are several.
        image: For `hub`: the column of the pictures, where the data set doesn't say it.
        label: For `hub`: the column of the labels, where the data set doesn't say it.
        labels: For `cifar100`: its 100 fine or 20 coarse classes.
        labels_per_class: Training pictures a class; unset, all. The validation share is set
            aside first and is not counted.
        validation: Share of the training pictures that chooses the epoch and is never trained on.
        test: Share set aside as test set where a data set brings none.
        group_by: For `folder`: pictures that belong together stay on one side of every split.
            `prefix` takes the file name up to its last number; `subfolder` the folder inside
            the class folder.
        split_seed: Which split. Kept apart from the recipe's seed, so that seeds are compared
            on the same pictures.
        limit_train: Use only this many pictures for training and validation together.
        limit_test: The same for the test set: results are then labelled as of a part.
        shapes: Dials of `shapes`.
        corrections: Labels that were put right by hand, and pictures left out.
    """

    name: Literal["shapes", "digits", "cifar10", "cifar100", "folder", "hub"] = "shapes"
    path: Line = Field(default="", max_length=1000)
    repo: Line = Field(default="", max_length=200)
    revision: Line = Field(default="", max_length=40)
    config: Line = Field(default="", max_length=200)
    image: Line = Field(default="", max_length=200)
    label: Line = Field(default="", max_length=200)
    labels: Literal["fine", "coarse"] = "fine"
    labels_per_class: int | None = Field(default=None, ge=1)
    validation: float = Field(default=0.2, ge=0, le=0.9)
    test: float = Field(default=0.2, gt=0, le=0.9)
    group_by: Literal["", "prefix", "subfolder"] = ""
    split_seed: int = Field(default=0, ge=0)
    limit_train: int | None = Field(default=None, ge=1)
    limit_test: int | None = Field(default=None, ge=1)
    shapes: Shapes = Shapes()
    corrections: tuple[Correction, ...] = Field(default=(), strict=False)

    @field_validator("corrections")
    @classmethod
    def _one_a_picture(cls, given: tuple[Correction, ...]) -> tuple[Correction, ...]:
        return in_order(given)

    @model_validator(mode="after")
    def _path_goes_with_folder(self) -> Data:
        if self.name == "folder" and not self.path:
            raise ValueError("path: must name a folder of class folders, or a zip of one")
        if self.name != "folder" and self.path:
            raise ValueError("path: must be left out unless name is folder")
        return self

    @model_validator(mode="after")
    def _repository_goes_with_hub(self) -> Data:
        if self.name != "hub":
            given = [name for name in OF_THE_HUB if getattr(self, name)]
            if given:
                lines = (f"{name}: must be left out unless name is hub" for name in given)
                raise ValueError("\n".join(lines))
            return self
        if not re.fullmatch(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*", self.repo):
            raise ValueError("repo: must name a data set of the hub, as owner/name")
        if not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            rule = "must be a commit of 40 hex digits; `python -m tlcore get` tells which"
            raise ValueError(f"revision: {rule}")
        return self


class Input(Part):
    """How pictures reach the network.

    Attributes:
        size: Width and height that the network sees.
        resize: `batch` keeps pictures at their own size and enlarges each batch on the device;
            `once` stores them enlarged. Folders and sets of the hub are always stored at `size`.
        interpolation: How pixels are made up.
        fit: What becomes of pictures that are not square.
        normalise: `auto` takes what the weights were trained with, else the data's own mean and
            deviation. `raw` leaves 0 to 255, a mistake worth trying once.
    """

    size: int = Field(default=32, ge=8, le=1024)
    resize: Literal["batch", "once"] = "batch"
    interpolation: Literal["nearest", "bilinear", "bicubic"] = "bilinear"
    fit: Literal["crop", "squash", "pad"] = "crop"
    normalise: Literal["auto", "imagenet", "half", "zero-one", "dataset", "raw"] = "auto"


class Head(Part):
    """The new classifier on top of the backbone's pooled features.

    Each hidden layer is dropout, dense, ReLU and, if asked for, batch norm.

    Attributes:
        hidden: Widths of the dense layers before the last one; none makes a linear head.
        dropout: Share of features left out before every hidden dense layer.
        final_dropout: The same before the last one; unset, as `dropout`.
        batchnorm: Batch norm after each hidden layer's ReLU.
    """

    hidden: tuple[int, ...] = Field(default=(), strict=False)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    final_dropout: float | None = Field(default=None, ge=0, lt=1)
    batchnorm: bool = False

    @model_validator(mode="after")
    def _widths_are_buildable(self) -> Head:
        if len(self.hidden) > 8 or not all(1 <= width <= 65_536 for width in self.hidden):
            raise ValueError("hidden: must list at most 8 widths, each from 1 to 65536")
        return self


class Model(Part):
    """The network.

    Attributes:
        backbone: A name of the catalogue, or any timm name.
        weights: `pretrained`, `none` (from scratch), or a file of weights: its path, or its name
            in a folder for weights, such as `resnet50.tv_in1k_ktb`.
        head: The classifier.
        drop_path: Share of residual branches left out in training, where the backbone has them.
    """

    backbone: Line = Field(default="pebble-shapes", min_length=1, max_length=200)
    weights: Line = Field(default="pretrained", min_length=1, max_length=1000)
    head: Head = Head()
    drop_path: float = Field(default=0.0, ge=0, lt=1)


class Optimiser(Part):
    """What moves the weights.

    Attributes:
        name: SGD, Adam or AdamW, a step at a time; or `exact`: a linear head on frozen blocks is
            solved at once. Each epoch is then an L2 strength, from strong to weak; five folds of
            all labelled pictures choose one, and all are learned from. Where `labels_per_class`
            is set, or there are more than 3,000, the validation share chooses.
        rate: The full learning rate.
        momentum: For SGD.
        nesterov: For SGD.
        weight_decay: L2 penalty (AdamW: decoupled), on weights, not on norms, biases, tokens,
            positions and scales of layers.
        l1: L1 penalty on the same. Losses are shown without any penalty.
        clip: Longest gradient allowed, the pull of L1 included and that of L2 not; 0 for any.
    """

    name: Literal["sgd", "adam", "adamw", "exact"] = "adamw"
    rate: float = Field(default=1e-3, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    nesterov: bool = False
    weight_decay: float = Field(default=0.0, ge=0)
    l1: float = Field(default=0.0, ge=0)
    clip: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> Optimiser:
        if self.nesterov and (self.name != "sgd" or self.momentum == 0):
            raise ValueError("nesterov: needs name sgd and a momentum above 0")
        return self


class Augmentation(Part):
    """What a training batch goes through; everything off by default.

    Attributes:
        flip: Mirror left and right at random.
        crop: Shift by up to this share of the width, edges reflected.
        rotation: Turn by up to this many degrees.
        zoom: Zoom in or out by up to this share.
        colour: Strength of random brightness, contrast and saturation (grey is the plain mean of
            the channels).
        cutout: Side of a grey square, as a share of the width.
        mixup: Alpha of the beta distribution that blends two pictures.
        cutmix: The same for pasting a part of one picture into another.
        views: 0 changes each picture anew whenever it is seen. Otherwise each gets this many
            changed views once, which epochs go through in turn, so that what frozen blocks make
            of them can be kept where there is room: much faster, and a little less varied.
    """

    flip: bool = False
    crop: float = Field(default=0.0, ge=0, le=0.5)
    rotation: float = Field(default=0.0, ge=0, le=180)
    zoom: float = Field(default=0.0, ge=0, lt=1)
    colour: float = Field(default=0.0, ge=0, le=1)
    cutout: float = Field(default=0.0, ge=0, lt=1)
    mixup: float = Field(default=0.0, ge=0)
    cutmix: float = Field(default=0.0, ge=0)
    views: int = Field(default=0, ge=0, le=100)

    @property
    def active(self) -> bool:
        """Whether anything changes pictures."""
        return self.model_copy(update={"views": 0}) != Augmentation()


class Distillation(Part):
    """A teacher whom the network learns to imitate, beside the labels; none by default.

    Of a backbone the features are imitated, of a network that a run has trained its answers. The
    teacher sees each training picture once, as it is; the student sees it augmented.

    Attributes:
        teacher: A backbone with pre-trained weights, or the `.safetensors` file of a network that
            a run has trained for the same classes; empty for none.
        size: Width and height at which a backbone sees the pictures; a trained network has its own.
        weight: How much imitating counts, where the labels count 1.
        components: How many main directions of a backbone's features are imitated.
        temperature: By how much a trained network's answers are softened, so that it shows which
            wrong classes it finds likely, too; 1 leaves them as they are.
    """

    teacher: Line = Field(default="", max_length=1000)
    size: int = Field(default=96, ge=8, le=1024)
    weight: float = Field(default=1.0, gt=0)
    components: int = Field(default=128, ge=2, le=4096)
    temperature: float = Field(default=4.0, ge=1, le=100)

    @property
    def of_answers(self) -> bool:
        """Whether the teacher is a trained network: no backbone's name ends like a file."""
        return self.teacher.endswith(".safetensors")


class EarlyStopping(Part):
    """When to give up, and which epoch to keep.

    Attributes:
        patience: Epochs without improvement before stopping; unset, never.
        monitor: What improvement is measured on, always on the validation share.
        min_delta: The least change that counts.
        keep: `best` epoch by `monitor`, or the `last`. Without a validation share, the last.
    """

    patience: int | None = Field(default=None, ge=1)
    monitor: Literal["loss", "accuracy"] = "loss"
    min_delta: float = Field(default=0.0, ge=0)
    keep: Literal["best", "last"] = "best"


class Recipe(Part):
    """A run is a pure function of this.

    Attributes:
        version: Of what recipes say and of what is made of it; older ones are migrated when read.
        name: For people; no part of the id.
        epochs: How often all training pictures are gone through.
        batch: Pictures a step.
        label_smoothing: Share of the certainty that is taken from the label and spread over all
            classes.
        balance: Against parts of unequal size: `weights` makes pictures of rare ones count more in
            the loss, `sampling` shows them more often; `robust` shows all as often and makes those
            count more that are learned worst (group DRO).
        balance_by: What the parts are: the classes, or, by the name of a group column such as
            `cue`, each class within each group.
        precision: Of the arithmetic; `auto` is the lowest that this machine computes natively.
            Networks are validated and tested in it too, unless it changes more than 2 % of the
            answers to a first batch, measured after the first epoch: then in float32.
        seed: Of all that is left to chance: fresh weights, order, augmentation, dropout.
    """

    version: Literal[3] = VERSION
    name: Line = Field(default="", max_length=300)
    data: Data = Data()
    input: Input = Input()
    model: Model = Model()
    schedule: FreezeSchedule = FreezeSchedule()
    optimiser: Optimiser = Optimiser()
    rate_schedule: RateSchedule = RateSchedule()
    augmentation: Augmentation = Augmentation()
    distillation: Distillation = Distillation()
    early_stopping: EarlyStopping = EarlyStopping()
    epochs: int = Field(default=5, ge=1, le=10_000)
    batch: int = Field(default=32, ge=1, le=65_536)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    balance: Balance = "none"
    balance_by: Line = Field(default="", max_length=200)
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    seed: int = Field(default=0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _parts_agree(self) -> Recipe:
        if broken := _disagreements(self):
            raise ValueError("\n".join(broken))
        return self

    @property
    def id(self) -> str:
        """Twelve hex digits of what matters: same recipe, same id, whatever its name.

        Defaults are left out, so a new field with a default changes no old id. (A changed
        default would change what an old recipe means: that needs a new `VERSION`.) The version is
        left out too: a recipe that computes otherwise by a newer one is still the same recipe,
        and `tlcore.recipe.changes` says what has changed for it.
        """
        matter = self.model_dump(mode="json", exclude_defaults=True, exclude={"name", "version"})
        text = json.dumps(matter, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _disagreements(recipe: Recipe) -> list[str]:
    """Rules that span several parts, each as `field: rule`."""
    mixes = recipe.augmentation
    rules = [
        (
            recipe.early_stopping.patience is None or recipe.data.validation > 0,
            "early_stopping.patience: needs data.validation above 0 to measure improvement",
        ),
        (
            recipe.rate_schedule.name != "plateau" or recipe.data.validation > 0,
            "rate_schedule.name: plateau needs data.validation above 0 to measure a plateau",
        ),
        (
            recipe.model.weights != "none" or recipe.schedule.begins_with_all,
            "schedule.preset: must be full when model.weights is none: "
            "freezing random weights learns nothing",
        ),
        (
            not (recipe.distillation.teacher and (mixes.mixup or mixes.cutmix)),
            "distillation.teacher: needs augmentation.mixup and cutmix to be 0, "
            "because the teacher has seen no blends",
        ),
        (
            recipe.rate_schedule.warmup < recipe.epochs,
            f"rate_schedule.warmup: must be less than the run's epochs ({recipe.epochs})",
        ),
    ]
    broken = [text for holds, text in rules if not holds]
    return [*broken, *_unsolvable(recipe), *recipe.schedule.misfits(recipe.epochs)]


def _unsolvable(recipe: Recipe) -> list[str]:
    """What an exact head can't be solved with."""
    if recipe.optimiser.name != "exact":
        return []
    head, changes = recipe.model.head, recipe.augmentation
    rules = {
        "frozen blocks, so schedule.preset head-only": recipe.schedule.preset == "head-only",
        "blocks that stay as they are, so schedule.batchnorm trained or frozen": (
            recipe.schedule.batchnorm != "adapted"
        ),
        "data.validation above 0, which chooses the strength": recipe.data.validation > 0,
        "epochs of at least 2, which are the strengths to choose from": recipe.epochs >= 2,
        "a linear head: model.head without hidden layers and dropout": not (
            head.hidden or head.dropout or head.final_dropout
        ),
        "augmentation with views, or none; no mixup, no cutmix": not (
            (changes.active and not changes.views) or changes.mixup or changes.cutmix
        ),
        "balance none, or weights by class": (
            recipe.balance == "none" or (recipe.balance == "weights" and not recipe.balance_by)
        ),
        "no teacher in distillation": not recipe.distillation.teacher,
    }
    return [f"optimiser.name: exact needs {rule}" for rule, holds in rules.items() if not holds]
