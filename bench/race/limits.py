"""How fast a network is beside how fast this machine could be, as a line of a table."""

from __future__ import annotations

from dataclasses import dataclass

LIMIT_HEADER = (
    "| network | size | pictures a second | at the limit | share | matrix product | copy |\n"
    "|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Limit:
    """What was measured.

    Attributes:
        operations: A second, of a matrix product.
        bytes: A second, read and written by a copy.
        seconds: For one batch, as the lab computes it.
        bound: For the same batch, at those two speeds.
        batch: Pictures in it.
    """

    operations: float
    bytes: float
    seconds: float
    bound: float
    batch: int

    @property
    def share(self) -> float:
        """Of the speed that is possible at all.

        >>> Limit(operations=1e11, bytes=1e10, seconds=0.02, bound=0.012, batch=32).share
        0.6
        """
        return self.bound / self.seconds


def limit_line(backbone: str, size: int, limit: Limit) -> str:
    """One network's speed beside the speed that it could have.

    >>> limit_line("resnet18", 96, Limit(4e11, 2.5e10, seconds=0.02, bound=0.01, batch=32))
    '| resnet18 | 96 px | 1,600 | 3,200 | 50% | 400 GFLOP/s | 25.0 GB/s |'
    """
    ours, bound = limit.batch / limit.seconds, limit.batch / limit.bound
    speeds = f"{limit.operations / 1e9:,.0f} GFLOP/s | {limit.bytes / 1e9:.1f} GB/s"
    return f"| {backbone} | {size} px | {ours:,.0f} | {bound:,.0f} | {limit.share:.0%} | {speeds} |"
