"""Values as people read them; and text that users typed, kept from being read as markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tlcore.analysis.intervals import Interval

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
