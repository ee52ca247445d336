"""What the demo of the first page showed: in numbers, in a sentence, and on pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import streamlit as st

from tlcore.access import Owner
from tlcore.analysis.decision import Decision, decide
from tlcore.analysis.predictions import Predictions
from tlcore.formatting import percent
from tlcore.recipe import presets
from tlcore.runs.results import other_seeds, read_predictions, read_result, read_test
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import count_thumbnails
from tlcore.ui.shared.draft import packed
from tlcore.ui.shared.page import link
from tlcore.ui.shared.pictures_route import picture_address
from tlcore.ui.shared.seeds import offer_seeds
from tlcore.ui.start.task import SYSTEMS, Demo, Figure, show_strip


def show_verdict(store: RunStore, demo: Demo, by: Owner) -> None:
    """What the untouched test set says of both, and whether that could be chance."""
    predictions = {preset: read_predictions(store, demo[preset].id, by=by) for preset in SYSTEMS}
    found = decide(
        *(
            [predictions[preset], *_other_seeds(store, demo[preset].id, by)]
            for preset in ("demo-scratch", "demo-transfer")
        ),
        ways=("scratch", "thawed"),
    )
    st.subheader(_headline(found), anchor=False)
    for column, preset in zip(st.columns(2), SYSTEMS, strict=True):
        seconds = read_result(store, demo[preset].id, by=by)["seconds"]
        accuracy = read_test(store, demo[preset].id, by=by).accuracy
        column.metric(f"Right, {SYSTEMS[preset]}", percent(accuracy.value), border=True)
        column.caption(
            f"95 % interval: {percent(accuracy.low)} to {percent(accuracy.high)} of all such "
            f"pictures, judged by {accuracy.n:,} that it had never seen. Trained and "
            f"tested in {seconds:.0f} s."
        )
    if found is not None:
        st.markdown(in_words(found))
        offer_seeds(
            [store.recipe(demo[preset].id, by=by) for preset in SYSTEMS], key="seeds of demo"
        )
    _show_pictures(store, demo, predictions, by)


def in_words(found: Decision) -> str:
    """The difference as a sentence, and what may be said of it."""
    low, high = sorted((100 * found.gained.low, 100 * found.gained.high))
    points = f"{abs(100 * found.gained.value):.1f} percentage points"
    which = "more" if found.gained.value >= 0 else "less"
    return (
        f"On the same test pictures, transfer is right **{points} {which} often** than "
        f"learning from scratch (95 % interval of the difference: {low:+.1f} to {high:+.1f}). "
        f"{found.verdict}"
    )


def show_next(demo: Demo) -> None:
    """Where to go from here, with these very runs."""
    runs = ",".join(demo[preset].id for preset in SYSTEMS)
    st.markdown("**What next?**")
    with st.container(horizontal=True):
        recipe = packed(presets.find("demo-transfer").recipe)
        link("train", "Change when it thaws", icon=":material/tune:", recipe=recipe)
        transfer = demo["demo-transfer"].id
        link("results", "See its mistakes", icon=":material/fact_check:", run=transfer)
        link("compare", "Compare the two", icon=":material/compare_arrows:", run=runs)
        link("runs", "Both on the page Runs", icon=":material/list:", run=transfer)


def _headline(found: Decision | None) -> str:
    """Of one run each it says no more than who won this time."""
    if found is None:
        return "Both are trained"
    if not found.winner:
        return "No clear winner"
    who = "Transfer" if found.winner > 0 else "From scratch"
    return f"{who} wins" if found.of_recipes else f"{who} wins this time"


def _other_seeds(store: RunStore, run: str, by: Owner) -> list[Predictions]:
    found = other_seeds(store, run, by=by)
    return [read_predictions(store, seed, by=by) for seed in found]


def _show_pictures(
    store: RunStore, demo: Demo, predictions: dict[str, Predictions], by: Owner
) -> None:
    """One test picture of each class, and what each of the two calls it."""
    figures = list(_figures(store, demo, predictions, by))
    if figures:
        st.markdown("**The same test pictures, seen by both**")
        st.caption("What it is; what the network by transfer says; what the one from scratch says.")
        show_strip(figures)


def _figures(
    store: RunStore, demo: Demo, predictions: dict[str, Predictions], by: Owner
) -> Iterator[Figure]:
    run = demo["demo-transfer"].id
    kept = store.artifact(run, "pictures", by=by)
    if kept is None:
        return
    transfer, scratch = (predictions[preset] for preset in SYSTEMS)
    rows = {str(name): row for row, name in enumerate(scratch.ids)}
    for label, truth in enumerate(transfer.classes):
        row = int(np.argmax(transfer.labels == label))
        if row < count_thumbnails(kept) and str(transfer.ids[row]) in rows:
            other = rows[str(transfer.ids[row])]
            called = transfer.predicted[row], scratch.predicted[other]
            lines = tuple(
                f"{'✓' if each == label else '✗'} {transfer.classes[each]}" for each in called
            )
            yield Figure(picture_address(run, kept, row), f"a drawn {truth}", (truth, *lines))
