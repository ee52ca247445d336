"""Data sets: found or drawn, decoded once, split fairly and checked.

`load` is what a run asks; `open_dataset` what a page asks; `describe` says what there is.
"""

from tlcore.data.cards import DatasetCard, describe
from tlcore.data.load import load, open_dataset
from tlcore.data.pictures import Dataset, Pictures, Splits

__all__ = ["Dataset", "DatasetCard", "Pictures", "Splits", "describe", "load", "open_dataset"]
