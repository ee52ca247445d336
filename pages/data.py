"""Data: What will the network learn from?"""

import streamlit as st

from tlcore.formatting import literal
from tlcore.ui.data.add import show_kept
from tlcore.ui.data.amounts import show_balance, show_sides, split
from tlcore.ui.data.cards import ask_further, offer_groups, show_cards, tell_of
from tlcore.ui.data.choice import raise_trouble, shown
from tlcore.ui.data.closer import look_closer
from tlcore.ui.data.collecting import show_refused
from tlcore.ui.data.hub import ask_columns, offer_hub
from tlcore.ui.data.inspect import look
from tlcore.ui.data.samples import show_samples
from tlcore.ui.data.shapes import turn_dials
from tlcore.ui.data.uploads import manage_uploads
from tlcore.ui.shared.draft import draft, show_in_address
from tlcore.ui.shared.page import link, page_setup, told
from tlcore.ui.train.cost_panel import suited_to


def show_data() -> None:
    """What the draft learns from, from the choice to a closer look."""
    card = show_cards(shown())
    offer_hub()
    with told():
        raise_trouble()
    show_kept()
    show_refused()
    tell_of(card)
    if card.name == "shapes":
        turn_dials()
    if card.name == "folder":
        manage_uploads()
    if card.here and card.name == draft().data.name == "hub":
        ask_columns()
    if card.here and card.name == draft().data.name:
        ask_further(card)
        show_contents()


def show_contents() -> None:
    """The pictures on their sides of the split, and what is noticed about them."""
    st.header("What the network will learn from", anchor=False)
    with told():
        sides = st.container()  # above the dials that decide about it
        split()
        seen = look(draft())
        with sides:
            show_sides(seen)
            offer_groups(seen)
        lead_on(len(seen.survey.side("train")), len(seen.survey.classes))
        left, right = st.columns([2, 3], gap="large")
        with left:
            show_balance(seen)
        with right:
            show_samples(seen)
        look_closer(seen)


def lead_on(pictures: int, classes: int) -> None:
    """Say that the choice counts already, and where to go next."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(
            f"**Ready:** training will use these {pictures:,} pictures of {classes:,} classes."
        )
        if why := suited_to(draft().data).why:
            st.caption(f"Train is set for them: {literal(why)}")
        link("train", "**On to Train**", icon=":material/arrow_forward:")


with page_setup("Data", "What will the network learn from?"):
    show_data()
    show_in_address(draft())
