"""Elements of HTML and SVG, built so that text can't become markup."""

from __future__ import annotations

import re
from html import escape

_PERCENT = re.compile(r"(?<=\d) %")
_JOINERS = "\u200c\u200d"
"""They hold emoji and some scripts together, and count as unprintable."""
_EMPTY = frozenset({"br", "hr", "img", "meta"})


class Markup(str):
    """Text that is markup already. Any other text is escaped where it enters an element."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: object) -> Markup:
    """An element. `class_` stands for `class`, an underscore for a hyphen, None for no attribute.

    >>> element("p", "1 < 2", element("b", "!"), class_="sum", data_n=3)
    '<p class="sum" data-n="3">1 &lt; 2<b>!</b></p>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(*children)}</{name}>")


def join(*parts: str) -> Markup:
    """Parts one after another."""
    return Markup("".join(part if isinstance(part, Markup) else _text(part) for part in parts))


def shown(text: str) -> str:
    """Text without characters that can't be seen or that turn the direction of others.

    >>> shown("cat\\x00\\u202egod")
    'cat\ufffd\ufffdgod'
    """
    return "".join(c if c.isprintable() or c in "\n\t" + _JOINERS else "\ufffd" for c in text)


def shorten(text: str, most: int) -> str:
    """The beginning of a text that is too long for its place.

    >>> shorten("umbrella", 6), shorten("mug", 6)
    ('umbre…', 'mug')
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(text: str) -> str:
    """Numbers stay together with their percent signs."""
    return _PERCENT.sub("\u00a0%", escape(shown(text)))


def _number(value: object) -> str:
    """Two decimals are enough for any place in a drawing."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
