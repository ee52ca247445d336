"""Numbers as people read them: never more digits than the number of pictures bears."""

from __future__ import annotations

from tlcore.analysis.intervals import Interval

MANY = 1000
"""From so many pictures on, a tenth of a percent means something."""


def in_percent(share: float, *, digits: int = 0) -> str:
    """A share, in percent.

    >>> in_percent(0.713), in_percent(0.713, digits=1), in_percent(1)
    ('71 %', '71.3 %', '100 %')
    """
    return f"{100 * share:.{digits}f} %"


def rate(interval: Interval) -> str:
    """A share with its interval.

    >>> rate(Interval(0.712, 0.6571, 0.7604, 250)), rate(Interval(0.712, 0.7031, 0.7208, 10_000))
    ('71 % [66, 76]', '71.2 % [70.3, 72.1]')
    """
    digits = _digits(interval.n)
    low, high = (f"{100 * bound:.{digits}f}" for bound in (interval.low, interval.high))
    return f"{in_percent(interval.value, digits=digits)} [{low}, {high}]"


def gain(interval: Interval) -> str:
    """A difference of shares with its interval, in percentage points.

    >>> gain(Interval(0.1, 0.026, 0.17, 100)), gain(Interval(-0.004, -0.011, 0.003, 10_000))
    ('+10 points [+3, +17]', '−0.4 points [−1.1, +0.3]')
    """
    digits = _digits(interval.n)
    value, low, high = (
        _signed(100 * each, digits) for each in (interval.value, interval.low, interval.high)
    )
    return f"{value} points [{low}, {high}]"


def decimal(interval: Interval) -> str:
    """A score from 0 to 1 with its interval.

    >>> decimal(Interval(0.9312, 0.9021, 0.95, 250))
    '0.931 [0.902, 0.950]'
    """
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def points(difference: float) -> str:
    """How far apart two shares are.

    >>> points(0.1843), points(-0.012), points(0.004)
    ('18 points', '1 point', '0 points')
    """
    whole = round(abs(100 * difference))
    return f"{whole} point{'' if whole == 1 else 's'}"


def reach(distance: Interval) -> str:
    """The same with its interval.

    >>> reach(Interval(0.1843, 0.0913, 0.2651, 400))
    '18 points [9, 27]'
    """
    low, high = (round(100 * bound) for bound in (distance.low, distance.high))
    return f"{points(distance.value)} [{low}, {high}]"


def quantity(count: int, noun: str) -> str:
    """How many of a thing.

    >>> quantity(1, "picture"), quantity(1200, "picture")
    ('1 picture', '1,200 pictures')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def chance(p: float) -> str:
    """A probability, in as many digits as matter.

    >>> chance(0.0129), chance(0.41), chance(1e-9)
    ('0.013', '0.41', 'below 0.0001')
    """
    return "below 0.0001" if p < 0.0001 else f"{p:.2g}"


def _digits(n: int) -> int:
    return 1 if n >= MANY else 0


def _signed(value: float, digits: int) -> str:
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else f"{0:.{digits}f}"
