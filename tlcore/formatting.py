"""Values as people read them; and text that users typed, kept from being read as markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
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

    >>> from tlcore.analysis.intervals import Interval
    >>> rate(Interval(0.712, 0.6571, 0.7604, 250)), rate(Interval(0.712, 0.7031, 0.7208, 10_000))
    ('71 % [66, 76]', '71.2 % [70.3, 72.1]')
    """
    digits = _digits(interval.n)
    low, high = (f"{100 * bound:.{digits}f}" for bound in (interval.low, interval.high))
    return f"{in_percent(interval.value, digits=digits)} [{low}, {high}]"


def gain(interval: Interval) -> str:
    """A difference of shares with its interval, in percentage points.

    >>> from tlcore.analysis.intervals import Interval
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

    >>> from tlcore.analysis.intervals import Interval
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

    >>> from tlcore.analysis.intervals import Interval
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


ICE = "#2B8CBE"
"""Frozen."""
EMBER = "#E6550D"
"""Thawed."""

CLASS_COLOURS = (
    "#4477AA",
    "#EE6677",
    "#228833",
    "#CCBB44",
    "#66CCEE",
    "#AA3377",
    "#DD8452",
    "#44AA99",
    "#882255",
    "#999933",
)
"""Told apart by colour-blind people too, after Paul Tol's bright and muted schemes."""


def class_colour(label: int) -> str:
    """The colour of a class, on every page and in every report."""
    return CLASS_COLOURS[label % len(CLASS_COLOURS)]


RUN_COLOURS = ("#4477AA", "#AA3377", "#228833", "#B8860B", "#8866CC", "#2A9D8F")
"""Told apart by colour-blind people with the marks that go with them, and three times as bright or
as dark as the page, be that white or black. None of them is ice or ember."""


def run_colour(number: int) -> str:
    """The colour of the so-manieth run of those that are shown together."""
    return RUN_COLOURS[number % len(RUN_COLOURS)]


_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")
_READ_AFTER_ESCAPES = re.compile(r"\\[:@]|\\[-<>~](?=\\[-=>])|\bwww\b", re.IGNORECASE)
_JOINER = "\u2060"
_KILO = 1000


def literal(text: str) -> str:
    r"""Text that a user typed, for places where Streamlit reads Markdown: shown as it is.

    Every mark is escaped. Colours, emoji, addresses and arrows (`:red[...]`, `:smile:`, `www.`,
    `@`, `->`, `--`) are found after the escapes are gone, so a word joiner, which has no width,
    breaks them up.

    >>> literal("<b>*cat*</b>")
    '\\<b\\>\\*cat\\*\\<\\/b\\>'
    """
    lines = (_MARKUP.sub(r"\\\1", line) for line in text.splitlines())
    return _READ_AFTER_ESCAPES.sub(lambda found: found[0] + _JOINER, "  \n".join(lines))


def short(text: str, most: int = 60) -> str:
    """The beginning of a name, where a whole one of 300 letters would push all else away.

    >>> short("umbrella", 6), short("mug", 6)
    ('umbre…', 'mug')
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def in_plotly(text: str, *, most: int = 300) -> str:
    """Text that a user typed, for Plotly, which takes `<b>` and `<a href>` in any text as markup.

    >>> in_plotly("a <b>cat</b> & co."), in_plotly("umbrella", most=6)
    ('a &lt;b&gt;cat&lt;/b&gt; &amp; co.', 'umbre…')
    """
    return escape(short(" ".join(text.split()), most), quote=False)


def percent(share: float | None, digits: int = 1) -> str:
    """A share as people read it.

    >>> percent(0.9512), percent(None)
    ('95.1 %', '–')
    """
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def with_interval(found: Interval | Mapping[str, Any]) -> str:
    """A share with its 95 % interval.

    >>> with_interval({"value": 0.712, "low": 0.66, "high": 0.76})
    '71.2 % [66.0, 76.0]'
    """
    fields = found if isinstance(found, Mapping) else vars(found)
    low, high = (f"{100 * fields[name]:.1f}" for name in ("low", "high"))
    return f"{percent(fields['value'])} [{low}, {high}]"


def duration(seconds: float | None) -> str:
    """A stretch of time, in the two largest units that matter.

    >>> duration(8.25), duration(75), duration(7260), duration(None)
    ('8.2 s', '1 min 15 s', '2 h 1 min', '–')
    """
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def moment(seconds: float, zone: str | None = None) -> str:
    """A point in time, given in seconds since 1970.

    >>> moment(1_800_000_000, "Europe/Berlin")
    '15 Jan 2027, 09:00:00'

    Args:
        seconds: When.
        zone: Where; UTC if nobody knows.
    """
    try:
        there = ZoneInfo(zone or "UTC")
    except (ValueError, ZoneInfoNotFoundError):
        there = ZoneInfo("UTC")
    return f"{datetime.fromtimestamp(seconds, there):%-d %b %Y, %H:%M:%S}"


def size(count: float) -> str:
    """A number of bytes.

    >>> size(512), size(13_400_000)
    ('512 B', '13.4 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < _KILO or unit == "GB":
            break
        count /= _KILO
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def amount(count: float) -> str:
    """A large count, short.

    >>> amount(950), amount(721_504), amount(23_500_000)
    ('950', '722 k', '23.5 M')
    """
    if count < _KILO:
        return f"{count:.0f}"
    if count < _KILO**2:
        return f"{count / _KILO:.0f} k" if count >= 10 * _KILO else f"{count / _KILO:.1f} k"
    return f"{count / _KILO**2:.1f} M" if count < _KILO**3 else f"{count / _KILO**3:.1f} G"
