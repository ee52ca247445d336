"""What enters the thawed part of the network: computed each time, or once and kept.

What frozen blocks make of a picture never changes while they stay frozen. Kept activations then
cost a head-only epoch no more than a few matrix products.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from tlcore.events import Keeping
from tlcore.nn.engine.activation_store import Shelf, open_shelf
from tlcore.nn.engine.batches import Resident
from tlcore.nn.engine.frozen import Frozen, batch_for, looked_at
from tlcore.nn.preprocessing import Preparation
from tlcore.nn.seeding import PictureChance, seed_for
from tlcore.recipe import Augmentation


@dataclass(frozen=True)
class Views:
    """How pictures are changed where each has a few views, which epochs go through in turn.

    What a view of a picture looks like follows from the seed, the view and the picture alone, so
    it is the same kept or drawn again, whatever disk, memory and device are like.

    Attributes:
        augmentation: What each view goes through.
        count: How many views of each picture there are.
        seed: Of the recipe.
    """

    augmentation: Augmentation
    count: int
    seed: int


_FORMAT = 2
"""Of how kept activations come about: counts up when the same facts come to mean other numbers."""

PLAIN = Views(Augmentation(), 1, 0)
"""The pictures as they are."""


class Activations:
    """The input of block number `boundary` for any rows of some pictures.

    The boundary is 0, where the pictures themselves go in, until `enter` moves it.

    Attributes:
        frozen: The blocks before the boundary, if they run apart from the others.
    """

    def __init__(
        self, pictures: Resident, prepare: Preparation, views: Views = PLAIN, *, of: str = ""
    ) -> None:
        self.pictures = pictures
        self.prepare = prepare
        self.boundary = 0
        self._views, self._of = views, of
        self.frozen: Frozen | None = None
        self._shelves: dict[str, Shelf] = {}
        self._kept: Shelf | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def size(self) -> int:
        """Width and height of the pictures that go in."""
        return self.prepare.size

    @property
    def device(self) -> torch.device:
        return self.pictures.device

    @property
    def views(self) -> int:
        """How many changed views there are of each picture."""
        return self._views.count

    @property
    def kept(self) -> bool:
        """Whether the frozen blocks need not run any more."""
        return self._kept is not None

    def batch(
        self,
        rows: Tensor,
        augmentation: Augmentation | None = None,
        chance: torch.Generator | None = None,
        *,
        epoch: int = 0,
    ) -> Tensor:
        """What enters the thawed blocks for these rows.

        Args:
            augmentation: What the pictures go through first, unless they have views.
            chance: For that.
            epoch: Which of the views it is the turn of.
        """
        if self._kept is not None:
            view = epoch % self._views.count
            return self._kept.rows(rows + view * len(self)).to(self.device)
        if self._views.augmentation.active:
            pictures = self._viewed(rows, epoch % self._views.count)
        else:
            pictures = self.prepare(self.pictures.pixels(rows), augmentation, chance)
        return pictures if self.frozen is None else self.frozen(pictures)

    def enter(self, frozen: Frozen | None, *, keep: bool) -> Iterator[Keeping]:
        """From now on the thawed blocks begin where the frozen ones end.

        Args:
            frozen: The frozen blocks; None if they must run with the others.
            keep: Compute what they make of all pictures now, if there is room for it. One pass
                serves all boundaries that the schedule comes to.
        """
        self.frozen, self.boundary = frozen, frozen.boundary if frozen else 0
        self._kept = None
        if frozen is None or not keep:
            self._shelves = {}
            return
        wanted = self._key(frozen, frozen.boundary)
        if wanted not in self._shelves:
            self._shelves = yield from self._computed(frozen)
        self._kept = self._shelves.get(wanted)

    def _computed(self, frozen: Frozen) -> Generator[Keeping, None, dict[str, Shelf]]:
        """The activations at the boundary, and at the later ones if there is room for them."""
        looks = frozen.at(frozen.boundaries, self._viewed(torch.arange(1), 0))
        total = len(self) * self._views.count
        shelves: dict[int, Shelf] = {}
        for boundary, look in reversed([*zip(frozen.boundaries, looks, strict=True)]):
            shelf = open_shelf(self._key(frozen, boundary), total, look[0], self.device, self._of)
            if shelf is None:
                break
            shelves[boundary] = shelf
        yield from self._fill(frozen, {b: shelf for b, shelf in shelves.items() if not shelf.full})
        return {self._key(frozen, boundary): shelf for boundary, shelf in shelves.items()}

    def _fill(self, frozen: Frozen, shelves: dict[int, Shelf]) -> Iterator[Keeping]:
        """One pass of all views of all pictures through the frozen blocks."""
        if not shelves:
            return
        boundaries = sorted(shelves)
        total, done = len(self) * self._views.count, 0
        for view in range(self._views.count):
            look = partial(self._seen, frozen, boundaries, view)
            for rows, found in looked_at(len(self), self.size, self.device, look):
                for boundary, activations in zip(boundaries, found, strict=True):
                    shelves[boundary].put(done, activations)
                done += len(rows)
                yield Keeping(done, total)
        for shelf in shelves.values():
            shelf.close()

    def _seen(
        self, frozen: Frozen, boundaries: Sequence[int], view: int, rows: Tensor
    ) -> list[Tensor]:
        return frozen.at(boundaries, self._viewed(rows, view))

    def _viewed(self, rows: Tensor, view: int) -> Tensor:
        chance = PictureChance(seed_for(self._views.seed, "view", view), rows)
        return self.prepare(self.pictures.pixels(rows), self._views.augmentation, chance)

    def _key(self, frozen: Frozen, boundary: int) -> str:
        """Of all that the kept activations depend on."""
        views = self._views
        facts = (
            _FORMAT,
            frozen.digest(boundary),
            self.pictures.digest,
            vars(self.prepare),
            views.augmentation.model_dump(),
            views.count,
            views.seed if views.augmentation.active else 0,
            batch_for(self.size, self.device),
        )
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
