"""Dials of the drawn world, and pictures that follow them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from tlcore.data.drawn.world import class_names, draw
from tlcore.data.pictures import Pictures
from tlcore.recipe import Shapes
from tlcore.ui.data.choice import change, noted
from tlcore.ui.shared.draft import draft
from tlcore.ui.shared.frontend import Tile, show_gallery
from tlcore.ui.shared.small_pictures import address_of

ROWS = 3
_KINDS = {"target": "10 target shapes", "source": "10 source shapes", "all": "all 20"}
_CUES = {"none": "none", "colour": "the object's colour", "background": "the background"}


def turn_dials() -> None:
    """Show the dials beside a preview, and write what they say into the draft."""
    dials, preview = st.columns([2, 4], gap="large")
    with dials:
        shapes = _read_dials(draft().data.shapes)
        change(shapes=shapes.model_dump(exclude_defaults=True))
    with preview:
        show_preview(shapes)


def _read_dials(now: Shapes) -> Shapes:
    """The dials, folded into four groups; the values of those that are folded away count too."""
    fields: dict[str, Any] = {}
    for title, read in _GROUPS.items():
        with st.expander(title, expanded=title == _FIRST):
            fields |= read(now)
    st.button("Reset the dials", on_click=_reset, icon=":material/restart_alt:")
    return Shapes(**fields)


def _read_amounts(now: Shapes) -> dict[str, Any]:
    left, right = st.columns(2)
    return {
        "classes": left.selectbox(
            "Shapes", list(_KINDS), list(_KINDS).index(now.classes),
            format_func=_KINDS.__getitem__, key="dial classes",
        ),
        "size": right.select_slider(
            "Size in pixels", sorted({16, 24, 32, 48, 64, 96, 128, 224, now.size}), now.size,
            key="dial size",
        ),
        "per_class": left.number_input(
            "Training pictures a class", 2, 20_000, now.per_class, step=50, key="dial per_class"
        ),
        "test_per_class": right.number_input(
            "Test pictures a class", 2, 20_000, now.test_per_class, step=50,
            key="dial test_per_class",
        ),
    }  # fmt: skip


def _read_looks(now: Shapes) -> dict[str, Any]:
    left, right = st.columns(2)
    return {
        "colour_shift": left.slider(
            "Colour shift", 0.0, 1.0, now.colour_shift, 0.05, key="dial colour_shift",
            help="How far colours are moved from those of the world a backbone learned from.",
        ),
        "noise": right.slider("Noise", 0.0, 1.0, now.noise, 0.05, key="dial noise"),
        "blur": left.slider("Blur", 0.0, 1.0, now.blur, 0.05, key="dial blur"),
        "world": right.number_input(
            "World", 0, None, now.world, key="dial world",
            help="Another number draws other pictures by the same rules.",
        ),
        "outline": left.toggle("Outlines only", now.outline, key="dial outline"),
    }  # fmt: skip


def _read_cue(now: Shapes) -> dict[str, Any]:
    cue = st.segmented_control(
        "What goes with the class, though it is not the shape", list(_CUES), default=now.cue,
        format_func=_CUES.__getitem__, key="dial cue", required=True,
    )  # fmt: skip
    share = st.slider(
        "In this share of the training pictures", 0.0, 1.0, now.cue_share, 0.01,
        key="dial cue_share", format="percent", disabled=cue == "none",
    )  # fmt: skip
    tested = st.toggle(
        "Test pictures carry it too", now.test_cue_share is not None, disabled=cue == "none",
        key="dial tested", help="Otherwise it says nothing in the test: any shape in any colour.",
    )  # fmt: skip
    test_share = st.slider(
        "In this share of the test pictures", 0.0, 1.0, now.test_cue_share or 0.0, 0.01,
        key="dial test_cue_share", format="percent", disabled=cue == "none" or not tested,
    )  # fmt: skip
    return {"cue": cue, "cue_share": share, "test_cue_share": test_share if tested else None}


def _read_faults(now: Shapes) -> dict[str, Any]:
    left, right = st.columns(2)
    return {
        "imbalance": left.number_input(
            "Imbalance", 1.0, 1000.0, now.imbalance, key="dial imbalance",
            help="Pictures of the commonest class for each one of the rarest.",
        ),
        "label_noise": right.slider(
            "Wrong labels", 0.0, 0.9, now.label_noise, 0.05, key="dial label_noise",
            format="percent", help="Of the training pictures.",
        ),
        "near_duplicates": left.slider(
            "Leaks", 0.0, 1.0, now.near_duplicates, 0.05, key="dial near_duplicates",
            format="percent", help="Test pictures that nearly copy a training picture.",
        ),
    }  # fmt: skip


_FIRST = "Look"
_GROUPS: dict[str, Callable[[Shapes], dict[str, Any]]] = {
    _FIRST: _read_looks,
    "A spurious cue": _read_cue,
    "Amounts": _read_amounts,
    "Faults": _read_faults,
}


@noted
def _reset() -> None:
    for key in [key for key in st.session_state if str(key).startswith("dial ")]:
        del st.session_state[key]
    change(shapes={})


def show_preview(shapes: Shapes) -> None:
    """A few training pictures of each class; with a cue, the same ones with another's cue."""
    few = preview_of(shapes)
    names = class_names(shapes)
    st.markdown("**Live preview:** training pictures as these dials draw them")
    show_gallery(tiles_of(draw(few, "train"), names), key="preview", side=54)
    if shapes.cue == "none":
        return
    other = st.selectbox("The same pictures, but with the cue of", names, key="other cue")
    st.caption(
        "Counterfactual twins: nothing is changed but the cue. Who goes by the shape says the same "
        "of both; the cue lab on the page Bias & ethics measures it."
    )
    twins = draw(few.model_copy(update={"per_class": 2}), "train", cue=other)
    show_gallery(tiles_of(twins, names), key="twins", side=54)


def preview_of(shapes: Shapes) -> Shapes:
    """A world of a few pictures a class: they are the first ones of the whole.

    >>> preview_of(Shapes(imbalance=9.0, near_duplicates=0.5)) == Shapes(per_class=3)
    True
    """
    few = {"per_class": ROWS, "test_per_class": 100, "imbalance": 1.0, "near_duplicates": 0.0}
    return shapes.model_copy(update=few)


def tiles_of(pictures: Pictures, names: tuple[str, ...]) -> list[Tile]:
    """Each with its label, and with what else is known of it."""
    return [
        Tile(address_of(pixels), caption_of(pictures, row, names), alt=f"drawn {names[label]}")
        for row, (pixels, label) in enumerate(
            zip(pictures.pixels, pictures.labels.tolist(), strict=True)
        )
    ]


def caption_of(pictures: Pictures, row: int, names: tuple[str, ...]) -> str:
    """The label; the truth where it differs; and the class whose cue is carried."""
    label = names[pictures.labels[row]]
    truth = pictures.groups.get("true_label")
    cue = pictures.groups.get("cue_value")
    lines = [label]
    if truth is not None and truth[row] != label:
        lines.append(f"truly {truth[row]}")
    if cue is not None and cue[row] != label:
        lines.append(f"cue: {cue[row]}")
    return "\n".join(lines)
