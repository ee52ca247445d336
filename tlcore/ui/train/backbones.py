"""Which backbone: cards to choose from, what is here first, and where its weights are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from tlcore import catalog, paths
from tlcore.access import is_public
from tlcore.catalog import CARDS, Backbone
from tlcore.catalog.weight_files import named
from tlcore.formatting import amount, literal
from tlcore.ui.shared.frontend import widget
from tlcore.ui.train.controls import show_field, show_problems
from tlcore.ui.train.cost_panel import known_counts
from tlcore.ui.train.form import Form
from tlcore.ui.train.form import form as current_form

Group = Literal["Here now", "One click away", "Not to be had here"]


@dataclass(frozen=True)
class Whereabouts:
    """Where weights are.

    Attributes:
        group: Among which cards it stands.
        short: In a word or two.
        words: In a sentence.
        can_be_had: Whether a run would find them, as far as anybody knows.
    """

    group: Group
    short: str
    words: str
    can_be_had: bool = True

    @property
    def rank(self) -> int:
        """What is here comes first."""
        return ("Here now", "One click away", "Not to be had here").index(self.group)


def whereabouts(card: Backbone, weights: str, *, name: str = "") -> Whereabouts:
    """Where a run would find what `model.weights` asks for.

    Args:
        card: Of the backbone.
        weights: As the recipe says it.
        name: As the recipe names the backbone, if not by the name of its card.
    """
    if card.kind == "scratch" or weights == "none":
        return Whereabouts("Here now", "from scratch", "Trained from scratch: needs no weights.")
    if weights != "pretrained":
        return _file(named(weights))
    if path := catalog.here(name or card.name):
        return _found(path)
    if card.kind == "own":
        words = f"Not made yet. Make them: python -m tlcore pretrain {card.name}"
        return Whereabouts("Not to be had here", "not made yet", words, False)
    if not card.tag:
        words = f"From {card.source}. Put {card.name}.safetensors into {_place()}."
        return Whereabouts("Not to be had here", "bring a file", words, False)
    return _on_the_hub(card)


def _found(path: Path) -> Whereabouts:
    """Carried, or put into one of the folders for weights, or fetched before."""
    if path.parent == paths.PROJECT / "checkpoints":
        return Whereabouts("Here now", "carried", "Carried: comes with the lab.")
    if path.parent in paths.weight_folders():
        words = f"In this machine's folder of weights: {path.name}"
        return Whereabouts("Here now", "in this machine’s folder", words)
    return Whereabouts("Here now", "fetched before", "Fetched from the hub before, and kept.")


def _file(path: Path) -> Whereabouts:
    if path.is_file():
        return Whereabouts("Here now", "a file of yours", f"A file of yours: {path.name}")
    words = f"There is no file {path}."
    return Whereabouts("Not to be had here", "no such file", words, False)


def _on_the_hub(card: Backbone) -> Whereabouts:
    if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
        words = (
            "On the hub, but this machine is set to stay offline (HF_HUB_OFFLINE). "
            f"Put {card.name}.safetensors into {_place()}."
        )
        return Whereabouts("Not to be had here", "not to be had offline", words, False)
    megabytes = 4 * card.parameters / 1e6
    words = (
        f"On the hub: about {megabytes:,.0f} MB, licence {card.licence or 'unknown'}. Get it by "
        f"the button on Train, or with: python -m tlcore get {card.name}"
    )
    return Whereabouts("One click away", "to be got from the hub", words, False)


def _place() -> str:
    return "the folder weights in the lab's home"


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
