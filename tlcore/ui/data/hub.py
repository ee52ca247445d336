"""Data sets of the hub: those that teach something, and any other by its name."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from tlcore.access import LOCAL
from tlcore.data.sources.curated import CARDS, HubCard, lookup
from tlcore.data.sources.parquet import choices
from tlcore.data.sources.repository import Found, find
from tlcore.formatting import literal
from tlcore.hub import downloads
from tlcore.hub.fetch import Offer, ask
from tlcore.hub.things import Thing, licence_in_words, named, of_card
from tlcore.ui.data.choice import change, noted
from tlcore.ui.shared.draft import draft
from tlcore.ui.shared.getting import show_getting
from tlcore.ui.shared.page import told
from tlcore.ui.shared.session import me

_OFFER = "what the hub offers"
_ELSEWHERE = ("cifar10", "cifar100")  # which have cards of their own above
_DECLARED = "as the data set says"


def offer_hub() -> None:
    """More data sets than the lab carries, folded away until somebody looks for them."""
    chosen = draft().data.name == "hub"
    with st.expander("More from the hub", icon=":material/cloud_download:", expanded=chosen):
        st.caption(
            "Open data sets of the Hugging Face hub. Each is fetched once, for everybody here, and "
            "then works offline."
        )
        with st.grid(4, min_column_width=200, border=True, key="hub cards") as grid:
            for card in CARDS:
                if card.name not in _ELSEWHERE:
                    with grid.cell():
                        _show_card(card)
        if me() == LOCAL:
            _ask_for_another()


def _show_card(card: HubCard) -> None:
    found = find(card.repo, card.revision, card.config)
    here = ":green-badge[here]" if found else ":orange-badge[not here]"
    st.markdown(f"**{card.title}** {here}")
    st.caption(f"{card.pictures} · {card.classes} classes · {card.size}  \n{card.good_for}")
    st.caption(f"Licence: {card.licence}. Source: {card.source}.")
    st.space("stretch")
    if found:
        _offer_choice(found, card.label)
    else:
        show_getting(of_card(card), place="card")


def _offer_choice(found: Found, label: str = "") -> None:
    data = draft().data
    chosen = (data.repo, data.revision) == (found.repo, found.revision)
    st.button(
        "Chosen" if chosen else "Choose",
        key=f"choose {found.repo} {found.revision} {found.config}",
        type="primary" if chosen else "secondary",
        icon=":material/check:" if chosen else None,
        on_click=noted(_choose), args=(found, label),
        width="stretch",
    )  # fmt: skip


def _choose(found: Found, label: str) -> None:
    """Have the draft learn from it, at the commit that is here."""
    config = "" if found.config == "default" else found.config
    change(name="hub", repo=found.repo, revision=found.revision, config=config, label=label)


def _ask_for_another() -> None:
    """Any data set of pictures: what it would take is asked before it is got."""
    with st.form("another data set", border=False):
        left, right = st.columns([4, 1], vertical_alignment="bottom")
        name = left.text_input(
            "Any other data set of pictures", key="another data set's name",
            placeholder="owner/name, as its page on the hub says",
        )  # fmt: skip
        asked = right.form_submit_button("Look it up", width="stretch")
    if asked and name.strip():
        st.session_state.pop(_OFFER, None)
        with told(), st.spinner("Asking the hub …"):
            st.session_state[_OFFER] = ask(_set_named(name.strip()))
    offer: Offer | None = st.session_state.get(_OFFER)
    for thing in _others(offer):
        _show_another(thing)


def _set_named(name: str) -> Thing:
    """Whatever is typed means a data set here, never weights."""
    thing = named(name)
    return replace(thing, kind="dataset", repo=name) if thing.kind == "model" else thing


def _others(offer: Offer | None) -> list[Thing]:
    """The one that was just looked up, and those that somebody got before."""
    looked_up = [] if offer is None else [
        replace(offer.thing, megabytes=offer.bytes / 1e6, licence=offer.licence)
    ]  # fmt: skip
    before = [each.thing for each in downloads.every() if each.thing.kind == "dataset"]
    every = [*looked_up, *(thing for thing in before if lookup(thing.repo) is None)]
    return list({thing.repo: thing for thing in reversed(every)}.values())[::-1]


def _show_another(thing: Thing) -> None:
    with st.container(border=True, key=f"another {thing.slug}"):
        st.markdown(f"**{literal(thing.repo)}**")
        found = find(thing.repo, thing.revision, thing.config) or find(thing.repo)
        if found:
            st.caption(f"Licence: {literal(licence_in_words(found.licence))}. Commit "
                       f"{found.revision[:12]}.")  # fmt: skip
            _offer_choice(found)
        else:
            show_getting(thing, place="another")


def ask_columns() -> None:
    """Which column holds the labels, where a data set has several that could."""
    data = draft().data
    found = find(data.repo, data.revision, data.config)
    if found is None:
        return
    with told():
        pictures, labels = choices(found)
        left, right = st.columns(2)
        with left:
            _ask("label", "What the network is to tell apart", labels)
        with right:
            _ask("image", "Which pictures", pictures)


def _ask(field: str, words: str, columns: tuple[str, ...]) -> None:
    if len(columns) < 2:
        return
    given = getattr(draft().data, field)
    options = [_DECLARED, *columns]
    place = options.index(given) if given in options else 0
    picked = st.selectbox(words, options, place, key=f"column {field} of the hub's set")
    change(**{field: "" if picked == _DECLARED else picked})
