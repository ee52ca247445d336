"""The recipe that somebody is putting together: one value that pages share and a link carries.

Widgets forget what is in them when their page is left; the draft doesn't.
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import Mapping
from typing import Any

import streamlit as st

from tlcore.errors import Problem, RecipeError
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_fields, to_fields

_DRAFT, _LINKS, _BY_HAND = "draft", "draft's links", "draft's fields typed by hand"
_LONGEST = 256 * 1024
LONGEST_LINK = 8_000
"""Letters: servers and browsers refuse longer addresses sooner or later."""

_BEHIND = 10.0
"""Seconds that a browser may take until its address is the one that it was told to show."""


def draft() -> Recipe:
    """The draft as it stands; at first the one in the address, else the default recipe."""
    link = st.query_params.get("recipe", "")
    if link and not _is_our_own(link):
        _note(link)
        st.session_state[_DRAFT] = unpacked(link)
    return from_fields(st.session_state.get(_DRAFT, {}), where="the draft")


def _is_our_own(link: str) -> bool:
    """Whether the address is what it was told to be, now or a moment ago: who is quick has done
    something else before the browser knew, and must not be taken back to where they were."""
    links = _links()
    last = link == next(reversed(links), "")
    return last or time.monotonic() - links.get(link, -_BEHIND) < _BEHIND


def _note(link: str) -> None:
    """This link is the draft's; of earlier ones, note when they were superseded."""
    links, now = _links(), time.monotonic()
    kept = {each: noted for each, noted in links.items() if now - noted < _BEHIND}
    if links:
        latest = next(reversed(links))
        kept[latest] = now
    kept.pop(link, None)
    st.session_state[_LINKS] = kept | {link: now}


def _links() -> dict[str, float]:
    found: dict[str, float] = st.session_state.get(_LINKS, {})
    return found


def keep_draft(recipe: Recipe) -> None:
    """Make this the draft."""
    st.session_state[_DRAFT] = to_fields(recipe)


def typed_by_hand() -> set[str]:
    """The fields that this session's person has set: what is chosen elsewhere never moves them."""
    found: set[str] = st.session_state.setdefault(_BY_HAND, set())
    return found


def show_in_address(recipe: Recipe) -> None:
    """Have the address reopen this very draft, in any browser; unless it would be too long, as with
    hundreds of corrections. The draft is then in this session alone."""
    link = packed(recipe)
    if len(link) > LONGEST_LINK:
        st.query_params.pop("recipe", None)
        return
    if link != next(reversed(_links()), ""):
        _note(link)
    st.query_params["recipe"] = link


def packed(recipe: Recipe) -> str:
    """A recipe, short enough for an address.

    >>> unpacked(packed(Recipe(epochs=7)))["epochs"]
    7
    """
    return packed_fields(to_fields(recipe))


def packed_fields(fields: Mapping[str, Any]) -> str:
    """The fields of a recipe, be they right or wrong, short enough for an address."""
    text = json.dumps(fields, separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def unpacked(link: str) -> Mapping[str, Any]:
    """The fields in an address.

    Raises:
        RecipeError: A part of the address is missing, or somebody changed it.
    """
    try:
        raw = base64.urlsafe_b64decode(link + "=" * (-len(link) % 4))
        fields = json.loads(zlib.decompressobj().decompress(raw, _LONGEST))
    except (ValueError, zlib.error):
        fields = None
    if not isinstance(fields, dict):
        rule = "is not whole: copy the link again, or go on with the default recipe"
        raise RecipeError([Problem("recipe", "", rule)], where="the page's address")
    return fields
