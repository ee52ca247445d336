"""What is raced over: fine-tuning one network on the same pictures under a freeze schedule.

>>> WORKS["gradual-5"].thawed(outline_blocks=("a", "b", "c"), epoch=2)
('b', 'c')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

RATE, BATCH = 1e-3, 32
"""Everybody's: AdamW at this rate, on batches of so many pictures."""


@dataclass(frozen=True)
class Work:
    """One piece of work.

    Attributes:
        name: On the command line.
        title: In tables.
        kind: `head` alone, the `last` two blocks, `gradual` thawing, or `full` fine-tuning.
        epochs: How many.
        goal: How many times as fast as the best of the others the lab wants to be.
        photos: On a few hundred real photos instead of thousands of small pictures; there the goal
            is in seconds, because somebody sits and waits for a first network.
    """

    name: str
    title: str
    kind: Literal["head", "last", "gradual", "full"]
    epochs: int
    goal: float
    photos: bool = False

    def thawed(self, outline_blocks: Sequence[str], epoch: int) -> tuple[str, ...]:
        """The blocks that train in an epoch, beside the head."""
        blocks = tuple(outline_blocks)
        count = {"head": 0, "last": 2, "gradual": epoch, "full": len(blocks)}[self.kind]
        return blocks[max(0, len(blocks) - count) :]


WORKS = {
    work.name: work
    for work in (
        Work("head-1", "head only, 1 epoch", "head", 1, 2.5),
        Work("head-5", "head only, 5 epochs", "head", 5, 10.0),
        Work("head-20", "head only, 20 epochs", "head", 20, 40.0),
        Work("last-5", "last two blocks, 5 epochs", "last", 5, 5.0),
        Work("gradual-5", "gradual thawing, 5 epochs", "gradual", 5, 2.5),
        Work("full-1", "full fine-tuning, 1 epoch", "full", 1, 1.5),
        Work("photos-5", "head only on photos, 5 epochs", "head", 5, 5.0, photos=True),
    )
}
