"""The catalogue: which backbones there are, what they look like inside, and where their weights lie."""

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
    "Backbone",
    "CARDS",
    "HALF",
    "IMAGENET",
    "canonical",
    "check",
    "here",
    "lookup",
    "outline_for",
]
