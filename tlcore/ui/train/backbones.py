"""Which backbone: cards to choose from, what is here first, and where its weights are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import streamlit as st

from tlcore import catalog
from tlcore.catalog import CARDS, Backbone
from tlcore.runs.owners import is_public
from tlcore.ui.frontend import widget
from tlcore.ui.train.controls import show_field, show_problems
from tlcore.ui.train.facts import known_counts
from tlcore.ui.train.form import Form
from tlcore.ui.train.typed import form as current_form
from tlcore.ui.train.weights import Whereabouts, whereabouts
from tlcore.ui.words import amount, literal

KEY = "backbones"
MORE = ("model.backbone", "model.weights", "input.size", "model.drop_path")
"""Fields of the dialog, whose problems are told beside its button, too."""

_OPEN = "backbones are open"

_cards = widget("train/cards")


def show_backbone(form: Form) -> None:
    """The chosen backbone, as a button that opens all of them."""
    title, about = summary(form)
    st.button(
        f"Backbone: {title}",
        key="backbone",
        icon=":material/hub:",
        width="stretch",
        on_click=_open,
        help="Choose another backbone, other weights, or another size of pictures.",
    )
    st.caption(about)
    show_problems(form.problems_at(*MORE))
    if st.session_state.get(_OPEN):
        _choose_in_dialog(form)


def _open() -> None:
    st.session_state[_OPEN] = True


def _close() -> None:
    st.session_state[_OPEN] = False


@st.dialog("Backbone", width="large", on_dismiss=_close)
def _choose_in_dialog(form: Form) -> None:
    data = card_data(form.recipe.input.size, str(form.value("model.backbone")))
    if _cards(data=data, key=KEY, on_chosen_change=_choose).chosen:
        _close()
        st.rerun()
    _show_more(form)
    if st.button("Done", type="primary", key="backbone done"):
        _close()
        st.rerun()


def summary(form: Form) -> tuple[str, str]:
    """The chosen backbone's name, and the rest in a line."""
    name, size = str(form.value("model.backbone")), form.recipe.input.size
    card = catalog.lookup(name)
    if card is None:
        return literal(name) or "None", "not in the catalogue"
    found = whereabouts(card, str(form.value("model.weights")), name=name)
    return card.title, f"{facts(card, size)} · {literal(found.short)}"


def facts(card: Backbone, size: int) -> str:
    """Its size, and what a picture costs.

    >>> facts(catalog.CARDS[0], 32)
    '722 k parameters · 45.1 M multiply-adds at 32 px'
    """
    cost = amount(card.multiply_adds(size))
    return f"{amount(card.parameters)} parameters · {cost} multiply-adds at {size} px"


def card_data(size: int, chosen: str) -> dict[str, Any]:
    """All cards for the script, in groups: what can be had at once comes first."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for card, found in _in_order():
        entry = {
            "name": card.name,
            "title": card.title,
            "facts": facts(card, max(size, card.smallest)),
            "where": found.words,
            "licence": card.licence or "no weights, so no licence",
            "known_as": " ".join((card.name, card.family, *card.aliases)),
        }
        groups.setdefault(found.group, []).append(entry)
    of_chosen = catalog.lookup(chosen)
    return {
        "groups": [{"title": title, "cards": cards} for title, cards in groups.items()],
        "chosen": of_chosen.name if of_chosen else "",
    }


def _in_order() -> Iterator[tuple[Backbone, Whereabouts]]:
    found = [(card, whereabouts(card, "pretrained")) for card in CARDS]
    yield from sorted(found, key=lambda pair: pair[1].rank)


def _choose() -> None:
    chosen = st.session_state[KEY].chosen
    if card := catalog.lookup(str(chosen)):
        form = current_form()
        known = known_counts(form.recipe.data) is not None  # else gone, or somebody else's
        (form.choose if known else form.change)(choice(form, card))


def choice(form: Form, card: Backbone) -> dict[str, Any]:
    """What choosing a card changes beside the name: what the recipe's rules then ask for."""
    changes: dict[str, Any] = {"model.backbone": card.name}
    weights = form.value("model.weights")
    if card.kind == "scratch":
        changes |= {"model.weights": "none", "schedule": {"preset": "full"}}
    elif weights not in ("pretrained", "none"):  # a file of another network's weights
        changes["model.weights"] = "pretrained"
    before = catalog.lookup(str(form.value("model.backbone")))
    if card.kind != "scratch" and before and before.kind == "scratch":
        changes |= {"model.weights": "pretrained", "schedule": {"preset": "head-only"}}
    return changes


def _show_more(form: Form) -> None:
    """What cards don't say: another network, other weights, another size."""
    labels = ("Or any timm name", "Weights", "Size of pictures, px", "Drop path")
    for column, path, label in zip(st.columns(4), MORE, labels, strict=True):
        with column:
            show_field(form, path, label=label)
    if is_public():
        st.caption("This lab is open to anybody, so it takes only backbones of the catalogue.")
