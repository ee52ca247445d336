"""The data sets side by side, as cards: what each is, and whether it is here."""

from __future__ import annotations

import streamlit as st

from tlcore.data.cards import DatasetCard, card_of, describe
from tlcore.data.layout import domains_of
from tlcore.hub.things import Thing, named, of_data
from tlcore.ui.data.choice import change, choose
from tlcore.ui.data.looking import Seen
from tlcore.ui.draft import draft
from tlcore.ui.shared.getting import show_getting
from tlcore.ui.words import literal, short

_LABELS = {"fine": "100 fine classes", "coarse": "20 coarse classes"}
_GROUPS_NAMED = 6
_GROUPS = {
    "": "nothing: each picture stands for itself",
    "prefix": "the same file name up to its last number",
    "subfolder": "the same folder inside the class folder",
}


def show_cards(chosen: str) -> DatasetCard:
    """Offer all data sets; give the card of the one that is chosen."""
    cards = {card.name: card for card in describe()}
    with st.grid(5, min_column_width=160, border=True, key="data cards") as grid:
        for card in cards.values():
            with grid.cell():
                _show_card(card, is_chosen=card.name == chosen)
    return cards.get(chosen) or card_of(draft().data)


def _show_card(card: DatasetCard, *, is_chosen: bool) -> None:
    here = ":green-badge[here]" if card.here else ":orange-badge[not here]"
    st.markdown(f"**{card.title}** {here}")
    st.caption(f"{card.pictures} · {card.size}  \nClasses: {card.classes}")
    st.space("stretch")
    st.button(
        "Chosen" if is_chosen else "Choose",
        key=f"choose {card.name}",
        help=f"{card.title}. Source: {card.source}. Licence: {card.licence}.",
        type="primary" if is_chosen else "secondary",
        icon=":material/check:" if is_chosen else None,
        on_click=choose,
        args=(card.name,),
        width="stretch",
    )


def tell_of(card: DatasetCard) -> None:
    """Where the data come from and who may use them; what to do where they are missing."""
    st.caption(f"{card.title}. Source: {card.source}. Licence: {card.licence}.")
    if card.here:
        return
    st.warning(f"**{card.title} is not on this machine**, so no run could learn from it.")
    if thing := _thing_of(card):
        show_getting(thing, place="on Data")
    st.markdown(literal(card.remedy))
    st.markdown(
        "Nothing is fetched by itself. Until it is here, the drawn shapes and the digits work on "
        "every machine."
    )


def _thing_of(card: DatasetCard) -> Thing | None:
    """What the hub has of it."""
    if card.name in ("cifar10", "cifar100"):
        return named(card.name)
    return of_data(draft().data)


def ask_further(card: DatasetCard) -> None:
    """What has to be known of this data set alone."""
    data = draft().data
    if card.name == "cifar100":
        labels = st.segmented_control(
            "Labels", list(_LABELS), default=data.labels, required=True, key="labels of CIFAR",
            format_func=_LABELS.__getitem__,
        )  # fmt: skip
        change(labels=labels)
    if card.name == "folder" and data.name == "folder":
        together = st.selectbox(
            "What keeps pictures together on one side of the split", list(_GROUPS),
            list(_GROUPS).index(data.group_by), format_func=_GROUPS.__getitem__, key="group by",
            help="Pictures of one person or one scene on both sides would make the test too easy.",
        )  # fmt: skip
        change(group_by=together)


def offer_groups(seen: Seen) -> None:
    """Where the folders inside the class folders look like groups: say so, and offer to keep each
    on one side of the split."""
    data, survey = draft().data, seen.survey
    if data.name != "folder" or data.group_by:
        return
    side = survey.side("train")
    names = [survey.classes[label] for label in side.labels]
    found = domains_of(side.pool.ids[side.rows].tolist(), names)
    if found is None:
        return
    groups = sorted(set(filter(None, found)))
    shown = ", ".join(literal(short(name, 30)) for name in groups[:_GROUPS_NAMED])
    more = f" and {len(groups) - _GROUPS_NAMED} more" if len(groups) > _GROUPS_NAMED else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"Inside your class folders lie **{len(groups)} groups**: {shown}{more}. The page Bias "
            "& ethics shows how each fares. Kept together, the test tells how the network does "
            "with a group that it has never seen.",
            icon=":material/folder_open:",
        )
        st.button("Keep each group together", key="keep groups together", on_click=_together)


def _together() -> None:
    st.session_state["group by"] = "subfolder"
    change(group_by="subfolder")
