"""The catalogue: which backbones there are, their blocks, and where their weights lie."""

from tlcore.catalog.cards import (
    CARDS,
    HALF,
    IMAGENET,
    Backbone,
    canonical,
    check,
    here,
    lookup,
    outline_for,
)

__all__ = [
    "CARDS",
    "HALF",
    "IMAGENET",
    "Backbone",
    "canonical",
    "check",
    "here",
    "lookup",
    "outline_for",
]
