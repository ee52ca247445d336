"""What frozen blocks make of pictures: a function that never changes while they stay frozen.

They run without dropout and with fixed BatchNorm statistics, so a picture looks the same to the
thawed blocks in every epoch, be it computed anew or kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from tlcore.nn.device import computing_in, give_memory_back, is_out_of_memory
from tlcore.nn.engine.fusing import folded, fused
from tlcore.nn.networks.network import Network
from tlcore.recipe import Augmentation
from tlcore.schedule.plan import Plan, Thaw

BATCH_ON_CPU, BATCH_ON_GPU = 32 * 96 * 96, 64 * 224 * 224
"""Pixels that go through at once: on a CPU what caches hold (docs/LOG.md), on a GPU what fits."""


def batch_for(size: int, device: torch.device) -> int:
    """How many pictures go through at once where nothing is learned.

    >>> [batch_for(size, torch.device("cpu")) for size in (32, 96, 224)]
    [128, 32, 5]
    """
    if device.type == "cpu":
        return max(1, min(128, BATCH_ON_CPU // size**2))
    return max(1, min(1024, BATCH_ON_GPU // size**2))


Found = TypeVar("Found")


def looked_at(
    count: int, size: int, device: torch.device, look: Callable[[Tensor], Found]
) -> Iterator[tuple[Tensor, Found]]:
    """What `look` makes of all rows, some at a time, and half as many once memory runs out."""
    batch, first = batch_for(size, device), 0
    while first < count:
        rows = torch.arange(first, min(first + batch, count))
        found = _tried(look, rows)
        if found is None:  # the error is gone, and what it held of the memory
            batch = len(rows) // 2
            give_memory_back(device)
            continue
        yield rows, found
        first += len(rows)


def _tried(look: Callable[[Tensor], Found], rows: Tensor) -> Found | None:
    try:
        return look(rows)
    except RuntimeError as error:
        if len(rows) == 1 or not is_out_of_memory(error):
            raise
        return None


def may_skip(thaw: Thaw, network: Network, augmentation: Augmentation) -> bool:
    """Whether the frozen blocks can be run apart from the others.

    Not with adapted BatchNorm (frozen blocks change too), and not where pictures are blended,
    which has to happen before the first block. Where a network's stages can't be run one by
    one, only the whole backbone can be run apart.
    """
    blends = augmentation.mixup or augmentation.cutmix
    if thaw.boundary == 0 or thaw.batchnorm == "adapted" or blends:
        return False
    return network.exact or thaw.boundary == len(network.stages)


class Frozen:
    """The first blocks of a network, as they are now.

    Attributes:
        boundary: How many of them.
        boundaries: Where else what they compute may be taken off, in rising order, and there.
        network: The whole network as it is now, those blocks in fewer operations.
    """

    def __init__(
        self,
        network: Network,
        boundary: int,
        size: int,
        precision: torch.dtype,
        *,
        later: Sequence[int] = (),
    ) -> None:
        self.boundary = boundary
        self.boundaries = tuple(sorted({boundary, *later}))
        self._precision = precision
        self._device = next(network.parameters()).device
        self._original = network
        picture = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
        picture = picture.to(self._device).contiguous(memory_format=torch.channels_last)
        faster = folded(network, picture, boundary)
        batch = batch_for(size, self._device)
        self.network = fused(faster, picture, boundary, precision, batch)

    def __call__(self, pictures: Tensor) -> Tensor:
        """The input of block number `boundary`."""
        return self.at((self.boundary,), pictures)[0]

    def at(self, boundaries: Sequence[int], pictures: Tensor) -> list[Tensor]:
        """The inputs of several blocks, in rising order, from one pass."""
        found, reached = [], 0
        with torch.no_grad(), computing_in(self._precision, self._device):
            for boundary in boundaries:
                for stage in self.network.stages[reached:boundary]:
                    pictures = stage.run(pictures)
                reached = boundary
                found.append(pictures)
        return found

    def digest(self, boundary: int) -> str:
        """Of all that the input of this block depends on beside the pictures. Only as long as the
        blocks before it have stayed as they are."""
        kind = f"fused {self._precision} {self._device.type} torch {torch.__version__}"
        return f"{_sum_of(self._original, boundary)} {kind}"


def later_boundaries(plan: Plan, thaw: Thaw) -> list[int]:
    """Where later phases begin to thaw, as long as each phase freezes no more than the one before:
    what lies before those blocks stays as it is all that time."""
    found: list[int] = []
    for later in plan.thaws[thaw.phase + 1 :]:
        if not 0 < later.boundary <= min(found, default=thaw.boundary):
            break
        found.append(later.boundary)
    return found


def _sum_of(network: Network, boundary: int) -> str:
    """Of the weights and statistics of the first blocks, and of how they are built."""
    later = {
        name.rpartition(".")[0] for stage in network.stages[boundary:] for name in stage.parameters
    }
    total = hashlib.sha256(f"{boundary} {sorted(network.options.items())}".encode())
    total.update(repr(network.backbone).encode())
    for name, tensor in network.backbone.state_dict().items():
        if name.rpartition(".")[0] not in later:
            plain = tensor.detach().cpu().contiguous().reshape(-1)
            total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            total.update(plain.view(torch.uint8).numpy().data)
    return total.hexdigest()
