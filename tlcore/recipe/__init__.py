"""Recipes: what a run is made of, as validated values, as text and as presets."""

from tlcore.recipe.model import (
    OF_THE_HUB,
    VERSION,
    Augmentation,
    Data,
    Distillation,
    EarlyStopping,
    Head,
    Input,
    Model,
    Optimiser,
    Recipe,
    Shapes,
)

__all__ = [
    "OF_THE_HUB",
    "VERSION",
    "Augmentation",
    "Data",
    "Distillation",
    "EarlyStopping",
    "Head",
    "Input",
    "Model",
    "Optimiser",
    "Recipe",
    "Shapes",
]
