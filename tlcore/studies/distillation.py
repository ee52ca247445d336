"""A finished run's network as teacher of a lighter one: the recipe of such a student.

>>> from tlcore.recipe import Recipe
>>> student = student_of(Recipe(epochs=8), Path("best.safetensors"), "scratch-plain")
>>> student.model.weights, student.schedule.preset, student.distillation.temperature, student.epochs
('none', 'full', 4.0, 8)
>>> alone(student).distillation.teacher
''
"""

from __future__ import annotations

from pathlib import Path

from tlcore import catalog
from tlcore.recipe import Distillation, EarlyStopping, Model, Optimiser, Recipe
from tlcore.schedule import FreezeSchedule
from tlcore.schedule.rates import RateSchedule

WEIGHT = 4.0
"""How much a teacher's answers count, where labels count 1: they say more."""


def student_of(taught: Recipe, network: Path, backbone: str) -> Recipe:
    """The recipe of a student that learns from the same pictures as its teacher did.

    A backbone with pre-trained weights follows the teacher's schedule and rates. One without any is
    trained as a whole, at the house's rates for that.

    Args:
        taught: The teacher's own recipe.
        network: The file of the teacher's network.
        backbone: The student's.
    """
    fresh = _is_from_scratch(backbone)
    own = {
        "schedule": FreezeSchedule(preset="full"),
        "optimiser": Optimiser(rate=2e-3, weight_decay=0.05),
        "rate_schedule": RateSchedule(name="one-cycle"),
        "early_stopping": EarlyStopping(keep="last"),  # where the cycle ends
    }
    solved = {"optimiser": Optimiser()} if taught.optimiser.name == "exact" else {}
    return taught.model_copy(
        update={
            **solved,  # nobody imitates in one step
            "name": f"{backbone}, taught",
            "model": Model(backbone=backbone, weights="none" if fresh else "pretrained"),
            # a teacher has seen no blends, and smoothed labels would blur what it says
            "augmentation": taught.augmentation.model_copy(update={"mixup": 0.0, "cutmix": 0.0}),
            "label_smoothing": 0.0,
            "distillation": Distillation(teacher=str(network), weight=WEIGHT),
            **(own if fresh else {}),
        }
    )


def alone(student: Recipe) -> Recipe:
    """The same student without its teacher."""
    name = student.name.removesuffix(", taught")
    return student.model_copy(update={"name": f"{name}, alone", "distillation": Distillation()})


def _is_from_scratch(backbone: str) -> bool:
    card = catalog.lookup(backbone)
    return card is not None and card.kind == "scratch"
