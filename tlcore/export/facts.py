"""What was measured of an exported network: plain values, and what follows from them in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from tlcore.analysis.comparison import McNemar
from tlcore.analysis.intervals import CONFIDENCE, Interval
from tlcore.formatting import gain, in_percent, quantity, rate

Way: TypeAlias = Literal["static", "dynamic"]
"""How a network is brought to eight bits: with ranges found on training pictures beforehand, or
with ranges found anew for every picture, which is for dense layers alone."""

TOLERANCE = 1e-3
"""The most by which any probability may differ from the lab's own."""

MOST_DIFFERENT = 1e-3
"""The largest share of pictures that may be called differently (ties, that is)."""

MOST_REROUNDED = 0.01
"""The same where another program resizes the pictures, and rounds in between."""

TOO_MUCH = 0.01
"""A loss of accuracy that is called one."""


@dataclass(frozen=True)
class Parity:
    """How far the exported network is from the lab's own, on the run's test pictures.

    Attributes:
        n: Pictures on which they were compared.
        largest: The largest difference of any probability, both computed in float32.
        different: Pictures that they call differently.
        accuracy: Of the exported network.
        saved: Share of the pictures that it calls as the run did when it was tested.
        precision: Of the run's arithmetic then.
    """

    n: int
    largest: float
    different: int
    accuracy: Interval
    saved: float
    precision: str

    @property
    def holds(self) -> bool:
        """Whether it may be given away. A single tie is forgiven among few pictures."""
        few = max(1, int(MOST_DIFFERENT * self.n))
        return self.largest <= TOLERANCE and self.different <= few

    @property
    def words(self) -> str:
        """In a sentence or two."""
        same = self.n - self.different
        text = (
            f"On {quantity(self.n, 'test picture')} of the run no probability differs by more than "
            f"{self.largest:.1g} from the lab's own in float32 (allowed: {TOLERANCE:g}), and "
            f"{same:,} are called the same (allowed to differ: "
            f"{in_percent(MOST_DIFFERENT, digits=1)}, or one). "
        )
        if self.precision == "float32":
            return text + f"It calls {in_percent(self.saved, digits=1)} of them as the run did."
        return (
            f"{text}The run itself was tested in {self.precision}, which rounds more: it called "
            f"{in_percent(self.saved, digits=1)} of them the same."
        )


@dataclass(frozen=True)
class TimmParity:
    """How far timm, reading its folder, is from the lab's own, on the run's test pictures.

    Attributes:
        n: Pictures on which they were compared.
        largest: The largest difference of any logit, for the very same input.
        different: Pictures that timm, preparing them itself, calls differently.
    """

    n: int
    largest: float
    different: int

    @property
    def holds(self) -> bool:
        """Whether it may be given away. timm rounds to bytes after resizing, the lab doesn't."""
        return self.largest <= TOLERANCE and self.different <= max(1, MOST_REROUNDED * self.n)

    @property
    def words(self) -> str:
        """In a sentence."""
        return (
            f"For the same input no number of timm's differs by more than {self.largest:.1g} "
            f"from the lab's (allowed: {TOLERANCE:g}); of {quantity(self.n, 'test picture')} that "
            f"timm prepared itself, {self.n - self.different:,} are called the same (allowed to "
            f"differ: {in_percent(MOST_REROUNDED, digits=1)}, or one)."
        )


@dataclass(frozen=True)
class Pace:
    """How fast a network answers.

    Attributes:
        before: Pictures a second in float32, the median of all rounds.
        after: The same in eight bits.
        ratio: How much faster, the median of the rounds' ratios.
        rounds: How often both took a turn.
        batch: Pictures in a turn.
        threads: That each computed with.
    """

    before: float
    after: float
    ratio: float
    rounds: int
    batch: int
    threads: int


@dataclass(frozen=True)
class Eight:
    """A network in eight bits, against the same in float32.

    Attributes:
        way: How it was brought there.
        calibrated: Training pictures that set its ranges; 0 where each picture sets its own.
        accuracy: On the test pictures that parity was checked on.
        before: The same of float32.
        lost: The difference, picture by picture; below 0 where accuracy is lost.
        test: McNemar's test of the same.
        bytes: Of its file.
        bytes_before: Of the file in float32.
        pace: How fast it is.
    """

    way: Way
    calibrated: int
    accuracy: Interval
    before: Interval
    lost: Interval
    test: McNemar
    bytes: int
    bytes_before: int
    pace: Pace

    @property
    def too_much(self) -> bool:
        """Whether it loses more than it should, and chance doesn't explain it."""
        return self.lost.value <= -TOO_MUCH and self.lost.high < 0

    @property
    def verdict(self) -> str:
        """Whether to use it, in words that stand on the interval."""
        agrees = (self.test.p < 1 - CONFIDENCE) == (self.lost.low > 0 or self.lost.high < 0)
        figure = f" ({self.test.words})" if agrees else ""
        said = (
            f"Accuracy {rate(self.accuracy)} instead of {rate(self.before)}: {gain(self.lost)}; it "
            f"fixes {quantity(self.test.fixed, 'picture')} and breaks {self.test.broken:,}{figure}."
        )
        if self.lost.high < -TOO_MUCH:
            return f"{said} That is too much: use model.onnx where accuracy counts."
        if self.too_much:
            return f"{said} That may be too much: use model.onnx where accuracy counts."
        if self.lost.low < -TOO_MUCH:
            return f"{said} Whether that is too much, these pictures can't tell."
        return f"{said} It loses less than {100 * TOO_MUCH:.0f} point."

    @property
    def cost(self) -> str:
        """Size and speed in a sentence."""
        pace = self.pace
        speed = (
            f"{pace.ratio:.2g} times as fast"
            if pace.ratio >= 1
            else f"{1 / pace.ratio:.2g} times slower"
        )
        return (
            f"{megabytes(self.bytes)} instead of {megabytes(self.bytes_before)}; {speed} on this "
            f"machine ({pace.after:,.0f} against {pace.before:,.0f} pictures a second, median of "
            f"{pace.rounds} rounds of {quantity(pace.batch, 'picture')} on "
            f"{quantity(pace.threads, 'thread')})."
        )


@dataclass(frozen=True)
class Shipped:
    """What was written.

    Attributes:
        place: The folder or zip.
        files: Names of the files in it, and their bytes.
        parity: How far the exported network is from the lab's own.
        eight: What eight bits cost and gain, where they were asked for.
        timm: How far timm's folder is from the lab's own, where it was asked for.
    """

    place: Path
    files: Mapping[str, int]
    parity: Parity
    eight: Eight | None
    timm: TimmParity | None = None


def megabytes(count: int) -> str:
    """A file's size.

    >>> megabytes(1_234_567), megabytes(45_600)
    ('1.2 MB', '0.05 MB')
    """
    amount = count / 10**6
    return f"{amount:.1f} MB" if amount >= 0.1 else f"{amount:.2f} MB"
