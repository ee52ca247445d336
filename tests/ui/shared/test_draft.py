"""The draft is what was last put together, however late a browser's address is."""

import pytest
import streamlit

from tlcore.errors import RecipeError
from tlcore.recipe import Recipe
from tlcore.ui.shared.draft import draft, keep_draft, packed, show_in_address


@pytest.fixture
def address(monkeypatch):
    """What the browser says its address is, in a session of its own."""
    query: dict[str, str] = {}
    monkeypatch.setattr(streamlit, "session_state", {})
    monkeypatch.setattr(streamlit, "query_params", query)
    return query


def put_together(recipe):
    keep_draft(recipe)
    show_in_address(recipe)


def test_without_anything_it_is_the_default_recipe(address):
    assert draft() == Recipe()


def test_a_link_is_opened_once_and_then_gone_on_with(address):
    address["recipe"] = packed(Recipe(epochs=7))
    assert draft() == Recipe(epochs=7)
    keep_draft(Recipe(epochs=8))
    assert draft() == Recipe(epochs=8)


def test_an_address_that_lags_behind_takes_nobody_back(address):
    for epochs in (6, 7, 8):
        put_together(Recipe(epochs=epochs))
    for epochs in (6, 7, 8):
        address["recipe"] = packed(Recipe(epochs=epochs))
        assert draft() == Recipe(epochs=8)


def test_a_link_to_what_it_was_earlier_is_opened(address, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("tlcore.ui.shared.draft.time.monotonic", lambda: clock[0])
    put_together(Recipe(epochs=6))
    put_together(Recipe(epochs=7))
    clock[0] = 60.0
    address["recipe"] = packed(Recipe(epochs=6))
    assert draft() == Recipe(epochs=6)


def test_a_link_that_is_not_whole_is_told_once(address):
    address["recipe"] = "eNpN"
    with pytest.raises(RecipeError, match="not whole"):
        draft()
    assert draft() == Recipe()
