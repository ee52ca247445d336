"""What enters the thawed part of the network: computed each time, or once and kept.

Frozen blocks run without dropout and with fixed BatchNorm statistics, so what they make of a
picture never changes while they stay frozen. Kept activations then cost a head-only epoch
no more than a few matrix products.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tlcore.nn.device import available_memory, computing_in
from tlcore.nn.engine.batches import SHARE_OF_MEMORY, Resident
from tlcore.nn.network import Network
from tlcore.nn.prepare import Preparation
from tlcore.plan import Thaw
from tlcore.recipe import Augmentation, Recipe

MOST_PIXELS = 64 * 224 * 224


def batch_for(size: int) -> int:
    """How many pictures go through at once where nothing is learned: large batches for small
    pictures, and no more memory than a laptop has for large ones.

    >>> batch_for(32), batch_for(96), batch_for(224)
    (256, 256, 64)
    """
    return max(1, min(256, MOST_PIXELS // size**2))


class Activations:
    """The input of block number `boundary` for any rows of some pictures.

    The boundary is 0, where the pictures themselves go in, until `keep` moves it.
    """

    def __init__(
        self, network: Network, pictures: Resident, prepare: Preparation, precision: torch.dtype
    ) -> None:
        self.pictures = pictures
        self.boundary = 0
        self._network, self._prepare, self._precision = network, prepare, precision
        self._kept: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def size(self) -> int:
        """Width and height of the pictures that go in."""
        return self._prepare.size

    @property
    def device(self) -> torch.device:
        return self.pictures.device

    def batch(
        self,
        rows: Tensor,
        augmentation: Augmentation | None = None,
        chance: torch.Generator | None = None,
    ) -> Tensor:
        """The activations of these rows; pictures that go in themselves may be augmented."""
        if self._kept is not None:
            return self._kept[rows.to(self._kept.device)].to(self.device)
        return self._prepare(self.pictures.pixels(rows), augmentation, chance)

    def keep(self, boundary: int) -> bool:
        """Compute the input of this block for all pictures, if that fits into memory.

        Says whether it did; if not, the pictures go in as before.
        """
        self.forget()
        first = self._before(boundary, torch.arange(1))
        if first.nbytes * len(self) > SHARE_OF_MEMORY * available_memory(first.device):
            return False
        kept = first.new_empty((len(self), *first.shape[1:]))
        for rows in torch.arange(len(self)).split(batch_for(self.size)):
            kept[rows.to(kept.device)] = self._before(boundary, rows)
        self._kept, self.boundary = kept, boundary
        return True

    def forget(self) -> None:
        """Free what is kept; pictures go in themselves again."""
        self._kept, self.boundary = None, 0

    def _before(self, boundary: int, rows: Tensor) -> Tensor:
        pictures = self._prepare(self.pictures.pixels(rows))
        with torch.no_grad(), computing_in(self._precision, self.device):
            return self._network.prefix(pictures, boundary)


def may_keep(recipe: Recipe, thaw: Thaw, network: Network) -> bool:
    """Whether the frozen blocks say the same of a picture every time.

    Not with augmentation (every view is new) and not with adapted BatchNorm (frozen blocks
    change too). Where a network's stages can't be run one by one, only the whole backbone can
    be skipped.
    """
    if recipe.augmentation.active or thaw.batchnorm == "adapted" or thaw.boundary == 0:
        return False
    return network.exact or thaw.boundary == len(network.stages)
