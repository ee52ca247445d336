"""The cue lab: does a network go by the shape, or by what merely goes with it?

Drawn shapes carry a cue (a colour or a background) that goes with the class in most training
pictures. Each recipe here learns from such a world. Then the network is asked about twins: the
same test pictures twice, once with the cue of their own class and once with another's. Nothing
else differs, so whatever it says differently it says because of the cue.

>>> recipe = recipe_for(SCRATCH, "colour", 0.95)
>>> recipe.data.shapes.cue, recipe.data.shapes.cue_share, recipe.model.weights
('colour', 0.95, 'none')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.decision import Decision, decide, step_down
from tlcore.analysis.intervals import FEWEST_SEEDS, Interval, bounded, wilson
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.seeds import over_runs
from tlcore.data.drawn.world import class_names, draw
from tlcore.data.pictures import Pictures
from tlcore.errors import DataError
from tlcore.formatting import in_percent, quantity, rate
from tlcore.recipe import Recipe, Shapes
from tlcore.recipe.text import from_fields, to_fields

Fields = dict[str, Any]

GROUPS = "cue"
"""The column that says whether a drawn picture's cue is that of its class."""

HEAD_EPOCHS = 5
MORE_DIVERSE = 0.8


@dataclass(frozen=True)
class Mitigation:
    """One thing to do.

    Attributes:
        name: In a word.
        title: As people read it.
        needs: What somebody has to know or have for it.
        change: From a recipe's fields to those with the mitigation.
    """

    name: str
    title: str
    needs: str
    change: Callable[[Fields], Fields]


def mitigated(recipe: Recipe, mitigation: Mitigation) -> Recipe:
    """The same recipe with something done about the cue."""
    fields = mitigation.change(to_fields(recipe))
    return from_fields({**fields, "name": f"{recipe.name}, {mitigation.title}"[:300]})


def _balanced(how: str) -> Callable[[Fields], Fields]:
    return lambda fields: {**fields, "balance": how, "balance_by": GROUPS}


def _head_again(fields: Fields) -> Fields:
    """After all that the recipe does, a few more epochs of the head on balanced pictures."""
    recipe = from_fields(fields)
    phases = [
        {**phase.model_dump(exclude_defaults=True), "epochs": phase.epochs}
        for phase in recipe.schedule.phases_for(recipe.epochs, 4)
    ]
    again = {"thaw": "head", "epochs": HEAD_EPOCHS, "balance": "sampling", "restart": True}
    return {
        **fields,
        "schedule": {"preset": "custom", "phases": [*phases, again]},
        "epochs": recipe.epochs + HEAD_EPOCHS,
        "balance_by": GROUPS,
        "early_stopping": {"keep": "last"},
    }


def _other_colours(fields: Fields) -> Fields:
    return {**fields, "augmentation": {**fields.get("augmentation", {}), "colour": 1.0}}


def _more_diverse(fields: Fields) -> Fields:
    data = fields["data"]
    return {**fields, "data": {**data, "shapes": {**data["shapes"], "cue_share": MORE_DIVERSE}}}


_KNOWN = "the group of every training picture"

MITIGATIONS = (
    Mitigation("sampling", "balanced sampling", _KNOWN, _balanced("sampling")),
    Mitigation("weights", "group reweighting", _KNOWN, _balanced("weights")),
    Mitigation("robust", "group DRO", _KNOWN, _balanced("robust")),
    Mitigation("head-again", "head retrained on balanced pictures (DFR)", _KNOWN, _head_again),
    Mitigation("colours", "random colours", "a guess at what the cue is", _other_colours),
    Mitigation("diverse", "more diverse data", "four times as many exceptions", _more_diverse),
)


def find(name: str) -> Mitigation:
    """One by its name."""
    return next(each for each in MITIGATIONS if each.name == name)


Cue: TypeAlias = Literal["colour", "background"]
Ask: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Gives the probabilities of each class for pictures."""

SHARES = (0.5, 0.8, 0.95, 0.99)
"""Cue shares that a curve is made of."""

PER_CLASS, TEST_PER_CLASS = 40, 50
MOST_TWINS = 1000
"""Pairs that a network is asked about, at most."""


@dataclass(frozen=True)
class System:
    """A way to learn that is tried on the cue.

    Attributes:
        name: In a word.
        title: As people read it.
        seconds: What it takes, on two cores with nothing else to do.
        fields: Of the recipe, beside its data.
    """

    name: str
    title: str
    seconds: int
    fields: Mapping[str, Any] = field(hash=False)


FROZEN = System(
    "frozen",
    "pre-trained, frozen",
    4,
    {
        "model": {"weights": "pretrained"},
        "schedule": {"preset": "head-only"},
        "optimiser": {"name": "adamw", "rate": 5e-3, "weight_decay": 0.05},
        "epochs": 15,
    },
)
TUNED = System(
    "tuned",
    "pre-trained, then thawed",
    12,
    {
        "model": {"weights": "pretrained"},
        "schedule": {"preset": "lp-ft", "head_epochs": 5, "rate": 0.1},
        "optimiser": {"name": "adamw", "rate": 5e-3, "weight_decay": 0.05},
        "epochs": 10,
    },
)
SCRATCH = System(
    "scratch",
    "from scratch",
    9,
    {
        "model": {"weights": "none"},
        "schedule": {"preset": "full"},
        "optimiser": {"name": "adamw", "rate": 2e-3, "weight_decay": 0.05},
        "rate_schedule": {"name": "one-cycle"},
        "epochs": 8,
    },
)
SYSTEMS = (FROZEN, TUNED, SCRATCH)


def recipe_for(system: System, cue: Cue, share: float, *, seed: int = 0) -> Recipe:
    """What one system learns from one world.

    Its test set carries the cue as the training set does, as test sets do that come with the
    training pictures: what it says of the network is what people usually see.

    Args:
        system: How it learns.
        cue: What goes with the class.
        share: In how much of the training pictures.
        seed: Of the recipe.
    """
    shapes = {
        "per_class": PER_CLASS, "test_per_class": TEST_PER_CLASS,
        "cue": cue, "cue_share": share, "test_cue_share": share,
    }  # fmt: skip
    fields = {
        **system.fields,
        "name": f"Cue lab: {system.title}, {cue} in {share:.0%}",
        "data": {"name": "shapes", "shapes": shapes},
        "batch": 20,
        "seed": seed,
    }
    return from_fields(fields, where="the cue lab")


@dataclass(frozen=True)
class Way:
    """A system, with or without something done about the cue.

    Attributes:
        system: How it learns.
        remedy: What is done; None for nothing.
    """

    system: System
    remedy: Mitigation | None = None

    @property
    def name(self) -> str:
        """In a word or two."""
        return f"{self.system.name}, {self.remedy.name}" if self.remedy else self.system.name

    @property
    def title(self) -> str:
        """As people read it."""
        return f"{self.system.title}; {self.remedy.title}" if self.remedy else self.system.title

    def recipe(self, cue: Cue, share: float) -> Recipe:
        """What it learns from one world."""
        plain = recipe_for(self.system, cue, share)
        return mitigated(plain, self.remedy) if self.remedy else plain


@dataclass(frozen=True, eq=False)
class Twins:
    """The same pictures twice: `own` with the cue of their class, `other` with another's."""

    own: Pictures
    other: Pictures


def draw_twins(shapes: Shapes, *, most: int = MOST_TWINS) -> Twins:
    """The test pictures of a world, twice: the first of each class, `most` of them in all.

    >>> twins = draw_twins(Shapes(cue="colour", test_per_class=2))
    >>> bool((twins.own.ids == twins.other.ids).all()), twins.other.groups["cue"].tolist()[:2]
    (True, ['conflicting', 'conflicting'])

    Raises:
        DataError: The world has no cue.
    """
    if shapes.cue == "none":
        raise DataError(
            "These pictures carry no cue, so there is nothing to exchange",
            where="data.shapes.cue",
            remedy="Choose a run on drawn shapes with a cue, or train one in the cue lab.",
        )
    few = max(2, min(shapes.test_per_class, most // len(class_names(shapes))))
    world = shapes.model_copy(update={"test_per_class": few, "near_duplicates": 0.0})
    own, other = (
        draw(world.model_copy(update={"test_cue_share": share}), "test") for share in (1.0, 0.0)
    )
    return Twins(own, other)


@dataclass(frozen=True, eq=False)
class CueReport:
    """How much a network goes by the cue.

    Attributes:
        share: Of the pictures it is judged by overall, how many carry the cue of their class.
        n: Pairs of twins.
        overall: Accuracy expected on pictures of which so many carry it.
        aligned: Accuracy where the cue is that of the class.
        conflicting: Accuracy where it is another's: the worst group.
        flips: Share of the pairs of which the network says two different things.
        follows: Share of the conflicting pictures that it calls by their cue.
        says: What it said of each pair: n x 2 class numbers, `own` first.
        labels: What each pair is.
        seeds: How many networks this is about, which differ in their seed alone. From three on the
            intervals are the recipe's, and before that those of these networks. `says` is what the
            first of them said.
    """

    share: float
    n: int
    overall: Interval
    aligned: Interval
    conflicting: Interval
    flips: Interval
    follows: Interval
    says: NDArray[np.int64]
    labels: NDArray[np.int64]
    seeds: int = 1

    @property
    def of_recipe(self) -> bool:
        """Whether it is about the recipe, and not only about a network or two."""
        return self.seeds >= FEWEST_SEEDS

    def misled(self) -> Predictions:
        """What the first network says where the cue is another class's."""
        classes = tuple(map(str, range(int(self.labels.max()) + 1)))
        said = np.eye(len(classes), dtype=np.float32)[self.says[:, 1]]
        return Predictions(np.arange(self.n).astype(str), self.labels, said, classes)


def report_on(twins: Twins, classes: tuple[str, ...], share: float, ask: Ask) -> CueReport:
    """Ask a network about twins.

    Args:
        twins: What to ask about.
        classes: What its outputs mean.
        share: Of the pictures it is judged by overall, how many carry the cue of their class.
        ask: The network.
    """
    n = len(twins.own)
    probabilities = ask(np.concatenate([twins.own.pixels, twins.other.pixels]))
    says = probabilities.argmax(axis=1).reshape(2, n).T
    right = says == twins.own.labels[:, None]
    cue_of = np.array([classes.index(name) for name in twins.other.groups["cue_value"].tolist()])
    expected = right @ np.array([share, 1 - share])
    return CueReport(
        share=share,
        n=n,
        overall=bounded(expected),
        aligned=_share(right[:, 0]),
        conflicting=_share(right[:, 1]),
        flips=_share(says[:, 0] != says[:, 1]),
        follows=_share(says[:, 1] == cue_of),
        says=says,
        labels=twins.own.labels,
    )


def over_seeds(reports: Sequence[CueReport]) -> CueReport:
    """What networks of one recipe come to that were all asked about the same twins."""
    return replace(
        reports[0],
        overall=over_runs([each.overall for each in reports]),
        aligned=over_runs([each.aligned for each in reports]),
        conflicting=over_runs([each.conflicting for each in reports]),
        flips=over_runs([each.flips for each in reports]),
        follows=over_runs([each.follows for each in reports]),
        seeds=len(reports),
    )


def against(
    first: Sequence[CueReport], others: Sequence[Sequence[CueReport]], ways: Sequence[str]
) -> tuple[Decision | None, ...]:
    """How much more often other recipes are right than the first where the cue misleads, and
    whether that is more than chance: as two runs are compared everywhere.

    Args:
        first: What its networks say, a seed each.
        others: The same of each of the others.
        ways: How they learn, the first too.
    """
    before = [each.misled() for each in first]

    def held(other: Sequence[CueReport], way: str, among: int) -> Decision | None:
        after = [each.misled() for each in other]
        return decide(before, after, comparisons=among, ways=(ways[0], way))

    return step_down(
        [partial(held, other, way) for other, way in zip(others, ways[1:], strict=True)]
    )


def describe(report: CueReport, title: str) -> str:
    """What came out, in a few sentences.

    Args:
        report: What the network said of twins.
        title: How it learned.
    """
    return (
        f"{title[0].upper()}{title[1:]}: right of {rate(report.overall)} of pictures of "
        f"which {in_percent(report.share)} carry the cue, and of {rate(report.conflicting)} where "
        f"the cue misleads. Exchange nothing but the cue, and it changes its answer for "
        f"{rate(report.flips)} of {report.n:,} pairs; it fell for the cue in "
        f"{rate(report.follows)} of the misleading pictures.{_of_whom(report)}"
    )


def _of_whom(report: CueReport) -> str:
    if report.of_recipe:
        return f" Means of {report.seeds} seeds: the intervals are about the recipe."
    return f" {quantity(report.seeds, 'network')}: another seed may move all this further."


def _share(found: NDArray[np.bool_]) -> Interval:
    return wilson(int(found.sum()), len(found))
